"""Communities: finding, founding, joining, leaving; and what a hidden one must never give away."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from profiles.actions import communities, memberships
from profiles.models import AuditEvent, Community, CommunityKind, CommunityMembership, Topic, TopicAudience, User
from profiles.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
# With the members counted, as they are once in a few minutes
LIST_QUERIES = 7
# The page itself and the panels that other apps put on it; no row adds any
PAGE_QUERIES = 17
OPEN, CLOSED, HIDDEN = CommunityKind.OPEN, CommunityKind.CLOSED, CommunityKind.HIDDEN


def form(name: str = "Plain English", **fields: Any) -> dict[str, Any]:
    return {"name": name, "kind": OPEN, "description": "", "topics": "", "idempotency_key": str(uuid4()), **fields}


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return response.content.decode()


def is_member(person: User, community: Community) -> bool:
    return CommunityMembership.objects.current().filter(user=person, community=community).exists()


class TestFounding:
    def test_a_form_founds_a_community_with_its_owner(self, as_: Any, alice: User, charlie: User) -> None:
        assert as_(alice).get("/communities/new/").status_code == 200
        answer = as_(alice).post("/communities/new/", form(topics="Writing, Plain words", description="For clarity"))
        assert (answer.status_code, answer.url) == (303, "/communities/plain-english/")
        page = text_of(as_(charlie).get(answer.url))
        assert "For clarity" in page and "Plain words" in page and "Alice Archer" in page
        made = Community.objects.get()
        assert made.memberships.get().is_owner and made.audience
        assert AuditEvent.objects.filter(action="community.founded", actor=alice).count() == 1

    def test_the_same_form_twice_makes_one(self, as_: Any, alice: User) -> None:
        client, sent = as_(alice), form()
        first, second = (client.post("/communities/new/", sent) for _ in range(2))
        assert first.url == second.url
        assert Community.objects.count() == 1
        reused = client.post("/communities/new/", {**sent, "name": "Another"})
        assert reused.status_code == 422
        assert "already sent with other content" in reused.content.decode()
        key = reused.context["form"]["idempotency_key"].value()
        assert client.post("/communities/new/", {**sent, "name": "Another", "idempotency_key": key}).status_code == 303

    def test_a_taken_name_is_explained(self, as_: Any, alice: User, charlie: User) -> None:
        factories.community("Plain English", owner=charlie)
        answer = as_(alice).post("/communities/new/", form("  plain   ENGLISH ", description="Kept text"))
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "A community called “plain ENGLISH” exists already" in page.replace("&quot;", '"')
        assert "Kept text" in page and 'href="#id_name"' in page

    def test_a_hidden_name_gives_nothing_away(self, as_: Any, alice: User, charlie: User) -> None:
        factories.community("Project Heron", owner=charlie, kind=HIDDEN)
        client = as_(alice)
        taken = client.post("/communities/new/", form("Project Heron"))
        free = client.post("/communities/new/", form("Project Stork"))
        assert (taken.status_code, free.status_code) == (303, 303)
        assert taken.url == "/communities/project-heron/", "the address is the one that a free name gets"
        assert free.url == "/communities/project-stork/"

    def test_a_hidden_community_may_not_open_under_a_taken_name(self, as_: Any, alice: User, charlie: User) -> None:
        hidden = factories.community("Heron", owner=charlie, kind=HIDDEN)
        factories.community("Heron", owner=alice)
        answer = as_(charlie).post(f"/communities/{hidden.slug}/edit/", form("Heron", kind=CLOSED))
        assert answer.status_code == 422
        hidden.refresh_from_db()
        assert hidden.is_hidden

    @pytest.mark.parametrize(
        ("field", "value"),
        [("name", ""), ("name", "x" * 121), ("kind", "secret"), ("topics", "!!!"), ("topics", "a," * 11 + "b" * 101)],
    )
    def test_bad_input_is_explained_and_kept(self, as_: Any, alice: User, field: str, value: str) -> None:
        answer = as_(alice).post("/communities/new/", form(description="Kept text", **{field: value}))
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "There is a problem" in page and "Kept text" in page
        assert not Community.objects.exists()

    def test_no_community_stands_where_a_page_stands(self, as_: Any, alice: User) -> None:
        answer = as_(alice).post("/communities/new/", form("New"))
        assert answer.url == "/communities/new-2/"
        assert "<h1" in text_of(as_(alice).get(answer.url))


class TestFinding:
    def test_ones_own_come_first_and_all_behind_a_tab(self, as_: Any, alice: User, charlie: User) -> None:
        factories.community("Bees", owner=charlie)
        mine = factories.community("Ants", owner=charlie, members=(alice,))
        client = as_(alice)
        page = text_of(client.get("/communities/"))
        assert "Ants" in page and "Bees" not in page and "2 members" in page and ">Member<" in page
        page = text_of(client.get("/communities/?show=all"))
        assert "Ants" in page and "Bees" in page and "/communities/bees/join/" in page
        communities.remove(community=mine, user=alice, by=alice)
        assert "Bees" in text_of(client.get("/communities/")), "who has none sees all"

    def test_a_text_finds_by_name_and_description(self, as_: Any, alice: User, charlie: User) -> None:
        found = factories.community("Bees", owner=charlie)
        Community.objects.filter(pk=found.pk).update(description="Honey and hives")
        client = as_(alice)
        assert "Bees" in text_of(client.get("/communities/", {"q": "HIVES"}))
        assert "No community found" in text_of(client.get("/communities/", {"q": "zebra"}))
        assert client.get("/communities/", {"cursor": "x"}).status_code == 404

    def test_hidden_ones_are_listed_to_their_members_alone(self, as_: Any, alice: User, bob: User, sam: User) -> None:
        factories.community("Project Heron", owner=alice, kind=HIDDEN)
        assert "Project Heron" in text_of(as_(alice).get("/communities/?show=all"))
        for person in (bob, sam):
            for query in ({"show": "all"}, {"q": "heron"}):
                assert "Project Heron" not in text_of(as_(person).get("/communities/", query))

    def test_topics_that_one_may_not_know_of_are_left_out(self, as_: Any, alice: User, bob: User) -> None:
        hidden = factories.community("Heron", owner=alice, kind=HIDDEN)
        communities.change(
            community=hidden, name="Heron", kind=HIDDEN, description="", topics=["Heron watching"], by=alice
        )
        secret = Topic.objects.get(slug="heron-watching")
        assert list(TopicAudience.objects.filter(topic=secret).values_list("audience", flat=True)) == [
            hidden.audience.pk
        ]
        club = factories.community("Birds", owner=bob)
        club.topics.add(secret)
        assert "Heron watching" not in text_of(as_(bob).get("/communities/?show=all"))
        assert "Heron watching" not in text_of(as_(bob).get("/communities/birds/"))
        assert "Heron watching" in text_of(as_(alice).get("/communities/birds/"))

    @pytest.mark.parametrize("rows", [1, 20])
    def test_the_list_costs_the_same_with_one_row_and_with_twenty(
        self, as_: Any, alice: User, bob: User, django_assert_max_num_queries: Any, rows: int
    ) -> None:
        topics = [factories.topic(), factories.topic()]
        for number in range(rows):
            club = factories.community(f"Club {number}", owner=bob, members=(alice,))
            club.topics.set(topics)
        client = as_(alice)
        with django_assert_max_num_queries(LIST_QUERIES):
            assert len(client.get("/communities/").context["page"]) == rows


class TestReading:
    def test_an_open_one_shows_everything(self, as_: Any, alice: User, bob: User, charlie: User) -> None:
        factories.community("Bees", owner=alice, members=(bob,))
        page = text_of(as_(charlie).get("/communities/bees/"))
        assert "Alice Archer" in page and "Bob Baker" in page
        assert "Bob Baker" in text_of(as_(charlie).get("/communities/bees/members/"))

    def test_a_closed_one_shows_what_it_is_and_whom_to_ask(
        self, as_: Any, alice: User, bob: User, charlie: User
    ) -> None:
        club = factories.community("Bees", owner=alice, kind=CLOSED, members=(bob,))
        Community.objects.filter(pk=club.pk).update(description="Honey")
        page = text_of(as_(charlie).get("/communities/bees/"))
        assert "Honey" in page and "Alice Archer" in page and "Ask to join" in page
        assert "Bob Baker" not in page
        assert as_(charlie).get("/communities/bees/members/").status_code == 403
        assert "Alice Archer" in text_of(as_(bob).get("/communities/bees/members/"))

    def test_a_hidden_one_looks_like_nothing_at_all(self, as_: Any, alice: User, bob: User, sam: User) -> None:
        hidden = factories.community("Project Heron", owner=alice, kind=HIDDEN)
        assert as_(alice).get(hidden.get_absolute_url()).status_code == 200
        for person in (bob, sam):
            client = as_(person)
            for path in ("", "edit/", "members/"):
                there = client.get(f"{hidden.get_absolute_url()}{path}")
                nowhere = client.get(f"/communities/nowhere/{path}")
                assert there.status_code == nowhere.status_code == 404
                assert there.content == nowhere.content
            for path in ("join/", "leave/", f"members/{alice.pk}/approve/", f"members/{alice.pk}/remove/"):
                assert client.post(f"{hidden.get_absolute_url()}{path}").status_code == 404

    def test_somebody_whose_number_cannot_be_is_not_found(self, as_: Any, alice: User) -> None:
        factories.community("Bees", owner=alice)
        assert as_(alice).post(f"/communities/bees/members/{10**30}/approve/").status_code == 404

    def test_suspended_members_are_not_shown(self, as_: Any, alice: User, bob: User) -> None:
        factories.community("Bees", owner=alice, members=(bob,))
        memberships.suspend(user=bob, by=None)
        assert "Bob Baker" not in text_of(as_(alice).get("/communities/bees/"))
        assert "Bob Baker" not in text_of(as_(alice).get("/communities/bees/members/"))
        assert "1 member<" in text_of(as_(alice).get("/communities/"))

    @pytest.mark.parametrize("rows", [1, 20])
    def test_the_pages_cost_the_same_with_one_member_and_with_twenty(
        self, as_: Any, alice: User, django_assert_max_num_queries: Any, rows: int
    ) -> None:
        people = tuple(factories.user() for _ in range(rows))
        club = factories.community("Bees", owner=alice, members=people)
        for person in people:
            if person.pk % 2:
                communities.make_owner(community=club, user=person, by=alice)
        client = as_(alice)
        with django_assert_max_num_queries(PAGE_QUERIES):
            client.get("/communities/bees/")
        with django_assert_max_num_queries(11):
            client.get("/communities/bees/members/")


class TestJoining:
    def test_who_joins_and_who_leaves_counts_at_once(
        self, as_: Any, alice: User, bob: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        club = factories.community("Bees", owner=alice)

        def shown() -> list[str]:
            page = text_of(as_(bob).get("/communities/bees/")) + text_of(as_(bob).get("/communities/?show=all"))
            return re.findall(r'Members <span class="ck-count">(\d+)<|>(\d+) members?<', page)

        assert shown() == [("1", ""), ("", "1")]
        with django_capture_on_commit_callbacks(execute=True):
            communities.join(community=club, by=bob)
        assert shown() == [("2", ""), ("", "2")]
        with django_capture_on_commit_callbacks(execute=True):
            communities.remove(community=club, user=bob, by=bob)
        assert shown() == [("1", ""), ("", "1")]

    def test_one_click_joins_an_open_one(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice)
        client = as_(bob)
        assert client.get("/communities/bees/join/").status_code == 405
        for _ in range(2):
            assert client.post("/communities/bees/join/").status_code == 303
        assert club.memberships.filter(user=bob).count() == 1
        assert is_member(bob, club)
        assert client.post("/communities/bees/leave/").status_code == 303
        assert not is_member(bob, club)

    def test_a_closed_one_is_asked_and_its_owners_decide(self, as_: Any, alice: User, bob: User, charlie: User) -> None:
        club = factories.community("Bees", owner=alice, kind=CLOSED)
        for person in (bob, charlie):
            as_(person).post("/communities/bees/join/")
            assert not is_member(person, club)
        assert "Asked to join" in text_of(as_(bob).get("/communities/bees/"))
        assert "Waiting for an answer" in text_of(as_(alice).get("/communities/bees/members/"))
        assert as_(bob).post(f"/communities/bees/members/{bob.pk}/approve/").status_code == 403
        as_(alice).post(f"/communities/bees/members/{bob.pk}/approve/")
        as_(alice).post(f"/communities/bees/members/{charlie.pk}/remove/")
        assert is_member(bob, club)
        assert not club.memberships.filter(user=charlie).exists()
        assert "Waiting for an answer" not in text_of(as_(bob).get("/communities/bees/members/"))

    def test_a_request_can_be_taken_back(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice, kind=CLOSED)
        as_(bob).post("/communities/bees/join/")
        as_(bob).post("/communities/bees/leave/")
        assert not club.memberships.filter(user=bob).exists()

    def test_nobody_joins_a_hidden_one_unasked(self, alice: User, bob: User) -> None:
        hidden = factories.community("Heron", owner=alice, kind=HIDDEN)
        with pytest.raises(NotAllowed):
            communities.join(community=hidden, by=bob)

    def test_the_last_owner_stays(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice, members=(bob,))
        answer = as_(alice).post("/communities/bees/leave/", follow=True)
        assert "Make another member an owner first." in answer.content.decode()
        assert is_member(alice, club)
        as_(alice).post(f"/communities/bees/members/{bob.pk}/owner/")
        memberships.suspend(user=bob, by=None)
        as_(alice).post("/communities/bees/leave/")
        assert is_member(alice, club), "a suspended owner looks after nothing"
        memberships.reinstate(user=bob, by=None)
        as_(alice).post("/communities/bees/leave/")
        assert not is_member(alice, club)

    def test_who_leaves_a_hidden_one_is_not_sent_back_to_it(self, as_: Any, alice: User, bob: User) -> None:
        hidden = factories.community("Heron", owner=alice, kind=HIDDEN, members=(bob,))
        assert as_(bob).post(f"{hidden.get_absolute_url()}leave/").url == "/communities/"
        assert as_(bob).get(hidden.get_absolute_url()).status_code == 404


class TestLookingAfter:
    def test_owners_add_remove_and_promote_and_members_do_not(
        self, as_: Any, alice: User, bob: User, charlie: User
    ) -> None:
        club = factories.community("Heron", owner=alice, kind=HIDDEN, members=(bob,))
        url = f"{club.get_absolute_url()}members/"
        assert as_(bob).post(url, {"email": charlie.email}).status_code == 403
        assert as_(alice).post(url, {"email": charlie.email}).status_code == 303
        assert is_member(charlie, club)
        for path in (f"{charlie.pk}/remove/", f"{charlie.pk}/owner/"):
            assert as_(bob).post(url + path).status_code == 403
        as_(alice).post(f"{url}{charlie.pk}/owner/")
        assert club.memberships.get(user=charlie).is_owner
        as_(charlie).post(f"{url}{alice.pk}/remove/")
        assert not is_member(alice, club)
        assert AuditEvent.objects.filter(action="community.removed", actor=charlie).count() == 1

    def test_an_unknown_address_is_explained(self, as_: Any, alice: User) -> None:
        factories.community("Bees", owner=alice)
        answer = as_(alice).post("/communities/bees/members/", {"email": "nobody@example.gov.example"})
        assert answer.status_code == 422
        assert "Nobody has an account with this e-mail address" in answer.content.decode()

    def test_somebody_who_only_asked_cannot_be_made_an_owner(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice, kind=CLOSED)
        communities.join(community=club, by=bob)
        answer = as_(alice).post(f"/communities/bees/members/{bob.pk}/owner/", follow=True)
        assert "is not a member" in answer.content.decode()
        assert as_(alice).post("/communities/bees/members/99999/owner/").status_code == 404

    def test_owners_describe_it_and_others_do_not(self, as_: Any, alice: User, bob: User) -> None:
        factories.community("Bees", owner=alice, members=(bob,))
        assert as_(bob).get("/communities/bees/edit/").status_code == 403
        assert as_(bob).post("/communities/bees/edit/", form("Wasps")).status_code == 403
        assert 'value="Bees"' in text_of(as_(alice).get("/communities/bees/edit/"))
        assert as_(alice).post("/communities/bees/edit/", form("Wasps", topics="Insects")).status_code == 303
        page = text_of(as_(bob).get("/communities/bees/"))
        assert "Wasps" in page and "Insects" in page

    def test_opening_lets_in_who_asked(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice, kind=CLOSED)
        communities.join(community=club, by=bob)
        as_(alice).post("/communities/bees/edit/", form("Bees", kind=OPEN))
        assert is_member(bob, club)

    def test_hiding_changes_the_address(self, as_: Any, alice: User, bob: User) -> None:
        club = factories.community("Bees", owner=alice)
        answer = as_(alice).post("/communities/bees/edit/", form("Bees", kind=HIDDEN))
        club.refresh_from_db()
        assert answer.url == club.get_absolute_url() != "/communities/bees/"
        assert as_(bob).get(answer.url).status_code == 404
        made = as_(bob).post("/communities/new/", form("Bees"))
        assert made.url == "/communities/bees/"


def test_a_community_that_says_nothing_of_itself_shows_no_empty_words(as_: Any, alice: User) -> None:
    shown = [
        as_(alice).get(factories.community(name, owner=alice, description=words).get_absolute_url()).content.decode()
        for name, words in (("Silent", ""), ("Telling", "Line one\nsee https://example.com & more"))
    ]
    assert "<p></p>" not in shown[0]
    assert "<p>Line one<br>" in shown[1] and "&amp; more</p>" in shown[1]
