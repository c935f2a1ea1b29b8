"""Makes rows for tests, through the same actions the service uses wherever there is one."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import uuid4

from django.utils import timezone

from profiles.actions import communities, departments, memberships
from profiles.models import (
    Audience,
    Community,
    CommunityKind,
    CommunityMembership,
    Department,
    Role,
    RoleGrant,
    Topic,
    TopicState,
    User,
)

PASSWORD = "a long enough pass phrase"
_numbers = itertools.count(1)


def department(name: str = "", **fields: Any) -> Department:
    """An open department with its name, place and audience."""
    return departments.found(name=name or f"Department {next(_numbers)}", by=None, **fields)


def user(name: str = "", *, department: Department | None = None, password: str | None = None, **fields: Any) -> User:
    """An active person who accepted the code of conduct; a member of `department` if one is given."""
    name = name or f"Person {next(_numbers)}"
    email = fields.pop("email", f"{name.lower().replace(' ', '.')}@example.gov.example")
    fields.setdefault("conduct_accepted_at", timezone.now())
    person: User = User.objects.create_user(email, password, name=name, **fields)
    if department:
        memberships.join(user=person, department=department, by=None)
        person.refresh_from_db()
    return person


def role(user: User, role: Role, **scope: Any) -> RoleGrant:
    return RoleGrant.objects.create(user=user, role=role, **scope)


def community(
    name: str = "",
    *,
    owner: User,
    kind: str = CommunityKind.OPEN,
    members: tuple[User, ...] = (),
    description: str = "",
) -> Community:
    """A community with an owner and members."""
    made, _ = communities.found(
        name=name or f"Community {next(_numbers)}", kind=kind, description=description, topics=[], key=uuid4(), by=owner
    )
    for member in members:
        CommunityMembership.objects.create(community=made, user=member, joined_at=timezone.now())
    return made


def topic(name: str = "", **fields: Any) -> Topic:
    """An adopted topic."""
    fields.setdefault("state", TopicState.ADOPTED)
    name = name or f"Topic {next(_numbers)}"
    return Topic.objects.create(name=name, **fields)


def everyone() -> Audience:
    return Audience.objects.everyone()


def article(*, author: User, audience: Audience | None = None, publish: bool = True, **fields: Any) -> Any:
    """A published article (or a draft) by `author`, through the article actions."""
    from knowledge.actions import articles
    from knowledge.actions.content import Content

    fields.setdefault("title", f"Article {next(_numbers)}")
    fields.setdefault("body", "Some words worth knowing.")
    fields["topics"] = tuple(fields.get("topics", ()))
    content = Content(audience=audience or everyone(), **{"owner": author, **fields})
    made, _ = articles.write(content=content, publish=publish, by=author)
    return made


def post(*, author: User, audience: Audience | None = None, **fields: Any) -> Any:
    """A post by `author`, through the post action."""
    from feeds.actions import posts

    fields.setdefault("body", f"Post {next(_numbers)}")
    made, _ = posts.post(audience=audience or everyone(), key=uuid4(), by=author, **fields)
    return made


def comment(*, post: Any, author: User, body: str = "", parent: Any = None) -> Any:
    """A comment by `author` on `post`, through the comment action."""
    from feeds.actions import comments

    made, _ = comments.comment(
        post=post, body=body or f"Comment {next(_numbers)}", parent=parent, key=uuid4(), by=author
    )
    return made
