"""Persona × audience × every address that is written to: allowed, refused, or not there at all."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.urls import reverse

from feeds.models import Post
from knowledge.models import Article
from profiles.audience import Marking
from tests.visibility.address import Address
from tests.visibility.asking import HTMX, ONCE, Absent, Browser, get, post, told, written
from tests.visibility.cast import ABSENT_ID, AUDIENCES, PEOPLE, SIGNED_OUT, WRITERS, World

BrowserOf = Callable[[str], Browser]


@pytest.mark.parametrize("persona", SIGNED_OUT)
def test_nobody_writes_anything_without_being_let_in(
    persona: str, client_of: BrowserOf, every_address: list[Address]
) -> None:
    client = client_of(persona)
    with written() as tables:
        statuses = {post(client, a.url, a.data).status for a in every_address if "POST" in a.methods}
    assert statuses == {302}
    assert not tables


@pytest.mark.parametrize("persona", PEOPLE)
def test_everybody_writes_where_they_may_and_nowhere_else(
    persona: str, client_of: BrowserOf, every_address: list[Address]
) -> None:
    client = client_of(persona)
    absent = Absent(client)
    sent = [address for address in every_address if "POST" in address.methods]
    problems = [problem for address in sent if (problem := _problem(client, persona, address, absent))]
    assert not problems, told(problems)


def _problem(client: Browser, persona: str, address: Address, absent: Absent) -> str:
    """What is wrong with the answer to a POST."""
    with written() as tables:
        answer = post(client, address.url, address.data)
    said = f"{persona} sends {address}: {answer.status}"
    if persona in address.sent_by():
        # Done, or a form that says what is wrong with it
        return "" if answer.status in (200, 303, 422) else said
    if tables:
        return f"{said}, and writes {sorted(tables)}"
    if persona in address.readers:
        return "" if answer.status == 403 else f"{said}, not 403"
    nothing = absent.post(address.absent, address.absent_data or address.data)
    return "" if answer.is_same(nothing) and answer.status == 404 else f"{said}, unlike what does not exist"


@pytest.mark.parametrize("headers", [None, HTMX], ids=["page", "fragment"])
def test_what_is_only_read_takes_nothing(headers: None, client_of: BrowserOf, every_address: list[Address]) -> None:
    client = client_of("author")
    read = {address.name: address for address in every_address if "POST" not in address.methods and address.methods}
    both = {address.name for address in every_address if "POST" in address.methods}
    with written() as tables:
        wrong = [
            f"{address}: {answer.status}"
            for name, address in read.items()
            if name not in both and (answer := post(client, address.url, {"q": "x"}, headers)).status != 405
        ]
    assert not wrong, told(wrong)
    assert not tables


def test_only_members_of_an_audience_write_to_it(world: World, client_of: BrowserOf) -> None:
    for persona in PEOPLE:
        client = client_of(persona)
        for name in AUDIENCES:
            audience = world.said[name].audience.pk
            allowed = persona in WRITERS[name]
            for url, data in _new(world, persona):
                answer = post(client, url, data | {"audience": audience})
                assert answer.status == (303 if allowed else 422), f"{persona} writes to {name} at {url}"
                if not allowed and name in ("closed", "hidden"):
                    nothing = post(client, url, data | {"audience": ABSENT_ID})
                    assert _plain(answer.body) == _plain(nothing.body), f"{persona} learns of {name} at {url}"


def _new(world: World, persona: str) -> list[tuple[str, dict[str, object]]]:
    person = world.user(persona)
    said = {"body": "Something new", "marking": Marking.OFFICIAL, "idempotency_key": str(uuid4())}
    article = {"title": "Something new", "kind": "guidance", "owner": person.email}
    return [(reverse("post_new"), {"kind": "update", **said}), (reverse("article_new"), {**article, **said})]


def _plain(body: str) -> str:
    """A page without what is new in every form."""
    return ONCE.sub(r"\1", body)


def test_forms_offer_only_audiences_one_may_write_to(world: World, client_of: BrowserOf) -> None:
    for persona in PEOPLE:
        client = client_of(persona)
        for url in (reverse("home"), reverse("post_new"), reverse("article_new")):
            page = get(client, url).body
            offered = {name for name in AUDIENCES if f'<option value="{world.said[name].audience.pk}"' in page}
            assert offered == {name for name in AUDIENCES if persona in WRITERS[name]}, f"{persona} at {url}"


def test_an_address_that_names_an_audience_in_advance_gives_nothing_away(world: World, client_of: BrowserOf) -> None:
    client = client_of("outsider")
    url = f"{reverse('post_new')}?audience="
    hidden = get(client, f"{url}{world.said['hidden'].audience.pk}")
    assert _plain(hidden.body) == _plain(get(client, f"{url}{ABSENT_ID}").body)


def test_an_owner_who_cannot_read_is_refused_without_a_word_about_others(world: World, client_of: BrowserOf) -> None:
    client = client_of("member")
    ((_, _), (url, data)) = _new(world, "member")
    data |= {"audience": world.said["hidden"].audience.pk}
    refused = post(client, url, data | {"owner": world.user("outsider").email})
    assert refused.status == 422
    assert post(client, url, data | {"owner": world.user("owner").email}).status == 303
    assert not world.leaked(refused.text, "member")


def test_typing_another_name_of_a_topic_does_not_tell_what_it_is(world: World, client_of: BrowserOf) -> None:
    client = client_of("outsider")
    ((url, data), _) = _new(world, "outsider")
    data |= {"audience": world.said["everyone"].audience.pk}
    for name in ("hidden", "everyone"):
        said = {**data, "idempotency_key": str(uuid4()), "topics": world.known(f"{name} alias")}
        answer = client.post(url, said)
        page = get(client, answer["Location"])
        assert answer.status_code == 303 and world.known(f"{name} alias") in page.text
        assert world.known(f"{name} topic") not in page.text


def test_a_suspended_person_is_as_unknown_to_forms_as_nobody(world: World, client_of: BrowserOf) -> None:
    suspended, nobody = world.user("suspended").email, "nobody.here@example.gov.example"
    club = reverse("community_members", args=[world.communities["open"].slug])
    profile = reverse("person_edit", args=[world.user("author").pk])
    ((_, _), (article, data)) = _new(world, "author")
    forms = (
        ("owner", club, "email", {}),
        ("author", profile, "manager", {"name": "Persona Author"}),
        ("author", article, "owner", {**data, "audience": world.said["everyone"].audience.pk}),
    )
    for persona, url, field, rest in forms:
        client = client_of(persona)
        unknown = post(client, url, {**rest, field: nobody})
        found = post(client, url, {**rest, field: suspended})
        assert found.status == unknown.status == 422, url
        assert _plain(found.body).replace(suspended, nobody) == _plain(unknown.body), url


def test_a_reply_under_another_thread_is_no_way_in(world: World, client_of: BrowserOf) -> None:
    """A comment of another post named as the parent: as if there were no such comment."""
    client, said = client_of("outsider"), world.said
    url = reverse("comment_new", args=[said["everyone"].post.pk])
    data = {"body": "Me too", "idempotency_key": str(uuid4())}
    with_hidden = post(client, url, data | {"parent": said["hidden"].comment.pk}, HTMX)
    with_nothing = post(client, url, data | {"parent": ABSENT_ID}, HTMX)
    assert with_hidden.status == with_nothing.status
    assert not world.leaked(with_hidden.text, "outsider")


def test_what_is_nowhere_can_not_be_made_by_editing(world: World, client_of: BrowserOf) -> None:
    """An author who is out of the audience changes nothing there, not even what they wrote."""
    client = client_of("former")
    for url in (
        reverse("post_edit", args=[world.former_posts["department"].pk]),
        reverse("article_edit", args=[world.former_article.slug]),
    ):
        assert post(client, url, {"body": "Changed"}).status == 404
    assert not Post.objects.filter(body="Changed").exists()
    assert not Article.objects.filter(body="Changed").exists()
