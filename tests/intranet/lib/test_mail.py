"""Mail: plain text that reads as text, HTML where there is some, and no way to smuggle in a header."""

import smtplib

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail.backends.locmem import EmailBackend
from django.template import TemplateDoesNotExist

from intranet.lib.mail import send

TEMPLATES = {
    "emails/plain.txt": "Dear {{ name }},\n\nwelcome.\n\n",
    "emails/both.txt": "Dear {{ name }}",
    "emails/both.html": "<p>Dear {{ name }}</p>",
    "emails/broken.txt": "Dear {{ name }}",
    "emails/broken.html": "{% include 'emails/absent.html' %}",
}


class DownBackend(EmailBackend):
    def send_messages(self, messages):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")


@pytest.fixture(autouse=True)
def _templates(settings):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
        }
    ]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def test_plain_text_has_no_html_in_it():
    send("ann@example.gov.example", "Hello", "plain", {"name": "Ann O'Neill & <team>"})
    [message] = mail.outbox
    assert message.body == "Dear Ann O'Neill & <team>,\n\nwelcome.\n"
    assert message.to == ["ann@example.gov.example"]
    assert not message.alternatives


def test_html_goes_beside_the_text_and_is_escaped():
    send("ann@example.gov.example", "Hello", "both", {"name": "<Ann>"})
    [message] = mail.outbox
    assert message.body == "Dear <Ann>\n"
    assert message.alternatives[0][0] == "<p>Dear &lt;Ann&gt;</p>"


def test_a_subject_cannot_begin_another_header():
    send("ann@example.gov.example", "Re: lunch\r\nBcc: everyone@example.org\n\n", "plain", {"name": "Ann"})
    message = mail.outbox[0].message()
    assert message["Subject"] == "Re: lunch Bcc: everyone@example.org"
    assert "Bcc" not in message


@pytest.mark.parametrize("to", ["", "ann", "ann@x.example\nBcc: b@x.example", "a@x.example, b@x.example"])
def test_what_is_no_address_is_refused(to):
    with pytest.raises(ValidationError):
        send(to, "Hello", "plain", {"name": "Ann"})
    assert not mail.outbox


def test_one_click_unsubscribe_is_offered():
    send("ann@example.gov.example", "News", "plain", {"name": "Ann"}, unsubscribe_url="https://x.example/u/1/")
    message = mail.outbox[0].message()
    assert message["List-Unsubscribe"] == "<https://x.example/u/1/>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_fault_is_logged_and_raised_for_the_task_to_try_again(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.DownBackend"
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send("ann@example.gov.example", "Hello", "plain", {"name": "Ann"})
    assert "mail plain was not sent" in caplog.text


def test_a_mistake_inside_a_template_is_not_taken_for_a_missing_one():
    with pytest.raises(TemplateDoesNotExist):
        send("ann@example.gov.example", "Hello", "broken", {"name": "Ann"})
