"""The search page: what it finds, what it keeps from whom, what it says when its index is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from feeds.actions import comments, posts
from intranet import search as page
from intranet.lib.search import engine
from intranet.lib.search.protocol import SearchUnavailable
from knowledge.actions import articles
from knowledge.actions.content import Content
from profiles import indexing
from profiles.actions import communities, departments, memberships, people, topics
from profiles.models import CommunityKind, Department, SearchChange, User
from tests import factories
from tests.searching import index_files, indexed, lose_index, queued, search, work

pytestmark = pytest.mark.django_db
As = Callable[[User], Client]


# What it finds


def test_it_finds_every_kind_of_thing(as_: As, alice: User, treasury: Department) -> None:
    there = [
        factories.article(author=alice, title="Keeping a zebra"),
        factories.post(author=alice, body="The zebra is here"),
        factories.user("Zebra Zulu", department=treasury),
        factories.department("Office for Zebra Affairs"),
        factories.community("Zebra keepers", owner=alice),
        factories.topic("Zebra care"),
    ]
    indexed()
    found = search(as_(alice), "zebra")
    assert found.total == len(found.results) == 6
    assert all(found.has(row) for row in there)
    assert found.facets["Kind"].keys() == {"Articles", "Posts", "People", "Departments", "Communities", "Topics"}
    for row in there:
        assert f'href="{row.get_absolute_url()}"' in found.rows[row._meta.model_name, row.pk]


def test_people_are_found_by_what_they_know_where_they_work_and_what_they_say_of_themselves(
    as_: As, alice: User, charlie: User, treasury: Department
) -> None:
    team = factories.department("Walrus Unit", parent=treasury)
    memberships.join(user=charlie, department=team, role_title="Penguin Counter", by=None)
    factories.topic("Zebra care")
    values = {"contact_me_about": "herons", "biography": "I once met a **pelican**.", "job_title": "Ostrich Lead"}
    people.edit(person=charlie, values=values, expertise=["Zebra care"], version=charlie.updated_at, by=charlie)
    indexed()
    for words in ("charlie cole", "zebra care", "walrus unit", "penguin", "herons", "pelican", "ostrich"):
        found = search(as_(alice), words, kind="user")
        assert found.results == [("user", charlie.pk)], words
    why = search(as_(alice), "zebra care").rows["user", charlie.pk]
    assert "Penguin Counter · Health · Walrus Unit · <mark>Zebra</mark> <mark>care</mark> · herons" in why
    assert "Ostrich Lead" in why


def test_departments_are_found_by_every_name_they_had(as_: As, alice: User) -> None:
    found = factories.department("Ministry of Zebras", abbreviation="MOZ", name_cy="Y Weinyddiaeth Sebra")
    departments.rename(department=found, name="Ministry of Equines", abbreviation="MOE", by=None)
    indexed()
    for words in ("ministry of zebras", "zebras", "equines", "MOE", "moz"):
        assert ("department", found.pk) in search(as_(alice), words).results, words


def test_topics_are_found_by_an_alias_and_communities_by_what_they_say(as_: As, alice: User, cora: User) -> None:
    topic = factories.topic("Parliamentary business")
    topics.add_alias(topic=topic, name="PQs", by=cora)
    community, _ = communities.found(
        name="Clerks", kind=CommunityKind.OPEN, description="For zebra lovers.", topics=[topic], key=uuid4(), by=alice
    )
    indexed()
    assert search(as_(alice), "pq").results[0] == ("topic", topic.pk)
    assert search(as_(alice), "pqs").has(community), "it is about that topic"
    assert search(as_(alice), "zebra").results == [("community", community.pk)]


def test_a_post_is_found_by_what_was_said_under_it(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice, body="What is that animal?")
    factories.comment(post=post, author=bob, body="A zebra, I think.")
    indexed()
    found = search(as_(alice), "zebra")
    assert found.results == [("post", post.pk)]
    assert "A <mark>zebra</mark>, I think." in found.html


def test_an_article_is_found_once_and_not_again_as_its_post(as_: As, alice: User) -> None:
    article = factories.article(author=alice, title="Keeping a zebra")
    indexed()
    assert search(as_(alice), "zebra").results == [("article", article.pk)]


def test_drafts_and_closed_doors_are_not_found(as_: As, alice: User) -> None:
    factories.article(author=alice, title="Zebra draft", publish=False)
    withdrawn = factories.article(author=alice, title="Zebra withdrawn")
    articles.withdraw(article=withdrawn, reason="Wrong", by=alice)
    hidden = factories.post(author=alice, body="Zebra hidden")
    posts.hide(post=hidden, by=alice)
    factories.user("Zebra Suspended", is_active=False)
    indexed()
    assert search(as_(alice), "zebra").total == 0


def test_what_goes_by_exactly_the_words_asked_for_comes_first(as_: As, alice: User, treasury: Department) -> None:
    for number in range(3):
        factories.article(author=alice, title=f"Data sharing {number}", body="Data sharing. " * 20)
        factories.post(author=alice, body="Data sharing, data sharing! Ask Grace Hopper.")
    topic = factories.topic("Data sharing")
    grace = factories.user("Grace Hopper", department=treasury)
    indexed()
    assert search(as_(alice), "data sharing").results[0] == ("topic", topic.pk)
    assert search(as_(alice), "  DATA “sharing”").results[0] == ("topic", topic.pk)
    assert search(as_(alice), "grace hopper").results[0] == ("user", grace.pk)


def test_articles_stand_above_what_was_said_in_passing(as_: As, alice: User) -> None:
    article = factories.article(author=alice, title="Answering a request", body="Know the exemptions. " * 100)
    factories.post(author=alice, body="Answering a request today.")
    indexed()
    assert search(as_(alice), "answering a request").results[0] == ("article", article.pk)


# What is shown of it


def test_words_are_marked_and_everything_else_is_escaped(as_: As, alice: User, treasury: Department) -> None:
    evil = "<script>alert(1)</script> zebra & <b>co</b>"
    factories.article(author=alice, title=f"{evil} title", summary=f"{evil} summary", body=f"`{evil}` body")
    factories.post(author=alice, body=f"`{evil}` said")
    factories.user(f"{evil} name", email="evil@example.gov.example", job_title=evil)
    factories.department(f"{evil} department")
    factories.community(f"{evil} community", owner=alice)
    factories.topic(f"{evil} topic")
    indexed()
    found = search(as_(alice), "zebra alert")
    assert found.kinds() == {"article", "post", "user", "department", "community", "topic"}
    assert "<script>alert" not in found.html and "<b>co" not in found.html
    assert all("<mark>zebra</mark> &amp; &lt;b&gt;co" in row for row in found.rows.values())
    evil_words = search(as_(alice), '"><img src=x onerror=alert(1)> zebra')
    assert "<img src=x" not in evil_words.html


def test_the_words_asked_for_stay_in_the_box_and_head_the_page(as_: As, alice: User) -> None:
    indexed()
    html = search(as_(alice), "  zebra   crossing ").html
    assert 'value="zebra crossing"' in html
    assert "Results for “zebra crossing”" in html


def test_a_near_word_is_offered_with_the_filters_kept(as_: As, alice: User) -> None:
    factories.post(author=alice, body="A zebra crossing")
    indexed()
    found = search(as_(alice), "zebar", kind="post")
    assert found.total == 0
    assert 'href="?q=zebra&amp;kind=post"' in found.html
    assert search(as_(alice), "zebra", kind="post").total == 1


def test_what_finds_nothing_says_what_to_do_next(as_: As, alice: User) -> None:
    indexed()
    found = search(as_(alice), "zebra", kind="user")
    assert (found.total, found.results) == (0, [])
    assert "Search everywhere" in found.html and "Ask the question" in found.html


def test_what_others_bring_to_a_result_is_never_stale(
    as_: As, alice: User, bob: User, treasury: Department, health: Department
) -> None:
    article = factories.article(author=alice, title="Keeping a zebra", department=treasury)
    post = factories.post(author=alice, body="A zebra crossing")
    indexed()
    client = as_(bob)
    before = search(client, "zebra")
    assert all("Treasury" in before.rows[row._meta.model_name, row.pk] for row in (article, post))
    departments.rename(department=treasury, name="Exchequer", by=None)
    after = search(client, "zebra")
    for row in (article, post):
        assert "Exchequer" in after.rows[row._meta.model_name, row.pk]
        assert "Treasury" not in after.rows[row._meta.model_name, row.pk]
    assert "Exchequer" in after.facets["Department"] and "Treasury" not in after.facets["Department"]


def test_a_marking_is_shown_where_it_is_more_than_everything_has(as_: As, alice: User) -> None:
    plain = factories.post(author=alice, body="A zebra crossing")
    marked = factories.post(
        author=alice, body="A zebra at night", marking="official-sensitive", handling="Not for the <press>"
    )
    indexed()
    rows = search(as_(alice), "zebra").rows
    assert "OFFICIAL-SENSITIVE" in rows["post", marked.pk] and "Not for the &lt;press&gt;" in rows["post", marked.pk]
    assert "OFFICIAL" not in rows["post", plain.pk]


# Filters


def test_filters_narrow_by_kind_department_with_all_below_it_and_topic(
    as_: As, alice: User, charlie: User, treasury: Department, health: Department
) -> None:
    team = factories.department("Budget team", parent=treasury)
    zoe = factories.user("Zoe Zebra", department=team)
    topic = factories.topic("Animals")
    in_team = factories.post(author=zoe, body="Zebra from the team", topics=["Animals"])
    in_treasury = factories.post(author=alice, body="Zebra from above")
    elsewhere = factories.post(author=charlie, body="Zebra from Health", topics=["Animals"])
    indexed()
    client = as_(alice)

    def ids(**params: Any) -> set[int]:
        found = search(client, "zebra", **params)
        assert found.total == len(found.results)
        return {id_ for kind, id_ in found.results if kind == "post"}

    assert ids(kind="post") == {in_team.pk, in_treasury.pk, elsewhere.pk}
    assert ids(kind="post", department="treasury") == {in_team.pk, in_treasury.pk}
    assert ids(department=team.slug) == {in_team.pk}
    assert ids(topic=topic.slug) == {in_team.pk, elsewhere.pk}
    assert ids(topic=topic.slug, department="health") == {elsewhere.pk}
    assert search(client, "zebra", department=team.slug, kind="user").results == [("user", zoe.pk)]


def test_a_facet_counts_what_following_it_gives(as_: As, alice: User, charlie: User) -> None:
    for person in (alice, alice, charlie):
        factories.post(author=person, body="A zebra", topics=["Animals"])
    factories.article(author=alice, title="The zebra")
    indexed()
    client = as_(alice)
    found = search(client, "zebra")
    assert found.facets["Kind"]["Posts"][0] == 3
    assert found.facets["Topic"]["Animals"][0] == 3
    for values in found.facets.values():
        for label, (count, address) in values.items():
            assert search(client, "", **_query(address)).total == count, label
    chosen = search(client, "zebra", kind="post")
    assert chosen.facets["Kind"]["Articles"][0] == 1, "what another choice would give"
    back = chosen.facets["Kind"]["Posts"][1]
    assert search(client, "", **_query(back)).total == 4, "following a chosen one takes it back"


def _query(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.lstrip("?")))


def test_filters_that_make_no_sense_are_none(as_: As, alice: User) -> None:
    factories.post(author=alice, body="A zebra")
    indexed()
    for params in ({"kind": "unicorn"}, {"department": "nowhere"}, {"topic": "x" * 5000}, {"page": "minus one"}):
        found = search(as_(alice), "zebra", **params)
        assert found.total == 1, params
        assert "nowhere" not in found.html and "unicorn" not in found.html


# Who may see


def test_results_counts_and_facets_are_the_readers_own(
    as_: As, alice: User, bob: User, charlie: User, treasury: Department
) -> None:
    secret = factories.post(author=alice, body="Zebra plans", audience=treasury.audience, topics=["Stripes"])
    public = factories.post(author=alice, body="Zebra news")
    indexed()
    inside, outside = search(as_(bob), "zebra"), search(as_(charlie), "zebra")
    assert (inside.total, set(inside.results)) == (2, {("post", secret.pk), ("post", public.pk)})
    assert (outside.total, outside.results) == (1, [("post", public.pk)])
    assert outside.facets["Kind"]["Posts"][0] == 1
    assert "Stripes" in inside.facets["Topic"] and "Topic" not in outside.facets
    assert search(as_(charlie), "plans").total == 0
    assert search(as_(charlie), "stripes").total == 0, "a topic used there alone"
    assert "plans" not in search(as_(charlie), "planz").html, "nor is it suggested"
    assert "q=plans" in search(as_(bob), "planz").html


def test_a_hidden_community_is_there_for_its_members_alone(as_: As, alice: User, bob: User, charlie: User) -> None:
    group = factories.community("Zebra cabal", owner=alice, kind=CommunityKind.HIDDEN, members=(bob,))
    post = factories.post(author=alice, body="Zebra at dawn", audience=group.audience)
    indexed()
    assert set(search(as_(bob), "zebra").results) == {("community", group.pk), ("post", post.pk)}
    stranger = search(as_(charlie), "zebra")
    nothing = search(as_(charlie), "zebru")
    assert stranger.total == 0
    assert stranger.html.replace("zebra", "zebru") == nothing.html, "as if there were none"


def test_a_closed_community_is_known_to_all_and_read_by_members(as_: As, alice: User, bob: User, charlie: User) -> None:
    group = factories.community("Zebra circle", owner=alice, kind=CommunityKind.CLOSED, members=(bob,))
    post = factories.post(author=alice, body="Zebra at noon", audience=group.audience)
    indexed()
    assert search(as_(bob), "zebra").total == 2
    assert search(as_(charlie), "zebra").results == [("community", group.pk)]
    communities.add(community=group, user=charlie, by=alice)
    assert search(as_(charlie), "zebra").has(post), "at once, with nothing indexed anew"


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    answer = client.get("/search/?q=zebra")
    assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/")


# Before the index has followed


def test_a_smaller_audience_works_at_once(as_: As, alice: User, bob: User, charlie: User, treasury: Department) -> None:
    article = factories.article(author=alice, title="Zebra plans", topics=["Animals"])
    factories.article(author=alice, title="Zebra news")
    indexed()
    assert search(as_(charlie), "zebra").total == 2
    narrower = Content(title="Zebra plans", body="Less", audience=treasury.audience, owner=alice, topics=("Animals",))
    articles.edit(article=article, content=narrower, edition=article.edition, by=alice)
    after = search(as_(charlie), "zebra")
    assert (after.total, after.facets["Kind"]["Articles"][0]) == (1, 1)
    assert not after.has(article) and "Topic" not in after.facets
    assert search(as_(bob), "zebra").has(article)


@pytest.mark.parametrize("happens", ["hidden", "withdrawn", "suspended", "left", "merged"])
def test_what_is_no_longer_for_the_reader_is_neither_shown_nor_counted_at_once(
    as_: As, alice: User, bob: User, cora: User, treasury: Department, happens: str
) -> None:
    post = factories.post(author=alice, body="Zebra hidden")
    article = factories.article(author=alice, title="Zebra withdrawn")
    person = factories.user("Zebra Suspended")
    inside = factories.post(author=alice, body="Zebra left", audience=treasury.audience)
    topic, target = factories.topic("Zebra merged"), factories.topic("Equines")
    rows = {"hidden": post, "withdrawn": article, "suspended": person, "left": inside, "merged": topic}
    indexed()
    before = search(as_(bob), "zebra")
    assert before.total == 5 and all(before.has(row) for row in rows.values())
    match happens:
        case "hidden":
            posts.hide(post=post, by=alice)
        case "withdrawn":
            articles.withdraw(article=article, reason="Wrong", by=alice)
        case "suspended":
            memberships.suspend(user=person, by=None)
        case "left":
            memberships.leave(membership=bob.current_memberships().get(), by=None)
        case "merged":
            topics.merge(topic=topic, into=target, by=cora)
    after = search(as_(bob), "zebra")
    assert not after.has(rows[happens])
    assert after.total == len(after.results) == 4
    assert sum(count for count, _ in after.facets["Kind"].values()) == 4
    indexed()
    assert search(as_(bob), "zebra").total == 4


def test_what_changes_between_the_look_and_the_search_is_not_shown_either(
    as_: As, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (factories.post(author=alice, body=f"Zebra {number}") for number in range(2))
    indexed()
    look = indexing.pending

    def pending() -> indexing.Pending:
        seen = look()
        posts.hide(post=first, by=alice)
        return seen

    monkeypatch.setattr(indexing, "pending", pending)
    found = search(as_(bob), "zebra")
    assert (found.total, found.results) == (1, [("post", second.pk)])


def test_words_taken_back_are_not_quoted(as_: As, alice: User, bob: User) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    comment = factories.comment(post=post, author=bob, body="Its owner is Mrs Secret, a zebra keeper")
    indexed()
    assert "Mrs Secret" in search(as_(alice), "zebra keeper").html
    comments.hide(comment=comment, by=bob)
    # Not even that the words stood there: until the index follows, the post is not found at all
    assert not search(as_(alice), "Secret").has(post) and not search(as_(alice), "zebra").has(post)
    indexed()
    assert search(as_(alice), "zebra").has(post) and not search(as_(alice), "Secret").has(post)
    posts.edit(post=post, body="A pelican crossing", by=alice)
    assert "A pelican crossing" in search(as_(alice), "zebra").html


def test_results_follow_writes_by_the_task(as_: As, alice: User) -> None:
    work()
    post = factories.post(author=alice, body="A zebra crossing")
    assert search(as_(alice), "zebra").total == 0
    assert work() == 1
    assert search(as_(alice), "zebra").results == [("post", post.pk)]


def test_thousands_of_changes_that_wait_for_the_worker_are_no_obstacle(as_: As, alice: User) -> None:
    indexed()
    # More than a query can name one by one
    SearchChange.objects.bulk_create(SearchChange(kind="topic", object_id=10**6 + n) for n in range(40_000))
    made = [factories.post(author=alice, body="A zebra") for _ in range(20)]
    posts.hide(post=made[0], by=alice)
    assert search(as_(alice), "zebra").total == 0
    indexed()
    posts.hide(post=made[1], by=alice)
    assert search(as_(alice), "zebra").total == 18


# When the index is gone


def damage(kind: str) -> None:
    if kind == "lost":
        lose_index()
        return
    for path in index_files():
        path.write_bytes(b"nonsense" + path.read_bytes()[8:])


@pytest.mark.parametrize("how", ["lost", "corrupted"])
def test_without_its_index_the_page_says_so_all_else_goes_on_and_it_heals(as_: As, alice: User, how: str) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    work()
    client = as_(alice)
    assert search(client, "zebra").has(post)
    damage(how)
    answer = client.get("/search/?q=zebra")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "Search is not available at the moment" in html and "data-total" not in html
    for address in ("/", "/search/", "/people/", "/departments/", "/communities/", "/topics/", "/knowledge/"):
        assert client.get(address).status_code == 200, address
    sent = {"body": "Another zebra", "audience": post.audience_id, "kind": "update", "marking": "official"}
    assert client.post("/posts/", {**sent, "idempotency_key": uuid4()}).status_code == 303
    ready = Client().get("/health/ready")
    assert (ready.status_code, ready.json()["search"], ready.json()["ready"]) == (200, "failed", True)
    work()
    assert search(client, "zebra").total == 2
    assert Client().get("/health/ready").json()["search"] == "ok"


def test_healing_is_asked_for_once_in_a_while_however_many_search(
    as_: As, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_(alice)
    work()
    lose_index()
    for _ in range(3):
        assert "not available" in search(client, "zebra").html
    assert queued() == 1
    assert page.HEAL_EVERY == 60
    cache.clear()
    monkeypatch.setattr(page, "HEAL_EVERY", 1)
    search(client, "zebra")
    while queued() < 3:
        time.sleep(0.2)
        search(client, "zebra")


def test_an_index_that_fails_between_two_looks_is_told_too(
    as_: As, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed()

    def fail(query: Any) -> None:
        raise SearchUnavailable("It was there a moment ago.")

    monkeypatch.setattr(engine(), "search", fail)
    assert "not available" in search(as_(alice), "zebra").html


def test_searching_goes_on_while_the_index_is_rebuilt(as_: As, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    indexed()
    client, seen = as_(alice), []
    all_documents = indexing.all_documents

    def documents() -> Any:
        for document in all_documents():
            seen.append(search(client, "zebra").has(post))
            yield document

    monkeypatch.setattr(indexing, "all_documents", documents)
    indexing.rebuild()
    assert seen and all(seen)
    assert search(client, "zebra").has(post)


# Pages


def test_pages_follow_each_other_and_repeat_nothing(as_: As, alice: User) -> None:
    made = {("post", factories.post(author=alice, body=f"Zebra {number}").pk) for number in range(45)}
    indexed()
    client = as_(alice)
    first, second, third = (search(client, "zebra", page=number) for number in (1, 2, 3))
    assert [len(each.results) for each in (first, second, third)] == [20, 20, 5]
    assert {*first.results, *second.results, *third.results} == made
    assert {first.total, second.total, third.total} == {45}
    assert "showing 21 to 40" in second.html
    assert 'href="?q=zebra&amp;page=2"' in first.html and 'rel="prev"' not in first.html
    assert 'rel="prev"' in third.html and 'rel="next"' not in third.html
    beyond = search(client, "zebra", page=40)
    assert beyond.results == first.results, "a page that is not there is the first"


# Whatever is typed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "***",
        '"',
        '""""',
        "-",
        "-zebra",
        "zebra*",
        "(" * 100,
        "a" * 5000,
        "\x00\x01\x02zebra\x1b",
        "zebra\ud7ff\uffff\u202e",
        "' OR 1=1 --",
        "kind:article AND (NOT",
        "%00%0a",
        "🦓",
        "{{ 7 }}{% now %}",
    ],
)
def test_no_text_is_too_strange(as_: As, alice: User, text: str) -> None:
    factories.post(author=alice, body="A zebra crossing")
    indexed()
    search(as_(alice), text, department=text, topic=text, kind=text, page=text)


