"""What knowledge adds to the pages of people, departments and topics."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article, ArticleTopic
from profiles.actions import topics
from tests import factories
from tests.html import said

pytestmark = pytest.mark.django_db


def test_a_person_department_and_topic_show_the_articles_the_reader_may_see(
    as_: Any, alice: Any, charlie: Any, treasury: Any
) -> None:
    topic = factories.topic("Budget")
    for title, audience, publish in (
        ("For all", None, True),
        ("For the Treasury", treasury.audience, True),
        ("Rough", None, False),
    ):
        factories.article(
            author=alice, title=title, audience=audience, publish=publish, topics=["budget"], department=treasury
        )
    for address in (alice.get_absolute_url(), treasury.get_absolute_url(), topic.get_absolute_url()):
        theirs = as_(charlie).get(address).content.decode()
        assert "For all" in theirs and "For the Treasury" not in theirs and "Rough" not in theirs
        assert "For the Treasury" in as_(alice).get(address).content.decode()


def test_many_articles_are_a_link_to_the_list(as_: Any, alice: Any, charlie: Any) -> None:
    for _ in range(6):
        factories.article(author=alice)
    page = as_(charlie).get(alice.get_absolute_url()).content.decode()
    assert f"/knowledge/?person={alice.pk}" in page
    assert as_(charlie).get(f"/knowledge/?person={alice.pk}").content.decode().count("ck-row__title") == 6


def test_a_page_with_nothing_to_add_says_nothing(as_: Any, alice: Any, charlie: Any) -> None:
    page, title = as_(charlie).get(alice.get_absolute_url()), r'<h2 class="ck-panel__title">([^<]*)'
    assert "Articles" not in said(page, title)
    factories.article(author=alice)
    assert "Articles" in said(as_(charlie).get(alice.get_absolute_url()), title)


def test_a_topic_lists_its_articles_by_their_last_change_whatever_changed_them(
    as_: Any, alice: Any, charlie: Any, cora: Any
) -> None:
    topic, older = factories.topic("Budget"), factories.topic("Spending")
    titles = ("One", "Two", "Three", "Draft")
    made = {
        title: factories.article(author=alice, title=title, topics=["Budget"], publish=title != "Draft")
        for title in titles
    }
    made["Four"] = factories.article(author=alice, title="Four", topics=["Spending"])

    def shown() -> list[str]:
        page = as_(charlie).get(topic.get_absolute_url()).content.decode()
        stale = ArticleTopic.objects.exclude(updated_at=F("content_object__updated_at"))
        assert not stale.exists()
        return [title for title in re.findall(r">(\w+)</a>", page) if title in made]

    def change(title: str, **values: Any) -> None:
        article = Article.objects.get(pk=made[title].pk)
        content = Content.of(article, **values)
        articles.edit(article=article, content=content, edition=article.edition, by=alice)

    assert shown() == ["Three", "Two", "One"]
    change("One", body="Other words.")
    assert shown() == ["One", "Three", "Two"]
    articles.withdraw(article=made["Three"], reason="Old", by=alice)
    assert shown() == ["One", "Two"]
    change("Two", topics=("Rates",))
    assert shown() == ["One"]
    articles.reinstate(article=made["Three"], by=alice)
    change("Two", topics=("Rates", "Budget"))
    assert shown() == ["Two", "Three", "One"]
    change("Draft", body="Other words.")
    draft = Article.objects.get(pk=made["Draft"].pk)
    articles.publish(article=draft, content=Content.of(draft), edition=draft.edition, by=alice)
    assert shown() == ["Draft", "Two", "Three", "One"]
    topics.merge(topic=older, into=topic, by=cora)
    assert shown() == ["Draft", "Two", "Three", "One", "Four"]


@pytest.mark.parametrize("walked", [None, 3, 8, 30])
def test_a_department_shows_what_changed_last_in_any_of_its_parts(
    alice: Any, charlie: Any, treasury: Any, health: Any, walking: Callable[[int], None], walked: int | None
) -> None:
    if walked is not None:
        walking(walked)
    dice = random.Random(7)
    places = [treasury, health, *(factories.department(parent=treasury) for _ in range(3))]
    for number in range(40):
        audience = treasury.audience if number % 4 == 0 else None
        article = factories.article(author=alice, audience=audience, department=dice.choice(places))
        at = timezone.now() - datetime.timedelta(minutes=dice.randrange(20))
        Article.objects.filter(pk=article.pk).update(updated_at=at)
    for reader in (alice, charlie):
        for size in (6, 60):
            readable = Article.objects.visible_to(reader).published()
            found = readable.first_of_department(treasury, size).order_by("-updated_at", "-pk")[:size]
            assert list(found) == list(readable.of_department(treasury).order_by("-updated_at", "-pk")[:size])
