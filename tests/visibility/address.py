"""What an address is, and which of them the service has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.visibility.cast import EVERYBODY

# Addresses that show nothing anybody wrote, by why
NOT_CONTENT = {
    "account_login": "the sign-in form",
    "account_reauthenticate": "the password form",
    "account_inactive": "a fixed page",
    "account_logout": "the question whether to sign out",
    "account_signup": "the sign-up form",
    "account_email_verification_sent": "a fixed page",
    "account_confirm_email": "confirms one's own address",
    "account_change_password": "the password form",
    "account_set_password": "the password form",
    "account_reset_password": "the password form",
    "account_reset_password_done": "a fixed page",
    "account_reset_password_from_key_done": "a fixed page",
    "account_reset_password_from_key": "the password form",
    "conduct": "the code of conduct",
    "settings": "the reader's own account",
    "accessibility": "the accessibility statement",
    "health_live": "for machines",
    "health_ready": "for machines",
}


@dataclass(frozen=True)
class Address:
    """One address.

    Attributes:
        name: its name in the URL configuration.
        readers: who may know of what it is about; anybody else gets what `absent` answers.
        allowed: who of them may open it (and send it, where `senders` does not say else).
        shows: the words that whoever opens it finds there.
        swap: the words of `url` and `absent` that the answers repeat, where both are answered with a page.
        follows: whether it leads on to another address.
        shown_to: whom it shows these words, where a list is not the same for all its readers.
    """

    name: str
    url: str
    absent: str = ""
    readers: frozenset[str] = EVERYBODY
    allowed: frozenset[str] = EVERYBODY
    methods: tuple[str, ...] = ("GET",)
    data: dict[str, Any] = field(default_factory=dict)
    absent_data: dict[str, Any] | None = None
    senders: frozenset[str] | None = None
    shows: tuple[str, ...] = ()
    swap: tuple[str, str] | None = None
    follows: bool = False
    shown_to: frozenset[str] = EVERYBODY

    def __str__(self) -> str:
        return f"{self.name} {self.url}"

    def sent_by(self) -> frozenset[str]:
        return (self.allowed if self.senders is None else self.senders) & self.readers


READ_ONLY = ("GET",)
WRITE_ONLY = ("POST",)
BOTH = ("GET", "POST")
# A page of each kind of thing, and what only members of a community may send
ONE_OF_EACH = {"article", "post", "comment_item", "topic", "comment_new"}
MODERATORS = frozenset({"moderator", "site_admin"})
CURATORS = frozenset({"council_member", "site_admin"})
MANAGERS = frozenset({"department_admin", "site_admin"})


def url_names() -> Iterator[str]:
    """The name of every address of the service but the admin site's, which are asked for apart."""

    def walk(patterns: Iterable[Any]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if pattern.app_name != "admin":
                    yield from walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern):
                yield pattern.name or f"nameless: {pattern.pattern}"

    return walk(get_resolver().url_patterns)


def about(name: str, args: Iterable[Any], absent: Iterable[Any], **more: Any) -> Address:
    """An address about one thing, beside the same address about nothing."""
    return Address(name, reverse(name, args=list(args)), reverse(name, args=list(absent)), **more)
