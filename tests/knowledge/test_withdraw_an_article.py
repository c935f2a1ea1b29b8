"""Withdrawing an article with a reason, and publishing it again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from knowledge.actions import articles
from knowledge.models import Article
from knowledge.signals import article_published, article_withdrawn
from profiles.models import AuditEvent, SearchChange
from tests import factories
from tests.knowledge.forms import changed_article

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(alice: Any) -> Article:
    return factories.article(author=alice, title="Old pass rules")


def test_it_leaves_lists_and_stays_readable_under_a_notice(
    as_: Any, alice: Any, charlie: Any, article: Article
) -> None:
    response = as_(alice).post(f"{article.get_absolute_url()}withdraw/", {"reason": "Replaced by <b>gates</b>."})

    assert response.status_code == 303
    assert [str(line) for line in response.wsgi_request._messages] == [
        "“Old pass rules” is withdrawn. It has left lists and search."
    ]
    shown = as_(charlie).get(article.get_absolute_url())
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "Withdrawn on" in page and "Replaced by &lt;b&gt;gates" in page and "Alice Archer" in page
    assert "Old pass rules" not in as_(charlie).get("/knowledge/").content.decode()
    assert "Old pass rules" not in as_(charlie).get("/knowledge/similar/?title=pass+rules").content.decode()
    event = AuditEvent.objects.get(action="article.withdrawn")
    assert (event.actor, event.object_id) == (alice, article.pk)
    assert SearchChange.objects.filter(kind="article", object_id=article.pk).count() == 2


def test_it_needs_a_reason_and_the_right(as_: Any, alice: Any, bob: Any, cora: Any, sam: Any, article: Article) -> None:
    address = f"{article.get_absolute_url()}withdraw/"
    assert as_(alice).post(address, {"reason": " "}).status_code == 422
    for person in (bob, cora):
        assert as_(person).get(address).status_code == 403
        assert as_(person).post(address, {"reason": "No"}).status_code == 403
        assert as_(person).post(f"{article.get_absolute_url()}reinstate/").status_code == 403
    article.refresh_from_db()
    assert article.is_published
    assert as_(sam).post(address, {"reason": "Yes"}).status_code == 303


def test_it_is_published_again_as_it_was(as_: Any, alice: Any, charlie: Any, article: Article) -> None:
    told = []

    def withdrawn(**kwargs: Any) -> None:
        told.append("withdrawn")

    def published(**kwargs: Any) -> None:
        told.append(f"published, announce={kwargs['announce']}")

    article_withdrawn.connect(withdrawn)
    article_published.connect(published)
    try:
        as_(alice).post(f"{article.get_absolute_url()}withdraw/", {"reason": "Wrong"})
        response = as_(alice).post(f"{article.get_absolute_url()}reinstate/")
    finally:
        article_withdrawn.disconnect(withdrawn)
        article_published.disconnect(published)

    assert response.status_code == 303
    assert told == ["withdrawn", "published, announce=False"]
    article.refresh_from_db()
    assert article.is_published and article.withdrawn_reason == "" and article.version == 1
    page = as_(charlie).get(article.get_absolute_url()).content.decode()
    assert "Withdrawn" not in page
    assert "Old pass rules" in as_(charlie).get("/knowledge/").content.decode()


def test_twice_does_no_harm(as_: Any, alice: Any, article: Article) -> None:
    client = as_(alice)
    assert client.post(f"{article.get_absolute_url()}reinstate/").status_code == 303
    assert client.post(f"{article.get_absolute_url()}withdraw/", {"reason": "Wrong"}).status_code == 303
    assert client.post(f"{article.get_absolute_url()}withdraw/", {"reason": "Again"}).status_code == 422
    article.refresh_from_db()
    assert article.withdrawn_reason == "Wrong"


def test_a_withdrawn_article_is_not_edited(as_: Any, alice: Any, article: Article) -> None:
    sent = changed_article(article, body="My words")
    as_(alice).post(f"{article.get_absolute_url()}withdraw/", {"reason": "Wrong"})
    response = as_(alice).post(f"{article.get_absolute_url()}edit/", sent)
    assert response.status_code == 422
    assert "Publish it again before you edit it" in response.content.decode()
    assert "My words" in response.content.decode()
    assert "edit/" not in as_(alice).get(article.get_absolute_url()).content.decode()


def test_a_draft_is_not_withdrawn(as_: Any, alice: Any) -> None:
    draft = factories.article(author=alice, publish=False)
    assert as_(alice).post(f"{draft.get_absolute_url()}withdraw/", {"reason": "x"}).status_code == 422


def test_the_audit_log_is_taken_after_all_that_others_may_hold(sam: Any, article: Article) -> None:
    """Whoever hides a comment holds the post and waits for the log: the other way round both would wait for ever."""
    with CaptureQueriesContext(connection) as asked:
        articles.withdraw(article=article, reason="Old", by=sam)
        articles.reinstate(article=article, by=sam)
    writes = [query["sql"] for query in asked if query["sql"].startswith("UPDATE")]
    tables = [table for sql in writes for table in ("feeds_post", "profiles_audithead") if f'"{table}"' in sql]
    assert tables == ["feeds_post", "profiles_audithead"] * 2
