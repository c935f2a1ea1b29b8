"""The mails about accounts: which template each is made of, and its subject."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings

from intranet.lib import mail


class Mail(NamedTuple):
    subject: str
    template: str


UNKNOWN_ACCOUNT = "account/email/unknown_account"

# By the name that django-allauth gives each
ACCOUNT_MAILS = {
    "account/email/email_confirmation_signup": Mail("Confirm your e-mail address", "account_confirm"),
    "account/email/email_confirmation": Mail("Confirm your e-mail address", "account_confirm"),
    "account/email/account_already_exists": Mail("You already have an account", "account_exists"),
    UNKNOWN_ACCOUNT: Mail("There is no account with this address", "account_unknown"),
    "account/email/password_reset_key": Mail("Choose a new password", "account_new_password"),
    "account/email/password_changed": Mail("Your password was changed", "account_password_changed"),
    "account/email/password_reset": Mail("Your password was changed", "account_password_changed"),
    "account/email/password_set": Mail("Your password was changed", "account_password_changed"),
}


def send_account_mail(name: str, to: str, context: dict[str, Any]) -> None:
    """Send the account mail that django-allauth calls `name`.

    Raises:
        KeyError: no such mail is written here.
        OSError, SMTPException: the mail server did not take it.
    """
    kind = ACCOUNT_MAILS[name]
    mail.send(
        to,
        f"{kind.subject} – {settings.SITE_NAME}",
        kind.template,
        {**context, "site_name": settings.SITE_NAME},
    )
