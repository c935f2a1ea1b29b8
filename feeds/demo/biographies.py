"""Writes what the demonstration's people say about themselves: job titles, expertise, biographies."""

import random
from collections.abc import Sequence
from typing import Any

from feeds.demo.catalogue import read_yaml

GRADES = ("AA", "AO", "EO", "HEO", "SEO", "G7", "G6", "SCS1", "SCS2")  # lowest first


class Deck:
    """Hands out every line before any comes a second time, so that neighbours rarely say the same thing."""

    def __init__(self, rng: random.Random, lines: Sequence[str]) -> None:
        self._rng, self._lines = rng, list(lines)
        self._left: list[str] = []

    def draw(self, title: str = "") -> str:
        """The next line that suits this job title: `[Developer] I …` is for titles with that word in them."""
        for turn in (self._left, self._rng.sample(self._lines, len(self._lines))):
            self._left = turn
            for line in reversed(turn):
                tag, _, text = line[1:].partition("] ") if line.startswith("[") else ("", "", line)
                if tag in title:
                    turn.remove(line)
                    return text
        raise LookupError(f"No line suits {title!r}.")


def in_a_sentence(phrase: str) -> str:
    """A phrase that began a line, as it reads inside one: `People and HR` becomes `people and HR`."""
    proper = phrase.startswith("Welsh") or phrase[:2].isupper()
    return phrase if proper else phrase[0].lower() + phrase[1:]


class Biographer:
    """Draws from biographies.yaml for one person after the other."""

    def __init__(self, rng: random.Random) -> None:
        words = read_yaml("biographies.yaml")
        self._rng = rng
        self._trades: dict[str, dict[str, Any]] = words["professions"]
        self._decks = {name: Deck(rng, words[name]) for name in ("leading", "starting", "past", "personal", "offers")}
        for profession, trade in self._trades.items():
            for part in ("openings", "starting_out", "details", "about"):
                self._decks[f"{profession}/{part}"] = Deck(rng, trade.get(part) or words["starting_out"])

    def lowest_grade(self, profession: str) -> str:
        """The grade at which people of this profession start."""
        return next(grade for grade in GRADES if grade in self._trades[profession]["titles"])

    def title(self, profession: str, grade: str, team: str) -> str:
        """A job title for this profession and grade; a grade without its own uses the one below."""
        titles = self._trades[profession]["titles"]
        known = [step for step in GRADES[: GRADES.index(grade) + 1] if step in titles]
        return str(self._rng.choice(titles[known[-1]])).format(team=team)

    def expertise(self, profession: str) -> tuple[str, ...]:
        """Two to five topics, the profession's own first."""
        pool: list[str] = self._trades[profession]["expertise"]
        first = self._rng.choice(pool[:3])
        others = [topic for topic in pool if topic != first]
        return (first, *self._rng.sample(others, self._rng.choice((1, 2, 2, 3, 4))))

    def about(self, profession: str, team: str) -> str:
        """What to contact this person about, in a line."""
        lines = dict.fromkeys(self._decks[f"{profession}/about"].draw() for _ in range(self._rng.choice((1, 2, 2))))
        first, *others = lines
        return "; ".join([first, *map(in_a_sentence, others)]).format(team=team)

    def biography(
        self,
        *,
        profession: str,
        title: str,
        grade: str,
        is_lead: bool,
        team: str,
        place: str,
        expertise: Sequence[str],
    ) -> str:
        """Two to five sentences of Markdown, in one paragraph or two."""
        draw = {name: deck.draw for name, deck in self._decks.items()}
        chance = self._rng.random
        senior, junior = grade in GRADES[-3:], grade in GRADES[:3]
        if senior or (is_lead and chance() < 0.6):
            work = [draw["leading"]()]
        else:
            work = [draw[f"{profession}/{'starting_out' if junior else 'openings'}"](title)]
        if chance() < 0.45 and not senior and (not junior or "starting_out" in self._trades[profession]):
            work.append(draw[f"{profession}/details"]())
        life = []
        if junior and chance() < 0.35:
            life.append(draw["starting"]())
        elif chance() < 0.6:
            life.append(draw["past"]())
        if chance() < 0.55 or not life:
            life.append(draw["personal"]())
        if chance() < 0.25:
            life.append(draw["offers"]())
        parted = len(work) + len(life) > 2 and chance() < 0.6
        text = " ".join(work) + ("\n\n" if parted else " ") + " ".join(life)
        return text.format(team=team, place=place, topic=f"**{in_a_sentence(expertise[0])}**")
