"""The administration site: it is for who runs the service, and even they read there nothing that is not theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from profiles.models import AuditEvent
from tests.visibility.asking import HTMX, Browser, get, post, told, written
from tests.visibility.cast import ABSENT_ID, PEOPLE, PERSONAS, World

BrowserOf = Callable[[str], Browser]
FIXED = ("index", "jsi18n")
ROWS = 8


def _named(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def _pages() -> Iterator[str]:
    """Every page of the site, with those of the last rows of every table it shows."""
    yield from (reverse(f"admin:{name}") for name in FIXED)
    for model in admin.site._registry:
        yield reverse("admin:app_list", args=[model._meta.app_label])
        yield _named(model, "changelist")
        yield f"{_named(model, 'changelist')}?q=zq"
        yield _named(model, "add")
        rows = model._default_manager.order_by("-pk")
        if model is AuditEvent:
            rows = rows.exclude(object_type__in=["user", "department"])
        for row in rows[:ROWS]:
            yield _named(model, "change", row.pk)
        for page in ("history", "delete"):
            yield _named(model, page, rows[0].pk)


def test_who_runs_the_service_reads_there_nothing_that_is_not_theirs(world: World, client_of: BrowserOf) -> None:
    client = client_of("site_admin")
    answers = {url: get(client, url) for url in _pages()}
    leaked = [
        f"{url}: {words}"
        for url, answer in answers.items()
        if (words := world.leaked(answer.text, "site_admin", "admin"))
    ]
    assert not leaked, told(leaked)
    assert answers[reverse("admin:index")].status == 200
    assert world.known("everyone topic") in answers[_named(type(world.said["everyone"].topic), "changelist")].text


def test_a_row_that_is_not_theirs_is_like_none(world: World, client_of: BrowserOf) -> None:
    client = client_of("site_admin")
    for row in (world.communities["hidden"], world.said["hidden"].topic):
        for page in ("change", "history", "delete"):
            shown = get(client, _named(row, page, row.pk))
            nothing = get(client, _named(row, page, ABSENT_ID))
            assert (shown.status, shown.body) == (nothing.status, nothing.body)


@pytest.mark.parametrize("persona", [persona for persona in PERSONAS if persona != "site_admin"])
def test_nobody_else_finds_it(persona: str, client_of: BrowserOf) -> None:
    client = client_of(persona)
    models = list(admin.site._registry)
    urls = [reverse("admin:index"), *(_named(model, page) for model in models for page in ("changelist", "add"))]
    with written() as tables:
        answers = [
            ask(client, url) for url in urls for ask in (get, lambda c, u: get(c, u, HTMX), lambda c, u: post(c, u, {}))
        ]
    nothing = get(client, "/nothing/here/")
    if persona in PEOPLE:
        assert {answer.status for answer in answers} == {404} == {nothing.status}
        assert {answer.body for answer in answers} == {nothing.body}
    assert not any("Administration" in answer.body for answer in answers)
    assert {answer.status for answer in answers} <= {200, 302, 404}
    assert not tables
