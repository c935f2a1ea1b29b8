"""Kept fragments: made once for a key, finished for one reader, never somebody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from intranet.lib.kept import KEY_MARK, ROOM, TOKEN_MARK, filled, finished, kept, missing, place_of

TEMPLATE = "feeds/_kept_test.html"


@pytest.fixture
def asked(settings: Any) -> list[str]:
    """The template's makings, as they are asked for."""
    source = {TEMPLATE: "<form>{% csrf_token %}</form><p>{{ word }}</p>"}
    loaders = [("django.template.loaders.locmem.Loader", source)]
    engine = {**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": {"loaders": loaders}}
    settings.TEMPLATES = [engine]
    return []


def making(asked: list[str], word: str) -> Callable[[], dict[str, str]]:
    def make() -> dict[str, str]:
        asked.append(word)
        return {"word": word}

    return make


def test_it_is_made_once_for_each_key(asked: list[str]) -> None:
    assert missing(TEMPLATE, {1: "one", 2: "two"}) == [1, 2]
    for word in ("one", "two", "one", "two"):
        assert f"<p>{word}</p>" in kept(TEMPLATE, word, making(asked, word))
    assert asked == ["one", "two"]
    assert missing(TEMPLATE, {1: "one", 2: "two", 3: "three"}) == [3]


def test_each_reader_gets_their_own_token(asked: list[str]) -> None:
    html = kept(TEMPLATE, "form", making(asked, "word"))
    assert TOKEN_MARK in html
    for token in ("a" * 64, "b" * 64):
        ready = finished(html, token)
        assert f'value="{token}"' in ready and "\0" not in ready


def test_each_form_gets_a_key_of_its_own() -> None:
    keys = {re.sub(r"\D*", "", finished(f"<i>{KEY_MARK}</i>", "t"))[:36] for _ in range(5)}
    assert len(keys) == 5 and KEY_MARK not in keys


def test_one_too_large_to_keep_is_made_each_time(asked: list[str]) -> None:
    large = "x" * (ROOM // 100)
    for _ in range(2):
        assert large in kept(TEMPLATE, "large", making(asked, large))
    assert len(asked) == 2


def test_what_differs_each_time_comes_into_its_places_escaped() -> None:
    fragment = format_html("<a href='{}'>{}</a>", place_of("href"), place_of("words"))
    assert filled(fragment, href="?a=1&b=<", words=mark_safe("<mark>zebra</mark>")) == (
        "<a href='?a=1&amp;b=&lt;'><mark>zebra</mark></a>"
    )