def test_ten_thousand_words_are_cut_short(as_: As, alice: User) -> None:
    post = factories.post(author=alice, body="A zebra crossing")
    indexed()
    found = search(as_(alice), "zebra " + "word " * 10_000)
    assert found.results == [("post", post.pk)]
    assert found.html.count("word") < 1000


def test_only_reading_is_possible(as_: As, alice: User) -> None:
    assert as_(alice).post("/search/", {"q": "zebra"}).status_code == 405


def test_who_searches_too_often_is_asked_to_wait(as_: As, alice: User, bob: User, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "search": "2/m"}
    indexed()
    client = as_(alice)
    assert [client.get("/search/?q=zebra").status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/search/?q=zebra")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert as_(bob).get("/search/?q=zebra").status_code == 200


# What it costs


def queries(client: Client, text: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        search(client, text)
    return len(captured)


def test_twenty_results_of_a_kind_cost_no_more_queries_than_one(as_: As, alice: User, treasury: Department) -> None:
    def everything(word: str) -> None:
        team = factories.department(f"{word} team", parent=treasury)
        person = factories.user(f"{word} Person", email=f"{uuid4()}@example.gov.example", department=team)
        factories.article(author=person, title=f"{word} article", topics=[f"{word} subject"], department=team)
        factories.post(author=person, body=f"{word} post", topics=[f"{word} subject"])
        factories.community(f"{word} community {uuid4()}", owner=person)

    everything("okapi")
    for _ in range(4):
        everything("zebra")
    indexed()
    client = as_(alice)
    few, many = search(client, "okapi"), search(client, "zebra")
    assert few.kinds() == many.kinds() == {"article", "post", "user", "department", "community", "topic"}
    assert len(many.results) == 20
    assert queries(client, "zebra") == queries(client, "okapi") <= 6


def test_a_filter_costs_one_query_more(as_: As, alice: User, treasury: Department) -> None:
    factories.post(author=alice, body="A zebra")
    indexed()
    client = as_(alice)
    search(client, "zebra", department=treasury.slug)
    with CaptureQueriesContext(connection) as captured:
        search(client, "zebra", department=treasury.slug)
    assert len(captured) == queries(client, "zebra") + 1


def test_what_waits_for_the_worker_costs_no_more_the_more_it_is(as_: As, alice: User) -> None:
    made = [factories.post(author=alice, body="A zebra") for _ in range(20)]
    indexed()
    client = as_(alice)
    posts.edit(post=made[0], body="A zebra again", by=alice)
    one = queries(client, "zebra")
    for post in made:
        posts.edit(post=post, body="A zebra again", by=alice)
    assert queries(client, "zebra") == one


def test_a_moment_ago_is_told_as_a_date(as_: As, alice: User) -> None:
    article = factories.article(author=alice, title="Keeping a zebra", review_on=timezone.localdate())
    indexed()
    row = search(as_(alice), "zebra").rows["article", article.pk]
    assert "Owner: Alice Archer" in row and "Review overdue since" in row
