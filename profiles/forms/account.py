"""The forms of sign-in, sign-up and passwords: django-allauth's, in our words."""

from __future__ import annotations

from typing import Any, NamedTuple

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from django import forms
from django.http import HttpRequest

from profiles.actions import account
from profiles.models import MailDomain, User

HINT_FOR_NEW = (
    "At least 10 characters. Not your name, a department’s name or the name of this service. "
    "Three random words work well."
)


class Words(NamedTuple):
    label: str
    required: str
    hint: str = ""


EMAIL = Words("E-mail address", "Enter your e-mail address")
NEW_PASSWORD = Words("New password", "Enter a new password", HINT_FOR_NEW)


class _OurWords:
    """Labels, hints and errors in our words; a new password is typed once, since it can be shown."""

    words: dict[str, Words] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields: dict[str, forms.Field]
        self.fields.pop("password2", None)
        for name, words in self.words.items():
            field = self.fields[name]
            field.label, field.help_text = words.label, words.hint
            field.error_messages["required"] = words.required
            field.error_messages["invalid"] = "Enter an e-mail address like name@department.gov.uk"
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_OurWords, allauth_forms.LoginForm):
    words = {"login": EMAIL, "password": Words("Password", "Enter your password")}


class SignUpForm(_OurWords, allauth_forms.SignupForm):
    """A new account, for an address at a mail domain that a department owns."""

    name = forms.CharField(
        label="Your name",
        max_length=120,
        help_text="As colleagues know you. Everybody who uses the service will see it.",
        error_messages={"required": "Enter your name"},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email", "password1"]
    account_already_exists: bool
    unconfirmed: User | None
    words = {
        "email": EMAIL._replace(hint="Your work address. We send a link to it."),
        "password1": Words("Password", "Choose a password", HINT_FOR_NEW),
    }

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if account.department_for(email):
            return email
        domain = email.rpartition("@")[2]
        if MailDomain.objects.filter(domain=domain).exists():
            raise forms.ValidationError(
                f"The department that used {domain} has closed, so nobody can sign up with it. Use the address "
                "of the department that you work for now, or ask its administrator to add you."
            )
        raise forms.ValidationError(
            f"Nobody can sign up with {domain}: it is not the mail domain of a department here. Use your work "
            "address. If this is it, ask your department’s administrator to have its domain added."
        )

    def validate_unique_email(self, value: str) -> str:
        """Note whether the address has an account; one that was never confirmed may be signed up again."""
        email: str = super().validate_unique_email(value)
        known = User.objects.filter(email=email).first()
        self.unconfirmed = known if known and account.awaits_confirmation(known) else None
        self.account_already_exists = self.account_already_exists and self.unconfirmed is None
        return email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        password = cleaned.get("password1")
        if password and "password1" not in self.errors:
            # allauth has checked it against the address alone
            person = User(email=cleaned.get("email") or "", name=cleaned.get("name") or "")
            try:
                get_adapter().clean_password(password, user=person)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned

    def save(self, request: HttpRequest) -> User:
        """The new account; or the one never confirmed, with what was typed now."""
        if self.unconfirmed:
            user: User = get_adapter().save_user(request, self.unconfirmed, self)
        else:
            user = super().save(request)
        return user


class ReauthenticateForm(_OurWords, allauth_forms.ReauthenticateForm):
    words = {"password": Words("Password", "Enter your password")}


class ChangePasswordForm(_OurWords, allauth_forms.ChangePasswordForm):
    words = {
        "oldpassword": Words("Current password", "Enter your current password"),
        "password1": NEW_PASSWORD,
    }


class SetPasswordForm(_OurWords, allauth_forms.SetPasswordForm):
    words = {"password1": NEW_PASSWORD}


class ResetPasswordForm(_OurWords, allauth_forms.ResetPasswordForm):
    words = {"email": EMAIL}


class NewPasswordForm(_OurWords, allauth_forms.ResetPasswordKeyForm):
    words = {"password1": NEW_PASSWORD}
