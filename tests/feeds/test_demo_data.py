"""The demonstration's data files and generators: complete, consistent, and the same every time."""

from __future__ import annotations

import io
import re
from collections import Counter
from itertools import chain

import pytest
from PIL import Image

from feeds.demo.avatars import avatar
from feeds.demo.biographies import GRADES, in_a_sentence
from feeds.demo.catalogue import communities, departments, posts, read_yaml, topics
from feeds.demo.people import DemoPerson, people

ACCOUNTS = {
    "civil.servant": "Civil servant",
    "council": "Knowledge Council member",
    "council.chair": "Knowledge Council chair",
    "department.admin": "Department admin",
    "community.owner": "Community owner",
    "moderator": "Moderator",
    "records.officer": "Records officer",
    "topic.steward": "Topic steward",
    "admin": "Site admin",
}
# The ranges that Ofcom keeps for drama: https://www.ofcom.org.uk, "Telephone numbers for use in TV and radio drama"
DRAMA = re.compile(
    r"020 7946 0\d{3}|01(13|14|15|16|17|18|21|31|41|51|61) 496 0\d{3}|0191 498 0\d{3}|029 2018 0\d{3}"
    r"|028 9649 6\d{3}|07700 900\d{3}"
)
TOPICS = {topic.name for topic in topics()}
DEPARTMENTS = {department.slug: department for department in departments()}
TRADES = set(read_yaml("biographies.yaml")["professions"])


