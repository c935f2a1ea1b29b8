"""How django-allauth works here: who gets in, what confirming an address does, which mails are sent."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.stagekit import clear_login
from allauth.account.utils import user_pk_to_url_str
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from profiles import emails
from profiles.actions import account
from profiles.models import MailDomain, User

logger = logging.getLogger(__name__)

# What a session keeps of a sign-up whose address is not confirmed: that its password was typed here
TYPED_HERE = "sign_up_password"


class MailNotSent(Exception):
    """The mail server did not take a message that somebody waits for."""


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter with this service's rules."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": (
            "The e-mail address or the password is not right. Check both, or choose a new password."
        ),
        "too_many_login_attempts": (
            "There were too many tries to sign in to this account. Wait 5 minutes, then try again. "
            "If you have forgotten your password, choose a new one."
        ),
        "enter_current_password": "This is not your current password. Check it and type it again.",
        "incorrect_password": "This is not your password. Check it and type it again.",
    }

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """A sign-up: nobody sees it, and it opens nothing, until its address is confirmed."""
        user.name, user.is_active = form.cleaned_data["name"], False
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Whoever opens the link owns the address. A password typed in another browser may be a stranger's."""
        user = email_address.user
        typed_here = constant_time_compare(request.session.pop(TYPED_HERE, ""), user.get_session_auth_hash())
        if not typed_here and not user.is_active:
            # The sign-in that waits in this session was begun with a password that counts no more
            clear_login(request)
        with transaction.atomic():
            confirmed: bool = super().confirm_email(request, email_address)
            if confirmed:
                account.confirm(user=user, keep_password=typed_here)
        return confirmed

    def get_email_verification_redirect_url(self, email_address: Any) -> str:
        """Where to go on once an address is confirmed: to choose a password, where there is none that counts."""
        user = User.objects.get(pk=email_address.user_id)
        if user.is_active and not user.has_usable_password():
            key = default_token_generator.make_token(user)
            return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
        url: str = super().get_email_verification_redirect_url(email_address)
        return url

    def pre_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse | None:
        """Let a sign-up through to the stage that asks for its confirmation; the closed account is told."""
        if account.awaits_confirmation(user):
            request.session[TYPED_HERE] = user.get_session_auth_hash()
            return None
        answer: HttpResponse | None = super().pre_login(request, user, **details)
        return answer

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session, for those whom the backend lets in and nobody else."""
        backend = import_string(settings.AUTHENTICATION_BACKENDS[0])()
        if not backend.user_can_authenticate(user):
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return request.user.get_absolute_url()  # type: ignore[union-attr]

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of the account mails.

        Raises:
            MailNotSent: the mail server did not take it.
        """
        if template_prefix == emails.UNKNOWN_ACCOUNT and not _is_ours(email):
            # Nobody may use the service to write to strangers
            return
        try:
            emails.send_account_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            raise MailNotSent from error

    def send_notification_mail(self, template_prefix: str, *args: Any, **kwargs: Any) -> None:
        """Tell somebody that their password changed; it has changed whether or not the mail can be sent."""
        try:
            super().send_notification_mail(template_prefix, *args, **kwargs)
        except MailNotSent:
            logger.warning("%s was not sent", template_prefix)


def _is_ours(email: str) -> bool:
    return MailDomain.objects.filter(domain=email.rpartition("@")[2].lower()).exists()
