"""Mail from templates: plain text always, HTML beside it where there is a template for it."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template import TemplateDoesNotExist
from django.template.backends.django import Template
from django.template.context import make_context
from django.template.loader import get_template, render_to_string

logger = logging.getLogger(__name__)


def send(to: str, subject: str, template: str, context: Mapping[str, Any], *, unsubscribe_url: str = "") -> None:
    """Send one mail to one address, rendered from `emails/<template>.txt` and, if it exists, `.html`.

    `unsubscribe_url` becomes the button that mail programs show (RFC 8058): it must take a POST without a
    session. Raises ValidationError for what is no address, and whatever the mail server's fault is, after
    logging it, for the task to try again.
    """
    validate_email(to)
    headers = {}
    if unsubscribe_url:
        headers = {"List-Unsubscribe": f"<{unsubscribe_url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    # A subject often quotes what somebody wrote: a line break in it would begin another header.
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()), body=_text(template, context), to=[to], headers=headers
    )
    try:
        message.attach_alternative(render_to_string(f"emails/{template}.html", dict(context)), "text/html")
    except TemplateDoesNotExist as error:
        if error.args[0] != f"emails/{template}.html":
            raise
    try:
        message.send()
    except Exception:
        logger.exception("mail %s was not sent", template)
        raise


def _text(name: str, context: Mapping[str, Any]) -> str:
    """The plain text, in which an apostrophe is an apostrophe: HTML's escapes have no place there."""
    template = get_template(f"emails/{name}.txt")
    if not isinstance(template, Template):
        raise TypeError("Mail templates are Django templates")
    return template.template.render(make_context(dict(context), autoescape=False)).strip() + "\n"
