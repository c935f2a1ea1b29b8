"""History: what changed between two revisions, and going back to one."""

from __future__ import annotations

from typing import Any

import pytest

from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from profiles.models import AuditEvent
from tests import factories
from tests.html import next_cursor, said

pytestmark = pytest.mark.django_db


def revise(article: Article, *, by: Any, note: str = "", **changes: Any) -> Article:
    article.refresh_from_db()
    content = Content.of(article, **changes)
    return articles.edit(article=article, content=content, edition=article.edition, by=by, note=note)


@pytest.fixture
def article(alice: Any, cora: Any) -> Article:
    made = factories.article(author=alice, title="Leave", body="Ask your manager.", topics=["leave"])
    revise(made, by=cora, body="Ask your line manager first.", note="Clearer")
    revise(made, by=alice, title="Annual leave", topics=("leave", "hr"), note="Better title")
    made.refresh_from_db()
    return made


def test_it_lists_who_changed_what_when_and_why(as_: Any, charlie: Any, article: Article) -> None:
    page = as_(charlie).get(f"{article.get_absolute_url()}history/").content.decode()
    for words in ("Revision 3", "Revision 2", "Revision 1", "Cora Cray", "Clearer", "Better title"):
        assert words in page
    assert page.index("Revision 3") < page.index("Revision 1")


def test_its_links_lead_to_older_revisions(as_: Any, alice: Any, article: Article) -> None:
    for number in range(20):
        revise(article, by=alice, body=f"Ask person {number}.")
    client, address = as_(alice), f"{article.get_absolute_url()}history/"
    first = client.get(address)
    rest = client.get(f"{address}?cursor={next_cursor(first)}")
    numbers = [int(number) for page in (first, rest) for number in said(page, r"/history/(\d+)/")]
    assert list(dict.fromkeys(numbers)) == list(range(23, 0, -1))


def test_it_shows_the_difference_between_any_two(as_: Any, charlie: Any, article: Article) -> None:
    response = as_(charlie).get(f"{article.get_absolute_url()}history/?old=1&new=3")
    assert [part for part, _ in response.context["changes"].parts] == ["Title", "Topics", "Article"]
    page = response.content.decode()
    assert "<ins>" in page and "From revision 1 to 3" in page

    same = as_(charlie).get(f"{article.get_absolute_url()}history/?old=2&new=2").content.decode()
    assert "The words are the same." in same


@pytest.mark.parametrize("query", ["old=1&new=9", "old=0&new=1", "old=x&new=1", "old=1"])
def test_a_revision_that_does_not_exist_gets_a_sentence(as_: Any, charlie: Any, article: Article, query: str) -> None:
    response = as_(charlie).get(f"{article.get_absolute_url()}history/?{query}")
    assert response.status_code == 422 and "There is a problem" in response.content.decode()


def test_a_revision_shows_the_article_as_it_stood(as_: Any, charlie: Any, article: Article) -> None:
    page = as_(charlie).get(f"{article.get_absolute_url()}history/1/").content.decode()
    assert "Ask your manager." in page and "not what holds today" in page
    assert "Restore" not in page
    assert as_(charlie).get(f"{article.get_absolute_url()}history/4/").status_code == 404


def test_restoring_makes_a_new_revision(as_: Any, alice: Any, bob: Any, cora: Any, article: Article) -> None:
    restore = f"{article.get_absolute_url()}restore/1/"
    assert "Restore" in as_(alice).get(f"{article.get_absolute_url()}history/1/").content.decode()
    assert as_(bob).post(restore, {"edition": article.edition}).status_code == 403
    assert as_(alice).get(restore).status_code == 405

    restored = as_(cora).post(restore, {"edition": article.edition})
    assert restored.status_code == 303
    assert [str(line) for line in restored.wsgi_request._messages] == ["Revision 1 is the article’s text again."]
    article.refresh_from_db()
    assert (article.title, article.body, article.version) == ("Leave", "Ask your manager.", 4)
    assert article.topics.names().get() == "leave"
    assert article.revisions.get(number=4).note == "Restored revision 1"
    assert AuditEvent.objects.filter(action="article.edited", actor=cora).count() == 2


def test_restoring_stops_when_somebody_saved_meanwhile(as_: Any, alice: Any, article: Article) -> None:
    stale = article.edition
    revise(article, by=alice, body="Newer")
    response = as_(alice).post(f"{article.get_absolute_url()}restore/1/", {"edition": stale})
    assert response.status_code == 409 and "Nothing was restored" in response.content.decode()
    article.refresh_from_db()
    assert article.body == "Newer"
    assert as_(alice).post(f"{article.get_absolute_url()}restore/1/", {}).status_code == 422
    assert as_(alice).post(f"{article.get_absolute_url()}restore/9/", {"edition": stale}).status_code == 404


def test_its_cost_does_not_grow(
    as_: Any, alice: Any, charlie: Any, article: Article, django_assert_max_num_queries: Any
) -> None:
    client = as_(charlie)
    for _ in range(2):
        with django_assert_max_num_queries(11):
            page = client.get(f"{article.get_absolute_url()}history/?old=1&new=2")
            assert page.status_code == 200
        for number in range(20):
            revise(article, by=alice, body=f"Text {number}")
    assert 'rel="next"' in client.get(f"{article.get_absolute_url()}history/").content.decode()
    assert client.get(f"{article.get_absolute_url()}history/?cursor=x").status_code == 404
