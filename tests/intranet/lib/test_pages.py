"""Kept frames: what a page says is what rendering it says, for each reader and each time."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from django.shortcuts import render
from django.test import Client
from django.utils.safestring import mark_safe

from feeds.models import Notification
from intranet.lib import pages
from profiles.models import User
from tests import factories
from tests.html import said

pytestmark = pytest.mark.django_db
TEMPLATE = "feeds/_panel_test.html"


@pytest.fixture
def template(settings: Any) -> str:
    source = (
        "<h1>{{ title }}</h1>{% if many %}<b>{{ many }}</b>{% endif %}<form>{% csrf_token %}</form>"
        "<ul>{% for item in items %}<li>{{ item.name }}: {{ item.html }}</li>{% endfor %}</ul>"
    )
    loaders = [("django.template.loaders.locmem.Loader", {TEMPLATE: source})]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {"loaders": loaders}}]
    return TEMPLATE


def test_it_says_what_rendering_says(template: str, rf: Any) -> None:
    for title in ("Tax & spend", pages.text("Tax & spend"), "", mark_safe("")):
        for number in (0, 1, 2):
            items = [{"name": f"<{n}>", "html": mark_safe(f"<i>{title}{n}</i>")} for n in range(number)]
            context = {"title": title, "many": number > 1, "items": items}
            rendered = render(rf.get("/"), template, {**context, "csrf_token": "t" * 64}).content.decode()
            assert pages.fragment(template, context, token="t" * 64) == rendered


def test_what_differs_takes_no_frame_of_its_own(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, kept = [], pages.kept
    monkeypatch.setattr(pages, "kept", lambda *asked: kept(*asked[:2], lambda: made.append(1) or asked[2]()))
    for title in ("One", "Two", "\0part0\0 three"):
        assert title in pages.fragment(template, {"title": pages.text(title)}, token="")
    assert len(made) == 1
    for title in ("One", "Two", "One"):
        assert title in pages.fragment(template, {"title": title}, token="")
    assert len(made) == 3


class Named(NamedTuple):
    name: Any
    html: Any = ""


def test_what_is_equal_and_shown_otherwise_has_frames_of_its_own(template: str) -> None:
    for title in (True, 1, "1", 1.0, None, ""):
        assert f"<h1>{title}</h1>" in pages.fragment(template, {"title": title}, token="")
    for name in (mark_safe("<b>"), "<b>", pages.text("<b>")):
        for item in (Named(name), {"name": name, "html": ""}):
            shown = pages.fragment(template, {"title": "Names", "items": (item,)}, token="")
            assert f"<li>{pages.text(name)}: </li>" in shown


def test_a_row_of_the_database_is_no_key(template: str, alice: User) -> None:
    for value in (alice, [alice], (alice,), Named(alice), {"name": alice}, {1, 2}):
        with pytest.raises(TypeError, match="no key"):
            pages.fragment(template, {"title": value}, token="")


def test_a_frame_knows_no_reader(settings: Any) -> None:
    loaders = [("django.template.loaders.locmem.Loader", {"mine.html": "{{ user.name }}"})]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {"loaders": loaders}}]
    with pytest.raises(RuntimeError, match="knows no reader"):
        pages.fragment("mine.html", {}, token="")


def test_no_reader_gets_what_is_anothers(as_: Any, alice: User, bob: User, charlie: User) -> None:
    post = factories.post(author=alice)
    clients = {person: as_(person) for person in (alice, bob, charlie)}
    thread = f"/posts/{post.pk}/"
    for _ in range(3):
        factories.comment(post=post, author=bob)
        # To open the thread is to have read of it
        for address in ("/", "/notifications/", "/knowledge/", "/people/", bob.get_absolute_url(), thread, "/"):
            for person, client in clients.items():
                page = client.get(address)
                waiting = person == alice and Notification.objects.unread().filter(recipient=alice).exists()
                assert said(page, r'ck-account__name">([^<]*)') == [person.name]
                assert said(page, r'(\d+)<span class="govuk-visually-hidden"> unread<') == ["1"] * waiting
                assert len(set(said(page, r'csrfmiddlewaretoken" value="(\w+)'))) < 2


def test_what_was_done_is_said_once(as_: Any, alice: User, bob: User) -> None:
    client: Client = as_(alice)
    for _ in range(2):
        client.post(f"/people/{alice.pk}/confirm/")
        told = [client.get(alice.get_absolute_url()).content.decode().count("ck-notice--success") for _ in range(2)]
        assert told == [1, 0]
    assert "ck-notice--success" not in as_(bob).get(alice.get_absolute_url()).content.decode()
