"""Reading: the list with its filters, an article's page, and what both cost."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone

from knowledge.models import Article
from profiles.actions import departments
from tests import factories
from tests.html import next_cursor, said

pytestmark = pytest.mark.django_db


def titles(response: Any) -> list[str]:
    return said(response, r'<h2 class="ck-row__title"><a [^>]*>([^<]*)')


def test_it_lists_what_the_reader_may_see_newest_change_first(
    as_: Any, alice: Any, charlie: Any, treasury: Any
) -> None:
    factories.article(author=alice, title="First")
    factories.article(author=alice, title="Second")
    factories.article(author=alice, title="Treasury only", audience=treasury.audience)
    factories.article(author=alice, title="Draft", publish=False)

    assert titles(as_(charlie).get("/knowledge/")) == ["Second", "First"]
    assert titles(as_(alice).get("/knowledge/")) == ["Treasury only", "Second", "First"]
    assert titles(as_(alice).get("/knowledge/?drafts=1")) == ["Draft"]
    assert titles(as_(charlie).get("/knowledge/?drafts=1")) == []


def test_it_narrows_by_kind_topic_department_and_person(as_: Any, alice: Any, charlie: Any, treasury: Any) -> None:
    budget = factories.department("Budget", parent=treasury, abbreviation="BUD")
    factories.article(author=alice, title="A", kind="policy", topics=["Public money"])
    factories.article(author=alice, title="B", department=budget)
    factories.article(author=charlie, title="C", owner=alice)
    factories.article(author=charlie, title="D", department=charlie.main_department)
    client = as_(charlie)

    for query, expected in {
        "kind=policy": ["A"],
        "topic=public-money": ["A"],
        "topic=Public+Money": ["A"],
        "department=treasury": ["B"],
        "department=bud": ["B"],
        f"person={alice.pk}": ["C", "B", "A"],
        f"person={alice.pk}&kind=policy": ["A"],
        "kind=&topic=&department=": ["D", "C", "B", "A"],
        "department=Nowhere": [],
        "topic=nothing": [],
        "kind=novel": [],
        "person=0": [],
    }.items():
        assert titles(client.get(f"/knowledge/?{query}")) == expected, query


def test_a_topic_that_the_reader_cannot_know_of_looks_absent(as_: Any, alice: Any, charlie: Any, treasury: Any) -> None:
    factories.article(author=alice, topics=["nightjar"], audience=treasury.audience)
    hidden = as_(charlie).get("/knowledge/?topic=nightjar").content.decode()
    absent = as_(charlie).get("/knowledge/?topic=nightjaz").content.decode()
    assert hidden.replace("nightjar", "nightjaz") == absent
    assert len(titles(as_(alice).get("/knowledge/?topic=nightjar"))) == 1


def test_it_walks_through_every_page_once(as_: Any, alice: Any) -> None:
    for _ in range(45):
        factories.article(author=alice)
    client = as_(alice)
    seen, query = [], "kind=guidance"
    while query:
        response = client.get(f"/knowledge/?{query}")
        seen += titles(response)
        cursor = next_cursor(response)
        query = f"kind=guidance&cursor={cursor}" if cursor else ""
    assert len(seen) == len(set(seen)) == 45
    assert client.get("/knowledge/?cursor=nonsense").status_code == 404


@pytest.mark.parametrize("query", ["", "?kind=guidance&topic=budget&department=treasury"])
def test_the_list_costs_the_same_with_1_and_with_20_rows(
    as_: Any, alice: Any, treasury: Any, query: str, django_assert_max_num_queries: Any
) -> None:
    client = as_(alice)
    for rows in (1, 19):
        for _ in range(rows):
            factories.article(author=alice, topics=["budget", "money"], department=treasury)
        with django_assert_max_num_queries(6 if query else 4):
            assert titles(client.get(f"/knowledge/{query}"))


def test_what_others_bring_to_a_row_is_never_stale(as_: Any, alice: Any, bob: Any, treasury: Any) -> None:
    article = factories.article(
        author=alice, title="Budget day", department=treasury, topics=["budget"], marking="official-sensitive",
        handling="Not for the press", review_on=timezone.localdate(),
    )  # fmt: skip
    client = as_(bob)
    before = client.get("/knowledge/").content.decode()
    for words in ("Budget day", alice.name, "Treasury", "OFFICIAL-SENSITIVE", "Due for review", ">budget</a>"):
        assert words in before, words
    departments.rename(department=treasury, name="Ministry of Money", by=None)
    article.topics.get().delete()
    type(alice).objects.filter(pk=alice.pk).update(name="Alice Renamed")
    after = client.get("/knowledge/").content.decode()
    assert "Ministry of Money" in after and "Alice Renamed" in after
    assert "Treasury" not in after and ">budget</a>" not in after


def test_the_page_says_who_answers_for_it_and_until_when(as_: Any, alice: Any, charlie: Any, treasury: Any) -> None:
    article = factories.article(
        author=alice,
        owner=charlie,
        title="Budget day",
        summary="What happens",
        department=treasury,
        topics=["budget"],
        body="## One\n\n## Two\n\n## Three\n\nText",
    )
    departments.rename(
        department=treasury, name="Ministry of Money", by=None, on=timezone.localdate() + datetime.timedelta(days=1)
    )
    page = as_(charlie).get(article.get_absolute_url()).content.decode()
    for words in (
        "OFFICIAL",
        "What happens",
        "Charlie Cole",
        f"mailto:{charlie.email}",
        "Ministry of Money",
        "When this was published: Treasury",
        'href="/topics/budget/"',
        'aria-label="Contents"',
        'href="#section-two"',
        "Review date",
        "Everyone",
        "Edit",
    ):
        assert words in page, words


def test_a_short_article_has_no_contents_and_headings_leave_no_level_out(as_: Any, alice: Any) -> None:
    article = factories.article(author=alice, body="### Deep\n\nText\n\n##### Deeper\n\n### Deep again")
    page = as_(alice).get(article.get_absolute_url()).content.decode()
    assert 'aria-label="Contents"' not in page
    assert "<h2 id=" in page and "<h3 id=" in page and "<h5" not in page


def test_it_says_when_a_review_is_due(as_: Any, alice: Any) -> None:
    article = factories.article(author=alice)
    assert "Due for review" not in as_(alice).get(article.get_absolute_url()).content.decode()
    Article.objects.filter(pk=article.pk).update(review_on=timezone.localdate())
    assert "Due for review since" in as_(alice).get(article.get_absolute_url()).content.decode()
    assert "Due for review" in as_(alice).get("/knowledge/").content.decode()


def test_the_page_has_a_budget(
    as_: Any, alice: Any, bob: Any, treasury: Any, django_assert_max_num_queries: Any
) -> None:
    article = factories.article(
        author=alice, department=treasury, topics=[f"topic {n}" for n in range(10)], body="## Heading\n\n" * 50
    )
    for reader in (alice, bob):
        client = as_(reader)
        with django_assert_max_num_queries(PAGE_BUDGET):
            client.get(article.get_absolute_url())


# Session, reader, unread notifications, article, topics, department's name then, two permissions of up to three
# questions each, and what other apps add
PAGE_BUDGET = 24


def test_hidden_articles_are_gone_for_everybody(as_: Any, alice: Any) -> None:
    article = factories.article(author=alice)
    Article.objects.filter(pk=article.pk).update(hidden_at=timezone.now())
    assert as_(alice).get(article.get_absolute_url()).status_code == 404
    assert titles(as_(alice).get("/knowledge/")) == []
