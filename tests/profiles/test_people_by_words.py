"""People found by words: whichever way they are found, they are whom the rule means, in order and once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intranet.lib import merged
from profiles.finder import find
from profiles.listing import everybody
from profiles.models import Expertise, User
from profiles.words import can_look_up, mentions
from tests import factories

FIRST = ("Ann", "Anna", "Hannah", "Zoë", "ÉLODIE", "ibrahim", "İpek", "Per_cent", "100%", "Back\\slash", "O'Neill")
LAST = ("Hallam", "Marshall", "Weiß", "Ng", "Analyst", "Śmigły-Rydz", "van der Berg", "Policymaker")
TITLES = ("Policy Adviser", "Senior policy analyst", "Chief_Analyst", "C++ developer", "", "Head of Hall %")
PLACES = ("Department for Halls", "Analysis Ltd", "ÖPNV")
ABBREVIATIONS = ("HAL", "an", "")
TOPICS = ("Policy making", "Hallmarks", "Data_bases", "Élan")
PARTS = sorted({text for group in (FIRST, LAST, TITLES, PLACES, TOPICS) for name in group for text in name.split()})


@st.composite
def words(draw: Any) -> str:
    """A part of what somebody may be called, in some case; now and then something else."""
    word = draw(st.sampled_from(PARTS))
    start = draw(st.integers(0, len(word) - 1))
    part = word[start : start + draw(st.integers(1, 8))]
    other = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=4)
    return draw(st.sampled_from([part, part.lower(), part.upper()]) | other)


@pytest.fixture
def reader(alice: User) -> User:
    """Somebody among ninety people, some of whom nobody may see."""
    dice = random.Random(11)
    places = [
        factories.department(name, abbreviation=short) for name, short in zip(PLACES, ("HAL", "an", ""), strict=True)
    ]
    topics = [factories.topic(name) for name in TOPICS]
    for number in range(90):
        person = factories.user(
            f"{dice.choice(FIRST)} {dice.choice(LAST)}",
            department=dice.choice(places),
            job_title=dice.choice(TITLES),
            email=f"{number}@example.gov.example",
            is_active=number % 10 != 0,
        )
        for topic in topics:
            if dice.random() < 0.1:
                Expertise.objects.create(user=person, topic=topic)
    return alice


def expected(reader: User, asked: list[str]) -> list[int]:
    fitting = User.objects.visible_to(reader).filter(*map(mentions, asked))
    return list(fitting.order_by("name", "pk").values_list("pk", flat=True))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=st.lists(words(), min_size=1, max_size=3),
    walked=st.sampled_from([0, 3, 30, 80, 200]),
    size=st.integers(1, 40),
)
def test_a_group_holds_whom_all_words_fit(
    reader: User, monkeypatch: pytest.MonkeyPatch, asked: list[str], walked: int, size: int
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(merged, "WALKED", walked)
        fitting = expected(reader, asked)
        # Looked up by the first of the words where an index serves it
        asked.sort(key=lambda word: not can_look_up([word]))
        group = everybody(reader).finding(asked)
        assert [row[0] for row in group.first(size)] == fitting[:size]
        assert [row[0] for row in group.first(size, backward=True)] == fitting[::-1][:size]


@pytest.mark.parametrize("walked", [None, 0, 25, 70])
@pytest.mark.parametrize(
    "text", ["a", "hall", "an hall", "polic%", "analyst van der", "100% hall", "hal", "ann policy ng"]
)
def test_its_pages_lead_there_and_back(
    reader: User, walking: Callable[[int], None], walked: int | None, text: str
) -> None:
    if walked is not None:
        walking(walked)
    found, page = [], find(reader, text=text)
    found += [person.pk for person in page]
    while page.next_cursor:
        page = find(reader, text=text, cursor=page.next_cursor)
        found += [person.pk for person in page]
    assert found == expected(reader, text.split())
    back = [person.pk for person in page]
    while page.previous_cursor:
        page = find(reader, text=text, cursor=page.previous_cursor)
        back = [person.pk for person in page] + back
    assert back == found


def test_who_may_see_nobody_finds_nobody(reader: User, bob: User) -> None:
    assert find(bob, text="hall").items
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert not find(bob, text="hall").items
