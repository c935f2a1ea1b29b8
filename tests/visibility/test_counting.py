"""Numbers are answers too: results, facets, suggestions and people are counted over what their reader may see."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse

from feeds.audiences import people_in
from feeds.models import Notification
from profiles import indexing
from profiles.actions import memberships
from profiles.models import User
from tests.visibility.asking import Answer, Browser, get, told
from tests.visibility.cast import ABSENT_WORD, AUDIENCES, FULLY, PEOPLE, READERS, World
from tests.visibility.losses import LOSSES, Loss

BrowserOf = Callable[[str], Browser]
TOTAL = re.compile(r'data-total="(\d+)"')
FACET = re.compile(r'<h2 class="ck-facet__title">(\w+)</h2>\s*<ul[^>]*>(.*?)</ul>', re.DOTALL)
COUNT = re.compile(r"<a[^>]*>([^<]*)(?:<span.*?</span>)?</a>\s*<span class=\"ck-count\">(\d+)</span>", re.DOTALL)
EVERYTHING = "zq*"


def search(client: Browser, text: str, **filters: str) -> Answer:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return get(client, f"{reverse('search')}?q={text}&{query}")


def total(answer: Answer) -> int:
    found = TOTAL.search(answer.body)
    return int(found[1]) if found else 0


def facets(answer: Answer) -> dict[str, dict[str, int]]:
    return {
        title: {label.strip(): int(count) for label, count in COUNT.findall(values)}
        for title, values in FACET.findall(answer.body)
    }


def findable(persona: str) -> dict[str, int]:
    """How many things of each kind a persona finds, counted by hand."""
    mine = [name for name in AUDIENCES if persona in READERS[name]]
    by_former = ("department" in mine) + ("hidden" in mine)
    return {
        "Articles": len(mine) + ("department" in mine),
        "Posts": 2 * len(mine) + by_former,
        "Communities": 2 + ("hidden" in mine),
        "Topics": len(mine),
    }


@pytest.fixture(params=["not indexed", "caught up", "rebuilt"])
def then(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], bool]]:
    """What the index does after a change: nothing yet, follow it, or begin anew; answers whether it holds it."""
    shutil.copytree(settings.SEARCH_DIR, tmp_path / "index")
    acts = {"not indexed": lambda: 0, "caught up": indexing.catch_up, "rebuilt": indexing.rebuild}
    with override_settings(SEARCH_DIR=tmp_path / "index"):
        yield lambda: bool(acts[request.param]())


@pytest.mark.parametrize("persona", PEOPLE)
def test_a_search_for_everything_counts_what_its_reader_may_see(
    persona: str, world: World, client_of: BrowserOf
) -> None:
    client, expected = client_of(persona), findable(persona)
    answer = search(client, EVERYTHING)
    assert total(answer) == sum(expected.values())
    assert facets(answer)["Kind"] == {kind: number for kind, number in expected.items() if number}
    pages = [search(client, EVERYTHING, page=str(page)) for page in range(1, 5)]
    assert sum(page.body.count("data-kind=") for page in pages) >= total(answer)
    leaked = [problem for page in pages for problem in world.leaked(page.text, persona, "search")]
    assert not leaked, told(leaked)


def test_facets_count_what_their_filter_would_find(world: World, client_of: BrowserOf) -> None:
    for persona in ("colleague", "member"):
        client = client_of(persona)
        answer = search(client, EVERYTHING)
        kinds = {"Articles": "article", "Posts": "post", "Communities": "community", "Topics": "topic"}
        for label, number in facets(answer)["Kind"].items():
            assert total(search(client, EVERYTHING, kind=kinds[label])) == number
        for name in AUDIENCES:
            topic, mine = world.said[name].topic, persona in READERS[name]
            assert facets(answer)["Topic"].get(topic.name, 0) == (4 if mine else 0)
            if mine and name in FULLY:
                assert total(search(client, EVERYTHING, topic=topic.slug)) == 4


def test_did_you_mean_knows_no_word_of_others(world: World, client_of: BrowserOf) -> None:
    for name in ("department", "hidden", "everyone"):
        word = world.known(f"{name} title")
        mistyped = f"{word[:5]}{'a' if word[5] != 'a' else 'b'}{word[6:]}"
        for persona in ("outsider", "colleague", "member", "site_admin"):
            answer = search(client_of(persona), mistyped)
            may = persona in READERS[name]
            assert (word in answer.text) is may, (persona, name)
            if not may:
                nothing = search(client_of(persona), ABSENT_WORD)
                assert answer.says(nothing, (mistyped, ABSENT_WORD)), (persona, name)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_what_was_lost_is_not_found_counted_or_suggested(
    loss: Loss, world: World, client_of: BrowserOf, then: Callable[[], bool]
) -> None:
    client = client_of(loss.loser)
    before = total(search(client, EVERYTHING))
    loss.act(world)
    fewer = loss.documents if then() else loss.documents + loss.until_indexed
    answer = search(client, EVERYTHING)
    assert total(answer) == before - fewer
    assert sum(facets(answer)["Kind"].values()) == total(answer)
    lost = {world.known(label) for label in loss.labels}
    assert not [world.secrets[word].label for word in lost if word in answer.text]
    text = " ".join(sorted(lost))
    nothing = search(client, " ".join([ABSENT_WORD] * len(lost)))
    found = search(client, text)
    for word in lost:
        found.body = found.body.replace(word, ABSENT_WORD)
    assert (found.status, found.body) == (nothing.status, nothing.body)


def test_a_suspended_person_is_not_found_or_counted(
    world: World, client_of: BrowserOf, then: Callable[[], bool]
) -> None:
    client = client_of("outsider")
    found = f'data-kind="user" data-id="{world.user("colleague").pk}"'
    before = search(client, "persona", kind="user")
    assert found in before.body
    memberships.suspend(user=User.objects.get(pk=world.user("colleague").pk), by=None)
    then()
    after = search(client, "persona", kind="user")
    assert total(after) == total(before) - 1
    assert found not in after.body
    assert "Persona Colleague" not in get(client, reverse("people")).body
    assert "Persona Colleague" not in get(client, reverse("department", args=["treasury"])).body


def test_the_number_of_an_audience_is_that_of_its_readers(world: World) -> None:
    # The newcomer is one of them: they read all of it as soon as they accept the code of conduct
    newcomer = {"everyone": 1, "open": 1, "department": 1}
    numbers = people_in(said.audience.pk for said in world.said.values())
    for name in AUDIENCES:
        assert numbers[world.said[name].audience.pk] == len(READERS[name]) + newcomer.get(name, 0)


@pytest.mark.parametrize("persona", PEOPLE)
def test_the_unread_number_counts_what_the_list_shows(persona: str, world: World, client_of: BrowserOf) -> None:
    page = get(client_of(persona), reverse("notifications"))
    unread = Notification.objects.visible_to(world.user(persona)).unread().count()
    shown = page.body.count(">New</strong>")
    assert shown == min(unread, 20)
    told_once = re.search(r"data-unread-link.*?</a>", page.body, re.DOTALL)
    assert told_once and (str(unread) in told_once[0]) is bool(unread)
