"""ContextualPasswordValidator: refuses passwords built on words that people here would try first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from profiles.models import Department

GUESSED_FIRST = (
    *("password", "passphrase", "welcome", "letmein", "qwerty"),
    *("civil service", "civil servant", "government", "whitehall", "intranet"),
)
# What stands for a letter in "P4$$w0rd"; "1" and "!" are read both as i and as l
LEET = str.maketrans("034578@$1!", "oeastbasii")
LEET_L = str.maketrans("034578@$1!", "oeastbasll")
# Shorter words are in too many honest passwords to be searched for inside them
SEARCHED_LENGTH = 4
# Letters that must be left once the guessable words are taken out
ENOUGH_LETTERS = 6


class ContextualPasswordValidator:
    """Refuses a password of which little is left once the words of its surroundings are taken out.

    Those are the service's name, the names and abbreviations of departments, the person's own name and
    e-mail address, and the words everybody tries first; digits, punctuation and figures for letters do not
    hide them.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """
        Raises:
            ValidationError: the password is built on one of those words, which the message names.
        """
        words = {_letters(word): word for word in self._words(user)}
        for reading in {_letters(password), _letters(password, LEET), _letters(password, LEET_L)}:
            if word := _built_on(reading, words):
                raise ValidationError(
                    f"This password is easy to guess here: it is built on “{word}”. Choose one without the names "
                    "of people, departments or this service. Three random words work well.",
                    code="password_contextual",
                )

    def get_help_text(self) -> str:
        return "Your password cannot be built on your name, a department’s name or the name of this service."

    def _words(self, user: Any) -> Iterable[str]:
        yield from GUESSED_FIRST
        yield settings.SITE_NAME
        yield from settings.SITE_NAME.split()
        for name, abbreviation in Department.objects.values_list("name", "abbreviation"):
            yield from (name, abbreviation)
        if user is not None:
            yield from re.split(r"[^\w]+", f"{user.email} {user.name}")
            yield user.email.partition("@")[0]


def _letters(text: str, figures: dict[int, int] | None = None) -> str:
    """`text` in plain lower-case letters, with `figures` read as the letters they stand for."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in plain.translate(figures or {}) if char.isalpha())


def _built_on(letters: str, words: dict[str, str]) -> str:
    """The first of `words` (letters: as written) that `letters` is built on, or ""."""
    found = ""
    left = letters
    for word in sorted(words, key=len, reverse=True):
        if len(word) < SEARCHED_LENGTH:
            break
        if word in left:
            left, found = left.replace(word, ""), found or words[word]
    if left in words and left:
        left, found = "", found or words[left]
    return found if len(left) < ENOUGH_LETTERS else ""
