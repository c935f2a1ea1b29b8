"""Losing a right works at once: the same browser, one moment later, without signing in anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from django.test import override_settings
from django.urls import reverse

from feeds.context_processors import unread_notifications
from feeds.models import Notification
from profiles.actions import communities, memberships, roles
from profiles.models import Community, RoleGrant, User
from tests.visibility.address import Address
from tests.visibility.asking import Absent, Answer, Browser, get, get_all, sends_away, told
from tests.visibility.cast import WORD, World
from tests.visibility.losses import LOSSES, Loss

# Addresses about one thing: once it is lost, there is nothing there
THINGS = {"article", "article_edit", "article_history", "article_revision", "community", "comment_item"}
THINGS |= {"post", "post_item", "topic"}
BrowserOf = Callable[[str], Browser]


def _concerned(every_address: Iterable[Address], lost: set[str]) -> list[Address]:
    """The addresses that showed something lost, and all lists."""
    read = [address for address in every_address if "GET" in address.methods]
    return [address for address in read if lost & set(address.shows) or not address.absent]


def _said(answer: Answer, address: Address) -> set[str]:
    """The words that the answer says of its own accord."""
    asked = {address.swap[0]} if address.swap else set()
    return set(WORD.findall(answer.text.lower())) - asked


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_what_is_lost_is_nowhere_at_once(
    loss: Loss, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    lost = {world.known(label) for label in loss.labels}
    client, asked = client_of(loss.loser), _concerned(every_address, lost)
    showing = [address for address in asked if lost & set(address.shows)]
    before = set().union(*(_said(get_all(client, address.url), address) for address in showing))
    assert lost & before
    loss.act(world)
    absent = Absent(client)
    problems = []
    for address in asked:
        answer = get_all(client, address.url)
        if found := _said(answer, address) & lost:
            problems.append(f"{address} still says {sorted(world.secrets[word].label for word in found)}")
        is_lost = address.name in THINGS and address.shows and set(address.shows) <= lost
        if is_lost and not answer.is_same(absent.get(address.absent)):
            problems.append(f"{address} is unlike what does not exist: {answer.status}")
    assert not problems, told(problems)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.keeper], ids=str)
def test_whoever_keeps_the_right_goes_on_seeing_it(
    loss: Loss, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    client = client_of(loss.keeper)
    lost = {world.known(label) for label in loss.labels}
    asked = [a for a in every_address if "GET" in a.methods and lost & set(a.shows) and a.name in ("article", "post")]
    before = [get(client, address.url).status for address in asked]
    loss.act(world)
    assert [get(client, address.url).status for address in asked] == before


def test_whoever_is_suspended_is_out_at_once(world: World, client_of: BrowserOf, every_address: list[Address]) -> None:
    client = client_of("colleague")
    lists = [address for address in every_address if not address.absent and "GET" in address.methods]
    assert get(client, reverse("home")).status == 200
    memberships.suspend(user=User.objects.get(pk=world.user("colleague").pk), by=None)
    assert all(sends_away(get(client, address.url), address) for address in lists)


@pytest.mark.parametrize(
    ("persona", "name"),
    [("moderator", "post_hide"), ("council_member", "topic_edit"), ("department_admin", "department_people")],
)
def test_whoever_loses_a_role_may_no_more_than_others(
    persona: str, name: str, world: World, client_of: BrowserOf, every_address: list[Address]
) -> None:
    client = client_of(persona)
    mine = [a for a in every_address if a.name == name and persona in a.allowed & a.readers]
    assert {get(client, address.url).status for address in mine} == {200}
    roles.end(grant=RoleGrant.objects.get(user=world.user(persona)), by=None)
    assert {get(client, address.url).status for address in mine} == {403}


def test_a_site_admin_whose_role_ends_finds_no_administration(world: World, client_of: BrowserOf) -> None:
    client = client_of("site_admin")
    User.objects.filter(pk=world.user("site_admin").pk).update(is_superuser=False)
    roles.grant(user=world.user("owner"), role="site-admin", by=None)
    assert get(client, reverse("admin:index")).status == 200
    roles.end(grant=RoleGrant.objects.get(user=world.user("site_admin")), by=None)
    assert get(client, reverse("admin:index")).status == 404


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.loser in ("colleague", "member")], ids=str)
def test_notifications_of_it_are_neither_shown_nor_counted(loss: Loss, world: World, client_of: BrowserOf) -> None:
    client, lost = client_of(loss.loser), {world.known(label) for label in loss.labels}
    loss.act(world)
    page = get_all(client, reverse("notifications"))
    assert not set(WORD.findall(page.text)) & lost
    person = User.objects.get(pk=world.user(loss.loser).pk)
    shown = page.body.count('id="notification-')
    assert shown == Notification.objects.visible_to(person).count()
    unread = Notification.objects.visible_to(person).unread().count()
    assert page.body.count(">New</strong>") == unread
    request = type("Request", (), {"user": person})()
    assert unread_notifications(request)["unread_notifications"]() == unread  # type: ignore[arg-type]


def test_who_asks_to_join_is_told_to_the_owners_of_today(world: World, client_of: BrowserOf) -> None:
    client, asking = client_of("owner"), "Persona Outsider asks to join"
    closed = Community.objects.get(pk=world.communities["closed"].pk)
    owner, member = (User.objects.get(pk=world.user(persona).pk) for persona in ("owner", "member"))
    assert asking in get(client, reverse("notifications")).body
    communities.make_owner(community=closed, user=member, by=owner)
    communities.remove(community=closed, user=owner, by=member)
    assert asking not in get(client, reverse("notifications")).body


def test_a_browser_signed_in_before_debugging_ends_is_signed_out(world: World, client_of: BrowserOf) -> None:
    """An account of the demonstration service is nobody where the service is real."""
    with override_settings(DEBUG=True):
        client = client_of("colleague")
        User.objects.filter(pk=world.user("colleague").pk).update(is_demo=True)
        assert get(client, reverse("home")).status == 200
    assert get(client, reverse("home")).status == 302
