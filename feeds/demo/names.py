"""Invents names for the demonstration's people, each once, with the pronouns that go with them."""

import random
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from feeds.demo.avatars import LONG_STYLES, SHORT_STYLES

SEPARATORS = re.compile(r"[^a-z0-9]+")
PRONOUNS = {"she": "she/her", "he": "he/him", "they": "they/them"}
STYLES = {"she": LONG_STYLES, "he": SHORT_STYLES, "they": ("pixie", "crop", "curls", "quiff", "bob")}


class Named(NamedTuple):
    """A name, its pronouns, and what narrows the portrait (see avatars.choose_look)."""

    given: str
    family: str
    pronouns: str
    tones: tuple[int, ...]
    styles: tuple[str, ...]

    @property
    def name(self) -> str:
        """Both names, as they are shown."""
        return f"{self.given} {self.family}"

    @property
    def local_part(self) -> str:
        """`Gráinne O'Dowd` becomes `grainne.odowd`: first.last in plain letters, for an e-mail address."""
        return f"{plain(self.given)}.{plain(self.family)}"


def plain(text: str) -> str:
    """Lower-case ASCII letters and digits, with hyphens between the words."""
    lower = text.lower().replace("ł", "l").replace("'", "")
    letters = unicodedata.normalize("NFKD", lower).encode("ascii", "ignore").decode()
    return SEPARATORS.sub("-", letters)


class Names:
    """Draws names that were not drawn before."""

    def __init__(self, rng: random.Random, words: dict[str, Any]) -> None:
        self._rng = rng
        self._groups = words["names"]
        self._weights = [group["weight"] for group in self._groups]
        self._taken = {account["name"] for account in words["accounts"]}
        self._uses: Counter[str] = Counter()

    def _attempt(self) -> tuple[str, str, str, dict[str, Any]]:
        group = self._rng.choices(self._groups, self._weights)[0]
        who = self._rng.choices(("she", "he", "they"), (50, 46, 4))[0]
        # One in eight carries a surname from another part of the world than the given name.
        elsewhere = self._rng.random() < 0.125
        family = self._rng.choices(self._groups, self._weights)[0] if elsewhere else group
        return who, self._rng.choice(group[who]), self._rng.choice(family["surnames"]), group

    def draw(self) -> Named:
        """Draw one; once the lists are worn out a number is added, so that there is always another."""
        for _ in range(200):
            who, given, family, group = self._attempt()
            worn = len(self._taken) // 120
            fresh = self._uses[given] <= worn and self._uses[family] <= worn
            if fresh and given != family and f"{given} {family}" not in self._taken:
                break
        if f"{given} {family}" in self._taken:
            family = f"{family} {len(self._taken)}"
        self._taken.add(f"{given} {family}")
        self._uses.update((given, family))
        return Named(given, family, PRONOUNS[who], tuple(group["tones"]), self._styles(who, group))

    def _styles(self, who: str, group: dict[str, Any]) -> tuple[str, ...]:
        covering = group.get("covered", {}).get(who)
        if covering and self._rng.random() < 0.6:
            return (covering,)
        return self.usual_styles(PRONOUNS[who], group["tones"])

    @staticmethod
    def usual_styles(pronouns: str, tones: Sequence[int]) -> tuple[str, ...]:
        """The hair that goes with these pronouns and complexions."""
        styles = STYLES[pronouns.partition("/")[0]]
        return tuple(style for style in styles if style != "afro" or min(tones) >= 3)
