"""Topics: the list, a topic's page, old names that lead to it, and what the Knowledge Council does."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from feeds.models import Follow, PostTopic
from knowledge.models import ArticleTopic
from profiles.actions import communities, topics
from profiles.forms.topics import TopicNamesField
from profiles.models import (
    AuditEvent,
    Community,
    CommunityKind,
    CommunityTopic,
    Expertise,
    Role,
    SearchChange,
    Topic,
    TopicAlias,
    TopicState,
    User,
)
from profiles.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
LIST_QUERIES = 6
# The page itself and the panels that other apps put on it; no row adds any
PAGE_QUERIES = 10


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def secret(alice: User) -> Topic:
    """A suggested topic that only Alice may know of: it was used in her hidden community alone."""
    communities.found(
        name="Heron", kind=CommunityKind.HIDDEN, description="", topics=["Heron watching"], key=uuid4(), by=alice
    )
    return Topic.objects.get(slug="heron-watching")


class TestFinding:
    def test_adopted_topics_stand_with_those_under_them(self, as_: Any, alice: User, secret: Topic) -> None:
        data = factories.topic("Data", description="Numbers that mean something")
        factories.topic("Data sharing", parent=data)
        Topic.objects.filter(pk=secret.pk).update(parent=data)
        page = text_of(as_(alice).get("/topics/"))
        assert "Numbers that mean something" in page
        assert 'aria-label="Under Data"' in page and "Data sharing" in page
        assert "Heron watching" not in page, "only adopted ones are listed"

    def test_a_text_finds_by_name_and_alias(self, as_: Any, alice: User, cora: User, secret: Topic) -> None:
        data = factories.topic("Data")
        nested = factories.topic("Freedom of information", parent=data)
        topics.add_alias(topic=nested, name="FOI", by=cora)
        client = as_(alice)
        for text in ("foi", "FREEDOM"):
            assert "Freedom of information" in text_of(client.get("/topics/", {"q": text}))
        assert "No topic found" in text_of(client.get("/topics/", {"q": "zebra"}))
        assert "Heron watching" not in text_of(as_(cora).get("/topics/", {"q": "her"}))
        assert client.get("/topics/", {"cursor": "x"}).status_code == 404

    def test_the_council_sees_suggested_ones_apart(self, as_: Any, alice: User, cora: User, secret: Topic) -> None:
        factories.community("Bees", owner=alice)
        communities.change(
            community=Community.objects.get(name="Bees"),
            name="Bees",
            kind=CommunityKind.OPEN,
            description="",
            topics=["Honey"],
            by=alice,
        )
        page = text_of(as_(cora).get("/topics/?show=suggested"))
        assert "Honey" in page and "/topics/honey/edit/" in page
        assert "Heron watching" not in page, "nor does the council see what hidden communities say"
        assert "Honey" not in text_of(as_(alice).get("/topics/?show=suggested"))

    @pytest.mark.parametrize("rows", [1, 20])
    def test_the_list_costs_the_same_with_one_row_and_with_twenty(
        self, as_: Any, alice: User, django_assert_max_num_queries: Any, rows: int
    ) -> None:
        for _ in range(rows):
            factories.topic(parent=factories.topic())
        client = as_(alice)
        with django_assert_max_num_queries(LIST_QUERIES):
            assert len(client.get("/topics/").context["page"]) == rows


class TestThePage:
    def test_it_tells_what_belongs_here_and_who_knows(
        self, as_: Any, alice: User, bob: User, charlie: User, cora: User
    ) -> None:
        above = factories.topic("Data")
        topic = factories.topic("Data sharing", parent=above, description="Between departments")
        factories.topic("Data deals", parent=topic)
        topics.add_alias(topic=topic, name="Sharing data", by=cora)
        factories.role(bob, Role.TOPIC_STEWARD, topic=topic)
        Expertise.objects.create(user=charlie, topic=topic)
        club = factories.community("Sharers", owner=alice)
        club.topics.add(topic)
        hidden = factories.community("Heron", owner=alice, kind=CommunityKind.HIDDEN)
        hidden.topics.add(topic)
        page = text_of(as_(charlie).get("/topics/data-sharing/"))
        for words in (
            *("Between departments", "Data deals", "Also called Sharing data", "Bob Baker", "Charlie Cole", "Sharers"),
            *('href="/topics/data/"', "/people/?topic=data-sharing"),
        ):
            assert words in page, words
        assert "Heron" not in page
        assert "Edit topic" not in page
        assert "Edit topic" in text_of(as_(cora).get("/topics/data-sharing/"))

    def test_a_topic_is_absent_for_who_may_not_know_of_it(
        self, as_: Any, alice: User, bob: User, cora: User, secret: Topic
    ) -> None:
        assert as_(alice).get("/topics/heron-watching/").status_code == 200
        for person in (bob, cora):
            there, nowhere = (as_(person).get(f"/topics/{slug}/") for slug in ("heron-watching", "nowhere"))
            assert there.status_code == nowhere.status_code == 404
            assert there.content == nowhere.content
            assert as_(person).get("/topics/heron-watching/edit/").status_code == 404

    def test_an_alias_and_a_merged_topic_lead_to_what_they_mean(self, as_: Any, alice: User, cora: User) -> None:
        topic, old = factories.topic("Freedom of information"), factories.topic("Information requests")
        topics.add_alias(topic=topic, name="FOI", by=cora)
        topics.merge(topic=old, into=topic, by=cora)
        for slug in ("foi", "information-requests"):
            answer = as_(alice).get(f"/topics/{slug}/")
            assert (answer.status_code, answer.url) == (301, "/topics/freedom-of-information/")

    def test_an_alias_of_what_one_may_not_know_of_leads_nowhere(
        self, as_: Any, alice: User, bob: User, secret: Topic
    ) -> None:
        topics.make_alias(topic=secret, name="HW")
        assert as_(alice).get("/topics/hw/").status_code == 301
        there, nowhere = (as_(bob).get(f"/topics/{slug}/") for slug in ("hw", "nowhere"))
        assert there.status_code == nowhere.status_code == 404
        assert there.content == nowhere.content

    @pytest.mark.parametrize("rows", [1, 20])
    def test_it_costs_the_same_with_one_of_everything_and_with_twenty(
        self, as_: Any, alice: User, cora: User, django_assert_max_num_queries: Any, rows: int
    ) -> None:
        topic = factories.topic("Data")
        for number in range(rows):
            factories.topic(parent=topic)
            topics.add_alias(topic=topic, name=f"Name {number}", by=cora)
            person = factories.user()
            Expertise.objects.create(user=person, topic=topic)
            factories.role(person, Role.TOPIC_STEWARD, topic=topic)
            factories.community(owner=alice).topics.add(topic)
        client = as_(alice)
        with django_assert_max_num_queries(PAGE_QUERIES):
            client.get("/topics/data/")


class TestSuggesting:
    def offers(self, client: Any, typed: str) -> list[str]:
        answer = client.get("/topics/suggest/", {"q": typed})
        assert answer.status_code == 200
        return list(answer.context["offers"])

    def test_the_last_name_is_completed(self, as_: Any, alice: User) -> None:
        factories.topic("Data sharing")
        factories.topic("Open data")
        client = as_(alice)
        assert self.offers(client, "dat") == ["Data sharing", "Open data"]
        assert self.offers(client, "hiring, dat") == ["hiring, Data sharing", "hiring, Open data"]
        assert self.offers(client, "Open data, dat") == ["Open data, Data sharing"]
        for nothing in ("", "data, ", "zebra", "a\0b"):
            assert self.offers(client, nothing) == []

    def test_a_name_whose_letters_make_too_long_an_address_is_refused(self, as_: Any, cora: User) -> None:
        field = TopicNamesField()
        assert field.clean("㎏" * 50) == ("㎏" * 50,)
        with pytest.raises(ValidationError, match="100 characters at most"):
            field.clean("㎏" * 51)
        topic = factories.topic("Data")
        answer = as_(cora).post("/topics/data/aliases/", {"name": "㎏" * 51})
        assert answer.status_code == 422 and not topic.aliases.exists()
        assert len(Topic.objects.resolve(["㎏" * 100])[0].slug) == 100

    def test_only_what_one_may_know_of_is_offered(self, as_: Any, alice: User, bob: User, secret: Topic) -> None:
        assert self.offers(as_(alice), "her") == ["Heron watching"]
        assert self.offers(as_(bob), "her") == []

    def test_few_are_offered(self, as_: Any, alice: User) -> None:
        for number in range(30):
            factories.topic(f"Data {number}")
        assert len(self.offers(as_(alice), "data")) == 8

    def test_the_field_asks_for_them(self, as_: Any, alice: User) -> None:
        page = text_of(as_(alice).get("/communities/new/"))
        assert 'hx-get="/topics/suggest/"' in page and '<datalist id="id_topics_suggestions">' in page
        factories.topic("Data")
        answer = as_(alice).get(
            "/topics/suggest/", {"topics": "da"}, headers={"HX-Request": "true", "HX-Trigger-Name": "topics"}
        )
        assert answer.content.decode().strip().endswith('<option value="Data"></option>')

    def test_a_topic_may_be_called_suggest(self, as_: Any, alice: User) -> None:
        assert as_(alice).get("/topics/suggest/").status_code == 404
        factories.topic("Suggest")
        assert "<h1" in text_of(as_(alice).get("/topics/suggest/"))


class TestCurating:
    def suggested(self, name: str, by: User) -> Topic:
        club = factories.community(owner=by)
        communities.change(community=club, name=club.name, kind=club.kind, description="", topics=[name], by=by)
        return Topic.objects.get(name=name)

    def test_the_council_adopts_describes_and_nests(self, as_: Any, alice: User, cora: User) -> None:
        above, topic = factories.topic("Data"), self.suggested("Data sharing", alice)
        client, url = as_(cora), "/topics/data-sharing/edit/"
        assert "Adopt" in text_of(client.get(url))
        assert client.post(url, {"description": "Between us", "parent": above.pk}).status_code == 303
        topic.refresh_from_db()
        assert (topic.state, topic.description, topic.parent) == (TopicState.ADOPTED, "Between us", above)
        assert client.post(url, {"description": "Among us", "parent": ""}).status_code == 303
        topic.refresh_from_db()
        assert (topic.description, topic.parent) == ("Among us", None)
        acts = AuditEvent.objects.filter(object_type="topic").order_by("position").values_list("action", flat=True)
        assert list(acts) == ["topic.adopted", "topic.described"]

    def test_nobody_else_does(self, as_: Any, alice: User, dana: User, max_: User, cora: User) -> None:
        topic = factories.topic("Data")
        alias = topics.add_alias(topic=topic, name="Numbers", by=cora)
        for person in (alice, dana, max_):
            client = as_(person)
            assert client.get("/topics/data/edit/").status_code == 403
            assert client.post("/topics/data/edit/", {"description": "Mine"}).status_code == 403
            assert client.post("/topics/data/aliases/", {"name": "Mine"}).status_code == 403
            assert client.post(f"/topics/data/aliases/{alias.pk}/remove/").status_code == 403
            with pytest.raises(NotAllowed):
                topics.merge(topic=topic, into=factories.topic(), by=person)

    def test_a_topic_never_stands_under_itself(self, as_: Any, cora: User) -> None:
        top = factories.topic("Top")
        middle = factories.topic("Middle", parent=top)
        low = factories.topic("Low", parent=middle)
        client = as_(cora)
        answer = client.post("/topics/top/edit/", {"description": "Kept text", "parent": low.pk})
        assert answer.status_code == 422
        assert "cannot stand under itself" in answer.content.decode() and "Kept text" in answer.content.decode()
        assert client.post("/topics/top/edit/", {"parent": top.pk}).status_code == 422

    def test_only_topics_one_may_see_can_stand_above(self, as_: Any, cora: User, secret: Topic) -> None:
        factories.topic("Data")
        Topic.objects.filter(pk=secret.pk).update(state=TopicState.SUGGESTED)
        assert as_(cora).post("/topics/data/edit/", {"parent": secret.pk}).status_code == 422

    def test_other_names_are_added_and_removed(self, as_: Any, cora: User) -> None:
        topic = factories.topic("Freedom of information")
        client, url = as_(cora), "/topics/freedom-of-information/aliases/"
        for _ in range(2):
            assert client.post(url, {"name": "FOI"}).status_code == 303
        assert topic.aliases.count() == 1
        assert Topic.objects.resolve(["foi"]) == [topic]
        assert client.post(f"{url}{topic.aliases.get().pk}/remove/").status_code == 303
        assert Topic.objects.resolve(["foi"]) != [topic]
        assert client.post(f"{url}999/remove/").status_code == 404

    @pytest.mark.parametrize("name", ["", "!!!", "x" * 101, "Data", "numbers"])
    def test_a_name_that_cannot_be_is_explained(self, as_: Any, cora: User, name: str) -> None:
        data = factories.topic("Data")
        topics.add_alias(topic=data, name="Numbers", by=cora)
        factories.topic("Statistics")
        answer = as_(cora).post("/topics/statistics/aliases/", {"name": name})
        assert answer.status_code == 422
        assert "There is a problem" in answer.content.decode()
        assert TopicAlias.objects.count() == 1

    def test_a_name_in_use_where_one_may_not_look_is_taken_like_any_other(self, cora: User, secret: Topic) -> None:
        birds = factories.topic("Birds")
        alias = topics.add_alias(topic=birds, name="Heron watching", by=cora)
        assert alias.topic == birds


class TestMerging:
    def test_all_that_carried_the_one_carries_the_other(
        self, alice: User, bob: User, charlie: User, cora: User
    ) -> None:
        old, new = factories.topic("Information requests"), factories.topic("Freedom of information")
        below = factories.topic("Appeals", parent=old)
        topics.add_alias(topic=old, name="FOI", by=cora)
        older = factories.topic("Open files")
        topics.merge(topic=older, into=old, by=cora)
        for person, known in ((alice, (old,)), (bob, (old, new)), (charlie, (new,))):
            Expertise.objects.bulk_create(Expertise(user=person, topic=topic) for topic in known)
        club = factories.community("Askers", owner=alice)
        club.topics.set([old, new])
        steward = factories.role(bob, Role.TOPIC_STEWARD, topic=old)
        before = SearchChange.objects.count()
        topics.merge(topic=old, into=new, by=cora)

        assert set(Expertise.objects.values_list("user", "topic")) == {
            (person.pk, new.pk) for person in (alice, bob, charlie)
        }
        assert list(CommunityTopic.objects.values_list("topic", flat=True)) == [new.pk]
        steward.refresh_from_db(), below.refresh_from_db(), old.refresh_from_db(), older.refresh_from_db()
        assert (steward.topic, below.parent, old.merged_into, older.merged_into) == (new, new, new, new)
        for name in ("Information requests", "foi", "open files", "Freedom of Information"):
            assert Topic.objects.resolve([name]) == [new], name
        event = AuditEvent.objects.order_by("position").last()
        assert (event.action, event.actor, event.details["into"]) == ("topic.merged", cora, "freedom-of-information")
        changed = set(SearchChange.objects.order_by("pk")[before:].values_list("kind", "object_id"))
        assert {("user", alice.pk), ("user", bob.pk), ("community", club.pk), ("topic", old.pk)} <= changed

    def test_articles_posts_and_followers_come_along(self, alice: User, bob: User, cora: User) -> None:
        old, new = factories.topic("Information requests"), factories.topic("Freedom of information")
        article = factories.article(author=alice, topics=["Information requests"])
        post = factories.post(author=alice, topics=["Information requests", "Freedom of information"])
        Follow.objects.create(user=bob, topic=old)
        Follow.objects.create(user=alice, topic=old)
        Follow.objects.create(user=alice, topic=new)
        version = post.version
        topics.merge(topic=old, into=new, by=cora)
        assert [row.tag for row in ArticleTopic.objects.filter(content_object=article)] == [new]
        assert [row.tag for row in PostTopic.objects.filter(content_object=post)] == [new]
        assert list(Follow.objects.order_by("user").values_list("user", "topic")) == sorted(
            [(alice.pk, new.pk), (bob.pk, new.pk)]
        )
        post.refresh_from_db()
        assert post.version > version, "kept fragments of the post are drawn anew"

    def test_a_topic_may_be_merged_into_one_below_it(self, cora: User) -> None:
        top = factories.topic("Top")
        middle = factories.topic("Middle", parent=top)
        low = factories.topic("Low", parent=middle)
        topics.merge(topic=top, into=low, by=cora)
        low.refresh_from_db(), middle.refresh_from_db()
        assert (low.parent, middle.parent) == (None, low)

    def test_what_cannot_become_one_is_refused(self, alice: User, cora: User, secret: Topic) -> None:
        one, other, gone = factories.topic("One"), factories.topic("Other"), factories.topic("Gone")
        topics.merge(topic=gone, into=one, by=cora)
        for topic, into in ((one, one), (one, gone), (gone, other), (one, secret)):
            with pytest.raises(topics.CannotMerge):
                topics.merge(topic=topic, into=into, by=cora)
