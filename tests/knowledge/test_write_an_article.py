"""Writing: publish at once, keep a draft, preview, and what a bad form gets."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from intranet.lib.dates import add_months
from knowledge.actions import articles as actions
from knowledge.actions.content import Content
from knowledge.models import Article, ArticleState
from knowledge.models.article import MAX_BODY
from knowledge.signals import article_published
from profiles.models import SearchChange, Topic
from tests import factories
from tests.cost import at_most, prose
from tests.knowledge.forms import changed_article, new_article

pytestmark = pytest.mark.django_db
NEW = "/knowledge/new/"


def test_it_publishes_with_a_first_revision_for_everybody(as_: Any, alice: Any, charlie: Any) -> None:
    response = as_(alice).post(NEW, new_article(alice, topics="discovery, user research"))

    article = Article.objects.get()
    assert response.status_code == 303
    assert response["Location"] == "/knowledge/how-to-run-a-discovery/" == article.get_absolute_url()
    assert (article.state, article.version, article.owner, article.author) == ("published", 1, alice, alice)
    assert article.review_on == add_months(timezone.localdate(), 12)
    assert article.department == alice.main_department
    revision = article.revisions.get()
    assert (revision.number, revision.body, revision.author) == (1, article.body, alice)
    assert revision.topic_names == ["discovery", "user research"]
    said = as_(alice).post(NEW, new_article(alice, title="Said")).wsgi_request._messages
    assert [str(line) for line in said] == ["“Said” is published. Who can read it: Everyone."]
    page = as_(charlie).get(article.get_absolute_url()).content.decode()
    assert "<h2" in page and "Talk to people." in page and f'id="article-{article.pk}"' in page


def test_it_tells_the_service_and_the_index(alice: Any) -> None:
    told = []

    def listen(**kwargs: Any) -> None:
        told.append((kwargs["article"].title, kwargs["by"], kwargs["announce"]))

    article_published.connect(listen)
    try:
        article = factories.article(author=alice, title="Told")
    finally:
        article_published.disconnect(listen)
    assert told == [("Told", alice, True)]
    assert SearchChange.objects.filter(kind="article", object_id=article.pk).exists()


@pytest.mark.parametrize("twice", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_a_double_click_makes_one_article(as_: Any, alice: Any, twice: dict[str, str]) -> None:
    sent = new_article(alice)
    client = as_(alice)
    first, second = client.post(NEW, sent), client.post(NEW, sent, **twice)

    assert Article.objects.count() == 1
    assert first["Location"] == (second.headers.get("Location") or second["HX-Redirect"])


def test_the_same_key_with_another_text_is_refused_and_can_be_sent_again(as_: Any, alice: Any) -> None:
    sent = new_article(alice)
    client = as_(alice)
    client.post(NEW, sent)
    response = client.post(NEW, {**sent, "title": "Another title"})

    assert response.status_code == 422
    assert "already sent" in response.content.decode() and "Another title" in response.content.decode()
    key = response.context["form"]["idempotency_key"].value()
    assert client.post(NEW, {**sent, "title": "Another title", "idempotency_key": key}).status_code == 303
    assert Article.objects.count() == 2


def test_what_is_missing_is_named_and_what_was_typed_stays(as_: Any, alice: Any) -> None:
    response = as_(alice).post(NEW, new_article(alice, title="", owner="", body="My careful words"))

    page = response.content.decode()
    assert response.status_code == 422
    assert "There is a problem" in page and 'href="#id_title"' in page and 'href="#id_owner"' in page
    assert "My careful words" in page
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("topics", "!!!, data", "“!!!” cannot be a topic"),
        ("topics", ", ".join(f"t{n}" for n in range(11)), "at most 10 topics"),
        ("owner", "nobody@example.gov.example", "Nobody here has the e-mail address"),
        ("marking", "secret", "Select a valid choice"),
        ("kind", "novel", "Select a valid choice"),
        ("title", "x" * 161, "160"),
        ("summary", "x" * 301, "300"),
        ("body", "nul\0", "Null characters"),
        ("review_on_day", "31", "Enter a real date"),
        ("idempotency_key", "no key", "open too long"),
    ],
)
def test_a_bad_field_gets_a_sentence(as_: Any, alice: Any, field: str, value: str, sentence: str) -> None:
    response = as_(alice).post(NEW, new_article(alice, **{field: value}))

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert not Article.objects.exists() and not Topic.objects.exists()


def test_official_sensitive_needs_a_handling_instruction(as_: Any, alice: Any) -> None:
    client = as_(alice)
    sent = new_article(alice, marking="official-sensitive")
    refused = client.post(NEW, sent)
    assert refused.status_code == 422 and "must and must not do" in refused.content.decode()

    assert client.post(NEW, {**sent, "handling": "Do not forward"}).status_code == 303
    page = client.get(Article.objects.get().get_absolute_url()).content.decode()
    assert "OFFICIAL-SENSITIVE" in page and "Do not forward" in page


def test_a_review_date_lies_ahead(as_: Any, alice: Any) -> None:
    ahead = timezone.localdate() + datetime.timedelta(days=30)
    client = as_(alice)
    for day, status in ((timezone.localdate(), 422), (ahead, 303)):
        parts = {"review_on_day": day.day, "review_on_month": day.month, "review_on_year": day.year}
        assert client.post(NEW, new_article(alice, **parts)).status_code == status
    assert Article.objects.get().review_on == ahead


def test_a_colleague_may_own_it_but_nobody_suspended(as_: Any, alice: Any, charlie: Any) -> None:
    sue = factories.user("Sue Swan", is_active=False)
    client = as_(alice)
    assert client.post(NEW, new_article(alice, owner=sue.email)).status_code == 422
    assert client.post(NEW, new_article(alice, owner=charlie.email.upper())).status_code == 303
    assert Article.objects.get().owner == charlie


def test_the_owner_is_among_those_it_is_for(as_: Any, alice: Any, bob: Any, charlie: Any, treasury: Any) -> None:
    client = as_(alice)
    refused = client.post(NEW, new_article(alice, audience=treasury.audience.pk, owner=charlie.email))
    assert refused.status_code == 422
    assert "Charlie Cole cannot read what is written for Treasury" in refused.content.decode()
    sent = new_article(alice, audience=treasury.audience.pk, owner=bob.email)
    assert client.post(NEW, sent).status_code == 303


def test_it_offers_only_audiences_the_writer_may_write_to(as_: Any, alice: Any, treasury: Any, health: Any) -> None:
    client = as_(alice)
    page = client.get(NEW).content.decode()
    choices = page[page.index('name="audience"') :].split("</select>")[0]
    assert choices.index("Everyone") < choices.index("Treasury") and "Health" not in choices

    refused = client.post(NEW, new_article(alice, audience=health.audience.pk))
    assert refused.status_code == 422 and not Article.objects.exists()
    assert client.post(NEW, new_article(alice, audience=treasury.audience.pk)).status_code == 303


def test_a_draft_is_for_its_author_and_owner_alone_its_topics_too(as_: Any, alice: Any, bob: Any, charlie: Any) -> None:
    response = as_(alice).post(NEW, new_article(alice, owner=bob.email, topics="project nightjar", draft="1"))

    draft = Article.objects.get()
    assert draft.state == ArticleState.DRAFT and not draft.revisions.exists()
    assert response["Location"] == draft.get_absolute_url()
    for reader, status in ((alice, 200), (bob, 200), (charlie, 404)):
        assert as_(reader).get(draft.get_absolute_url()).status_code == status
        in_list = draft.title in as_(reader).get("/knowledge/?drafts=1").content.decode()
        assert in_list is (status == 200)
        assert draft.title not in as_(reader).get("/knowledge/").content.decode()
    assert not Topic.objects.visible_to(charlie).exists()
    assert not SearchChange.objects.filter(kind="article").exists()


def test_publishing_a_draft_makes_it_and_its_topics_known(as_: Any, alice: Any, charlie: Any) -> None:
    draft = factories.article(author=alice, publish=False, title="Rough", topics=["project nightjar"])
    edit = f"{draft.get_absolute_url()}edit/"
    saved = as_(alice).post(edit, changed_article(draft, body="Better", draft="1"))
    draft.refresh_from_db()
    assert saved.status_code == 303 and draft.body == "Better" and draft.is_draft

    sent = changed_article(draft, title="Smooth")
    for _ in range(2):
        assert as_(alice).post(edit, sent).status_code == 303

    draft.refresh_from_db()
    assert (draft.state, draft.version, draft.title) == ("published", 1, "Smooth")
    assert draft.revisions.get().number == 1
    assert Topic.objects.visible_to(charlie).get().name == "project nightjar"
    assert "Smooth" in as_(charlie).get("/knowledge/").content.decode()


def test_a_title_that_is_taken_gets_an_address_of_its_own(as_: Any, alice: Any, treasury: Any) -> None:
    client = as_(alice)
    addresses = [client.post(NEW, new_article(alice))["Location"] for _ in range(2)]
    assert addresses == ["/knowledge/how-to-run-a-discovery/", "/knowledge/how-to-run-a-discovery-2/"]
    assert client.post(NEW, new_article(alice, title="New"))["Location"] == "/knowledge/new-2/"


def test_an_address_does_not_tell_that_a_closed_article_has_the_title(
    as_: Any, alice: Any, charlie: Any, treasury: Any
) -> None:
    factories.article(author=alice, title="Merger", audience=treasury.audience)
    factories.article(author=alice, title="Merger", publish=False)
    assert as_(charlie).post(NEW, new_article(charlie, title="Merger"))["Location"] == "/knowledge/merger/"


def test_scripts_and_raw_html_are_inert(as_: Any, alice: Any) -> None:
    body = "<script>alert(1)</script>\n\n[x](javascript:alert(2))\n\n<img src=x onerror=alert(3)>"
    sent = new_article(alice, title="<b>Bold</b>", summary="<i>s</i>", body=body, topics="<u>u</u>")
    as_(alice).post(NEW, sent)

    article = Article.objects.get()
    for address in (article.get_absolute_url(), "/knowledge/", f"{article.get_absolute_url()}history/1/"):
        page = as_(alice).get(address).content.decode()
        for live in ("<script>alert", 'href="javascript:', "<img src=x", "<b>Bold", "<i>s</i>", "<u>u"):
            assert live not in page


@pytest.mark.parametrize("sign", ["[", "*", "<a ", "> ", "- "])
def test_a_mebibyte_of_signs_is_refused_fast_and_kept(as_: Any, alice: Any, sign: str) -> None:
    text = sign * (1024 * 1024 // len(sign))
    client = as_(alice)
    harmless = partial(client.post, NEW, new_article(alice, body=prose(MAX_BODY)))
    response = at_most(0.2, harmless, partial(client.post, NEW, new_article(alice, body=text)))
    assert response.status_code == 422 and "200000" in response.content.decode()
    assert response.context["form"]["body"].value() == text
    assert client.post(NEW, new_article(alice, body=text, preview="1")).status_code == 200


def test_the_longest_text_of_signs_is_published_fast(as_: Any, alice: Any) -> None:
    client = as_(alice)
    harmless = partial(client.post, NEW, new_article(alice, body=prose(MAX_BODY)))
    response = at_most(0.1, harmless, partial(client.post, NEW, new_article(alice, body="[" * MAX_BODY)))
    assert response.status_code == 303


def test_the_preview_shows_the_text_and_saves_nothing(as_: Any, alice: Any) -> None:
    client = as_(alice)
    plain = client.post(NEW, new_article(alice, body="Very **bold**", preview="1"))
    assert plain.status_code == 200
    assert "<strong>bold</strong>" in plain.content.decode() and "Very **bold**" in plain.content.decode()

    fragment = client.post("/knowledge/preview/", {"body": "Very **bold**"}, HTTP_HX_REQUEST="true")
    assert "<strong>bold</strong>" in fragment.content.decode() and "<html" not in fragment.content.decode()
    assert client.get("/knowledge/preview/").status_code == 405
    assert not Article.objects.exists()


@pytest.mark.parametrize("kind", ["how-to", "guidance", "policy", "template", "lessons"])
def test_each_kind_has_an_outline_to_begin_from(as_: Any, alice: Any, kind: str) -> None:
    form = as_(alice).get(f"{NEW}?kind={kind}").context["form"]
    assert form["kind"].value() == kind and form["body"].value().count("##") >= 2
    assert "##" not in (as_(alice).get(f"{NEW}?kind=novel").context["form"]["body"].value() or "")


def test_similar_titles_are_shown_to_those_who_may_see_them(as_: Any, alice: Any, charlie: Any, treasury: Any) -> None:
    factories.article(author=alice, title="Running a discovery well")
    factories.article(author=alice, title="Secret discovery", audience=treasury.audience)
    factories.article(author=alice, title="Discovery draft", publish=False)
    factories.article(author=alice, title="Holidays")
    asked = "/knowledge/similar/?title=How+to+run+a+discovery"

    shown = as_(charlie).get(asked, HTTP_HX_REQUEST="true").content.decode()
    assert "Running a discovery well" in shown
    assert "Secret" not in shown and "draft" not in shown and "Holidays" not in shown
    assert "Secret discovery" in as_(alice).get(asked).content.decode()
    assert as_(charlie).get("/knowledge/similar/?title=budget%00plan").status_code == 200
    assert "<a" not in as_(charlie).get("/knowledge/similar/?title=a", HTTP_HX_REQUEST="true").content.decode()


def test_writing_needs_a_signed_in_person_who_is_not_suspended(client: Any, as_: Any, alice: Any) -> None:
    assert client.get(NEW).status_code == 302
    assert client.post(NEW, new_article(alice)).status_code == 302
    signed_in = as_(alice)
    alice.is_active = False
    alice.save()
    assert signed_in.post(NEW, new_article(alice)).status_code == 302
    assert not Article.objects.exists()


def test_topics_with_commas_survive_an_edit(as_: Any, alice: Any) -> None:
    article = factories.article(author=alice, topics=["Food, farming and fisheries", "data"])
    form = as_(alice).get(f"{article.get_absolute_url()}edit/").context["form"]
    sent = changed_article(article, topics=form["topics"].value(), body="Other words")
    assert as_(alice).post(f"{article.get_absolute_url()}edit/", sent).status_code == 303
    assert set(article.topics.names()) == {"Food, farming and fisheries", "data"}


def test_who_loses_a_race_for_an_address_gets_another(alice: Any, bob: Any) -> None:
    first = factories.article(author=alice, title="Merger")
    content = Content.of(first, owner=bob)
    second, made = actions.write(content=content, by=bob, publish=True, slug=first.slug)
    assert made and second.slug == "merger-2"
