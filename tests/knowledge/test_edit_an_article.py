"""Editing: who may, what it leaves behind, and two people at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from knowledge.models import Article
from knowledge.signals import article_changed
from profiles.actions import memberships
from profiles.models import AuditEvent, Role, SearchChange
from tests import factories
from tests.knowledge.forms import changed_article

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(alice: Any) -> Article:
    return factories.article(author=alice, title="Expenses", body="Keep the receipt.", topics=["travel"])


def edit(reader: Client, article: Article, **changes: Any) -> Any:
    return reader.post(f"{article.get_absolute_url()}edit/", changed_article(article, **changes))


def test_a_change_is_a_new_revision_with_its_note(as_: Any, alice: Any, article: Article) -> None:
    changed: list[Any] = []

    def listen(**kwargs: Any) -> None:
        changed.append((kwargs["article"].pk, kwargs["by"], kwargs["revision"].number))

    article_changed.connect(listen)
    try:
        response = edit(as_(alice), article, title="Claiming", body="Keep the receipt.\r\nScan it.", note="New rule")
    finally:
        article_changed.disconnect(listen)

    assert response.status_code == 303 and response["Location"] == "/knowledge/expenses/"
    article.refresh_from_db()
    assert (article.title, article.version, article.body) == ("Claiming", 2, "Keep the receipt.\nScan it.")
    assert "Scan it." in article.body_html
    revision = article.revisions.get(number=2)
    assert (revision.note, revision.author) == ("New rule", alice)
    assert changed == [(article.pk, alice, 2)]
    assert SearchChange.objects.filter(kind="article", object_id=article.pk).count() == 2


def test_nothing_changed_saves_nothing_and_the_same_form_twice_saves_once(
    as_: Any, alice: Any, article: Article
) -> None:
    assert edit(as_(alice), article).status_code == 303
    assert article.revisions.count() == 1
    sent = changed_article(article, body="Scan it.", topics="travel, money")
    for _ in range(2):
        assert as_(alice).post(f"{article.get_absolute_url()}edit/", sent).status_code == 303
    assert article.revisions.count() == 2


def test_only_those_with_a_right_to_it_may_edit(
    as_: Any, alice: Any, bob: Any, charlie: Any, dana: Any, cora: Any, sam: Any, article: Article, treasury: Any
) -> None:
    Article.objects.filter(pk=article.pk).update(department=treasury, owner=charlie)
    steward = factories.user("Stella Stone")
    factories.role(steward, Role.TOPIC_STEWARD, topic=article.topics.get())
    allowed = [alice, charlie, dana, cora, sam, steward]
    for person in [*allowed, bob]:
        expected = 403 if person == bob else 200
        assert as_(person).get(f"{article.get_absolute_url()}edit/").status_code == expected
        article.refresh_from_db()
        response = edit(as_(person), article, body=f"By {person.name}")
        assert response.status_code == (403 if person == bob else 303), person
    assert not Article.objects.filter(body__contains="Bob").exists()
    assert "edit/" not in as_(bob).get(article.get_absolute_url()).content.decode()
    assert "edit/" in as_(cora).get(article.get_absolute_url()).content.decode()


def test_a_lost_role_is_lost_at_once(as_: Any, cora: Any, article: Article) -> None:
    client = as_(cora)
    assert client.get(f"{article.get_absolute_url()}edit/").status_code == 200
    cora.role_grants.all().delete()
    assert edit(client, article, body="Too late").status_code == 403


def test_editing_somebody_elses_article_is_audited_and_ones_own_is_not(
    as_: Any, alice: Any, cora: Any, article: Article
) -> None:
    edit(as_(alice), article, body="Mine")
    assert not AuditEvent.objects.filter(action="article.edited").exists()
    article.refresh_from_db()
    edit(as_(cora), article, body="Corrected")
    event = AuditEvent.objects.get(action="article.edited")
    assert (event.actor, event.object_id, event.details) == (cora, article.pk, {"revision": 3})


def test_who_may_correct_a_text_may_not_take_it_over(as_: Any, cora: Any, charlie: Any, article: Article) -> None:
    """A steward or council member edits; whose it is and who reads it is not theirs to change."""
    client = as_(cora)
    page = client.get(f"{article.get_absolute_url()}edit/").content.decode()
    assert 'name="owner"' not in page and 'name="audience"' not in page
    changes = {"owner": cora.email, "audience": cora.main_department.audience.pk, "body": "Corrected"}
    assert edit(client, article, **changes).status_code == 303
    article.refresh_from_db()
    assert (article.body, article.owner.name, article.audience.name) == ("Corrected", "Alice Archer", "Everyone")


def test_audience_owner_and_review_date_change_and_are_audited(
    as_: Any, alice: Any, bob: Any, charlie: Any, treasury: Any, health: Any, article: Article
) -> None:
    assert as_(charlie).get(article.get_absolute_url()).status_code == 200
    everyone = article.audience_id
    refused = edit(as_(alice), article, audience=health.audience.pk)
    assert refused.status_code == 422
    saved = edit(as_(alice), article, audience=treasury.audience.pk, owner=bob.email, review_on_year="2031")
    assert saved.status_code == 303

    article.refresh_from_db()
    assert (article.audience, article.owner, article.review_on.year) == (treasury.audience, bob, 2031)
    assert as_(charlie).get(article.get_absolute_url()).status_code == 404
    details = AuditEvent.objects.get(action="article.edited").details
    assert details == {
        "revision": 2,
        "audience": [everyone, treasury.audience.pk],
        "owner": [alice.pk, bob.pk],
    }


def test_an_editor_from_outside_a_community_keeps_its_audience(as_: Any, alice: Any, sam: Any) -> None:
    community = factories.community("Open house", owner=alice)
    article = factories.article(author=alice, audience=community.audience)
    assert edit(as_(sam), article, body="Corrected").status_code == 303
    article.refresh_from_db()
    assert article.audience == community.audience


def test_the_second_of_two_editors_sees_both_texts_and_loses_nothing(
    as_: Any, alice: Any, cora: Any, article: Article
) -> None:
    mine = changed_article(article, body="Keep every receipt.", title="Expenses today")
    edit(as_(cora), article, body="Keep the invoice.", note="Invoices count")
    address = f"{article.get_absolute_url()}edit/"
    response = as_(alice).post(address, mine)

    page = response.content.decode()
    assert response.status_code == 409
    assert "Cora Cray saved revision 2" in page and "Invoices count" in page
    assert "Keep the invoice." in page
    assert "<del>" in page and "<ins>" in page
    form = response.context["form"]
    assert form["body"].value() == "Keep every receipt." and form["title"].value() == "Expenses today"
    article.refresh_from_db()
    assert article.body == "Keep the invoice." and article.version == 2

    assert as_(alice).post(address, {**mine, "edition": form["edition"].value()}).status_code == 303
    article.refresh_from_db()
    assert (article.body, article.version) == ("Keep every receipt.", 3)


def test_two_editors_of_a_draft_meet_too(as_: Any, alice: Any, bob: Any) -> None:
    draft = factories.article(author=alice, owner=bob, publish=False, body="One")
    mine = changed_article(draft, body="Mine", draft="1")
    edit(as_(bob), draft, body="Theirs", draft="1")
    response = as_(alice).post(f"{draft.get_absolute_url()}edit/", mine)
    assert response.status_code == 409 and "Theirs" in response.content.decode()
    del mine["draft"]
    assert as_(alice).post(f"{draft.get_absolute_url()}edit/", mine).status_code == 409


def test_a_text_begun_on_the_draft_does_not_replace_what_was_published(as_: Any, alice: Any, bob: Any) -> None:
    draft = factories.article(author=alice, owner=bob, publish=False, body="One")
    mine = changed_article(draft, body="Mine")
    edit(as_(bob), draft, body="Published by Bob")
    assert as_(alice).post(f"{draft.get_absolute_url()}edit/", mine).status_code == 409
    draft.refresh_from_db()
    assert draft.body == "Published by Bob" and draft.version == 1


def test_a_bad_edit_keeps_what_was_typed(as_: Any, alice: Any, article: Article) -> None:
    response = edit(as_(alice), article, title="", body="My words")
    assert response.status_code == 422 and "My words" in response.content.decode()
    preview = edit(as_(alice), article, body="My **words**", preview="1")
    assert preview.status_code == 200 and "<strong>words</strong>" in preview.content.decode()
    article.refresh_from_db()
    assert article.body == "Keep the receipt."


def test_an_overdue_review_date_does_not_stop_a_correction(as_: Any, alice: Any, article: Article) -> None:
    Article.objects.filter(pk=article.pk).update(review_on="2020-01-01")
    article.refresh_from_db()
    assert edit(as_(alice), article, body="Corrected").status_code == 303


def test_another_departments_article_looks_absent(as_: Any, alice: Any, charlie: Any, treasury: Any) -> None:
    closed = factories.article(author=alice, audience=treasury.audience)
    client = as_(charlie)
    for suffix in ("", "edit/", "history/", "history/1/", "withdraw/"):
        hidden = client.get(f"{closed.get_absolute_url()}{suffix}")
        absent = client.get(f"/knowledge/no-such-article/{suffix}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.content == absent.content
    for suffix in ("edit/", "withdraw/", "reinstate/", "restore/1/"):
        assert client.post(f"{closed.get_absolute_url()}{suffix}", {"reason": "x"}).status_code == 404
    assert as_(alice).get(closed.get_absolute_url()).status_code == 200


def test_somebody_who_left_the_department_can_no_longer_edit(as_: Any, alice: Any, treasury: Any) -> None:
    closed = factories.article(author=alice, audience=treasury.audience)
    client = as_(alice)
    assert client.get(closed.get_absolute_url()).status_code == 200
    memberships.leave(membership=alice.memberships.get(), by=None)
    assert edit(client, closed, body="x").status_code == 404
