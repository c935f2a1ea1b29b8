"""The addresses of topics, communities, departments and people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from tests.visibility.address import BOTH, CURATORS, MANAGERS, WRITE_ONLY, Address, about
from tests.visibility.cast import ABSENT_ID, ABSENT_WORD, AUDIENCES, EVERYBODY, NOBODY, READERS, World


def topics(world: World, name: str) -> Iterator[Address]:
    said, word = world.said[name], world.known(f"{name} topic")
    many: dict[str, Any] = {"readers": READERS[name]}
    shown = (word, world.known(f"{name} title"), world.known(f"{name} post"), world.known(f"{name} question"))
    here, nothing = [said.topic.slug], [ABSENT_WORD]
    yield about("topic", here, nothing, shows=shown, **many)
    yield about(
        "topic_edit",
        here,
        nothing,
        allowed=CURATORS,
        methods=BOTH,
        data={"description": "What it is"},
        shows=(word,),
        **many,
    )
    yield about(
        "topic_alias_new", here, nothing, allowed=CURATORS, methods=WRITE_ONLY, data={"name": "Other word"}, **many
    )
    yield about(
        "topic_alias_remove",
        [*here, said.alias.pk],
        [*nothing, said.alias.pk],
        allowed=CURATORS,
        methods=WRITE_ONLY,
        **many,
    )


def communities(world: World, name: str) -> Iterator[Address]:
    slug, nothing = world.communities[name].slug, f"{ABSENT_WORD}-nothing"
    known = READERS["hidden"] if name == "hidden" else EVERYBODY
    keepers = frozenset({"owner", "site_admin"})
    inside = [world.known(f"{name} {part}") for part in ("post", "question", "title")]
    outside = [world.known(f"{name} description")]
    if name == "hidden":
        outside.append(world.known("hidden name"))
    many: dict[str, Any] = {"readers": known}
    described = {"name": "New name", "kind": name, "description": "New words", "topics": ""}
    yield about("community", [slug], [nothing], shows=(*outside, *inside), **many)
    yield about(
        "community_edit", [slug], [nothing], allowed=keepers, methods=BOTH, data=described, shows=tuple(outside), **many
    )
    yield about("community_join", [slug], [nothing], methods=WRITE_ONLY, **many)
    yield about("community_leave", [slug], [nothing], methods=WRITE_ONLY, **many)
    yield about(
        "community_members",
        [slug],
        [nothing],
        allowed=READERS[name] | keepers,
        senders=keepers,
        methods=BOTH,
        data={"email": world.user("council_member").email},
        **many,
    )
    member = world.user("outsider" if name == "closed" else "author").pk
    for action in ("approve", "remove", "owner"):
        yield about(
            f"community_member_{action}", [slug, member], [nothing, member], allowed=keepers, methods=WRITE_ONLY, **many
        )


def departments(world: World) -> Iterator[Address]:
    for key, name in (("treasury", "department"), ("team", "team")):
        department, nothing = world.departments[key], f"{ABSENT_WORD}-nothing"
        shows = tuple(world.known(f"{name} {part}") for part in ("post", "question", "title"))
        yield about("department", [department.slug], [nothing], shows=shows)
        if key == "treasury":
            yield from _people_of(world, department.slug, nothing)


def _people_of(world: World, slug: str, nothing: str) -> Iterator[Address]:
    """What a department's administrators do with its people."""
    many: dict[str, Any] = {"allowed": MANAGERS, "methods": BOTH}
    added = {"email": world.user("outsider").email, "role_title": "Guest"}
    yield about("department_people", [slug], [nothing], data=added, **many)
    place = world.user("colleague").memberships.get().pk
    forms = {
        "department_person": {"role_title": "Guest"},
        "department_person_end": {"on_0": "1", "on_1": "1", "on_2": "2030"},
        "department_person_suspend": {"reason": "Gone"},
        "department_person_reinstate": {"reason": "Back"},
    }
    for form, data in forms.items():
        yield about(form, [slug, place], [nothing, place], data=data, **many)


def people(world: World) -> Iterator[Address]:
    author, suspended = world.user("author"), world.user("suspended")
    editors = frozenset({"author"}) | MANAGERS
    shows = tuple(world.known(f"{name} {part}") for name in AUDIENCES for part in ("post", "question", "title"))
    fields = {"name": author.name, "version": author.updated_at.isoformat(), "working_days": "0"}
    for person, readers in ((author, EVERYBODY), (suspended, NOBODY)):
        many: dict[str, Any] = {"readers": readers}
        here, nothing = [person.pk], [ABSENT_ID]
        yield about("person", here, nothing, shows=shows if readers else (), **many)
        yield about("person_edit", here, nothing, allowed=editors, methods=BOTH, data=fields, **many)
        yield about("person_confirm", here, nothing, allowed=frozenset({"author"}), methods=WRITE_ONLY, **many)
        yield about("person_photo_edit", here, nothing, allowed=editors, methods=BOTH, data={"remove": "1"}, **many)
        for size in (96, 256):
            yield about("person_photo", [person.pk, person.photo_key, size], [ABSENT_ID, "x", size], **many)


def follows(world: World) -> Iterator[Address]:
    """One address for all, which says in the form what it is about."""
    people = {"person": (world.user("council_member"), EVERYBODY - {"council_member"})}
    targets = [("person", *people["person"]), ("department", world.departments["team"], EVERYBODY)]
    targets += [("topic", world.said[name].topic, READERS[name]) for name in AUDIENCES]
    url = reverse("follow")
    for kind, target, readers in targets:
        for on in ("", "1"):
            data = {kind: target.pk, "on": on}
            yield Address(
                "follow",
                url,
                url,
                readers=EVERYBODY if kind == "person" else readers,
                allowed=readers if on else EVERYBODY,
                methods=WRITE_ONLY,
                data=data,
                absent_data={kind: ABSENT_ID, "on": on},
            )
    suspended = {"person": world.user("suspended").pk, "on": "1"}
    nobody = {"person": ABSENT_ID, "on": "1"}
    yield Address("follow", url, url, readers=NOBODY, methods=WRITE_ONLY, data=suspended, absent_data=nobody)