def repeated(values: list[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]


@pytest.fixture(scope="module")
def everybody() -> list[DemoPerson]:
    return people()


def test_there_are_32_departments_whose_references_resolve() -> None:
    assert len(DEPARTMENTS) == len(departments()) == 32
    for department in departments():
        assert {*department.parents, *department.successors} <= set(DEPARTMENTS)
        assert bool(department.closed_on) == bool(department.successors)
        assert all(domain.endswith(".example") for domain in department.mail_domains)


def test_every_department_has_teams_of_its_own_two_levels_deep_at_most() -> None:
    slugs = [*DEPARTMENTS]
    for department in departments():
        units = department.all_teams()
        assert 2 <= len(units) <= 8
        assert all(team.kind == "directorate" for team in department.teams)
        assert all(inner.kind == "team" and not inner.teams for team in department.teams for inner in team.teams)
        assert {trade for unit in units for trade in unit.professions} <= TRADES
        slugs += [unit.slug for unit in units]
    assert repeated(slugs) == []


def test_topics_have_unique_words_and_parents_that_do_not_go_in_circles() -> None:
    words = [word.lower() for topic in topics() for word in (topic.name, *topic.aliases)]
    assert repeated(words) == []
    parent = {topic.name: topic.parent for topic in topics()}
    for name in parent:
        seen = [name]
        while above := parent[seen[-1]]:
            assert above in parent and above not in seen
            seen.append(above)


def test_there_are_25_communities_of_all_three_kinds_about_known_topics() -> None:
    assert repeated([community.slug for community in communities()]) == []
    assert Counter(community.kind for community in communities()) == {"open": 20, "closed": 3, "hidden": 2}
    assert set(chain.from_iterable(community.topics for community in communities())) <= TOPICS


def test_people_are_the_same_every_time_and_nobody_appears_twice(everybody: list[DemoPerson]) -> None:
    assert everybody == people()
    assert len(everybody) == 300
    for field in ("key", "email", "name", "phone", "biography"):
        assert repeated([getattr(person, field) for person in everybody]) == [], field


def test_another_number_of_people_can_be_asked_for(everybody: list[DemoPerson]) -> None:
    few, many = people(40), people(1000)
    assert [person.email for person in few] == [person.email for person in everybody[:40]]
    assert len(many) == 1000
    assert repeated([person.email for person in many]) == []


def test_the_named_accounts_come_first(everybody: list[DemoPerson]) -> None:
    named = {person.email: person.account for person in everybody[: len(ACCOUNTS)]}
    assert named == {f"{local}@cabinet-office.example": role for local, role in ACCOUNTS.items()}
    assert not any(person.account for person in everybody[len(ACCOUNTS) :])


def test_every_department_has_six_people_and_one_head(everybody: list[DemoPerson]) -> None:
    staff = Counter(person.department for person in everybody)
    assert set(staff) == set(DEPARTMENTS)
    assert min(staff.values()) >= 6
    heads = [person.department for person in everybody if person.profession == "leadership"]
    assert sorted(heads) == sorted(DEPARTMENTS)


def test_people_work_where_their_department_has_a_team(everybody: list[DemoPerson]) -> None:
    for person in everybody:
        department = DEPARTMENTS[person.department]
        assert person.email.endswith("@" + department.mail_domains[0])
        assert person.team is None or person.team in {team.slug for team in department.all_teams()}
        assert person.grade in GRADES and person.profession in TRADES
        assert person.expertise and set(person.expertise) <= TOPICS
        assert DRAMA.fullmatch(person.phone), person.phone


def test_managers_are_colleagues_of_a_higher_grade(everybody: list[DemoPerson]) -> None:
    by_key = {person.key: person for person in everybody}
    for person in everybody:
        if person.manager_key is None:
            assert person.profession == "leadership"
            continue
        manager = by_key[person.manager_key]
        assert manager.department == person.department
        assert GRADES.index(manager.grade) > GRADES.index(person.grade)


def test_a_team_has_one_lead_at_most(everybody: list[DemoPerson]) -> None:
    assert repeated([person.team for person in everybody if person.is_lead and person.team]) == []


def test_biographies_are_short_and_have_every_blank_filled(everybody: list[DemoPerson]) -> None:
    for person in everybody:
        assert "{" not in person.biography + person.job_title + person.contact_me_about
        assert len(re.findall(r"[.?!]\)?(?=\s|$)", person.biography)) >= 2
        assert 15 <= len(person.biography.split()) <= 110, person.biography


def test_a_phrase_keeps_its_capitals_inside_a_sentence_only_where_they_belong() -> None:
    assert in_a_sentence("People and HR") == "people and HR"
    assert in_a_sentence("Welsh language") == "Welsh language"
    assert in_a_sentence("UPRNs and addresses") == "UPRNs and addresses"


def test_a_portrait_belongs_to_its_key_and_has_the_size_asked_for() -> None:
    first = avatar("priya-raman", 96)
    assert first == avatar("priya-raman", 96)
    assert first != avatar("owen-bellamy", 96)
    assert Image.open(io.BytesIO(first)).size == (96, 96)
    assert Image.open(io.BytesIO(first)).format == "PNG"


def test_every_person_has_a_portrait_of_their_own(everybody: list[DemoPerson]) -> None:
    assert len({person.photo(48) for person in everybody}) > 295


def test_posts_come_from_and_go_to_places_that_exist() -> None:
    known = {"everyone", "department", *(f"community/{community.slug}" for community in communities())}
    for post in posts():
        assert post.kind in ("update", "question", "announcement")
        assert post.to in known, post.to
        assert post.topics and set(post.topics) <= TOPICS, post.text
        for said in (post, *post.all_comments()):
            assert said.department in DEPARTMENTS, said
            assert said.profession in TRADES, said
            assert said.text, post.text


def test_every_community_has_posts_and_the_community_files_hold_140() -> None:
    written = posts("communities-*.yaml")
    assert len(written) == 140
    spread = Counter(post.to for post in written)
    assert all(spread[f"community/{community.slug}"] >= 5 for community in communities())


def test_only_questions_have_an_answer_and_only_one() -> None:
    for post in posts():
        answers = sum(comment.answer for comment in post.all_comments())
        assert answers <= (post.kind == "question"), post.text


def test_no_text_is_posted_twice() -> None:
    written = posts()
    assert repeated([post.text for post in written]) == []
    assert repeated([c.text for post in written for c in post.all_comments() if len(c.text) > 40]) == []
