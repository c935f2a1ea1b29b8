"""What is done to communities: founding, joining, leaving, changing who may read."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.text import slugify

from intranet.lib.idempotency import create_once, digest
from profiles.actions import audit, search
from profiles.actions.topics import note_use
from profiles.counts import members_changed
from profiles.models import Audience, AudienceKind, Community, CommunityKind, CommunityMembership, Topic, User
from profiles.permissions import NotAllowed, Permission, require
from profiles.signals import community_join_requested, community_joined, rights_changed

TAKEN = "A community called “{name}” exists already. Choose another name, or join that one."
# Letters that make the address of a hidden community one nobody comes upon
RANDOM = "abcdefghijkmnpqrstuvwxyz23456789"

# Pages that stand where communities stand
PAGES = {"new"}


class LastOwner(Exception):
    """The community would be left without an owner."""


class NameTaken(Exception):
    """Another community that everybody may know of has this name."""


class NotAMember(Exception):
    """The person does not belong to the community."""


@transaction.atomic
def found(
    *, name: str, kind: str, description: str, topics: Iterable[Topic | str], key: UUID, by: User
) -> tuple[Community, bool]:
    """A new community with `by` as its owner.

    Args:
        topics: topics, or names of topics as typed.
        key: the idempotency key of the form.

    Returns:
        The community, and whether it was made now (False: the same request again).

    Raises:
        KeyReused: the key came before with other contents.
        NameTaken: another community that is not hidden has this name.
    """
    chosen = _chosen(topics)
    body = digest(name=name, kind=kind, description=description, topics=[topic.pk for topic in chosen])

    def create() -> Community:
        _claim(name, kind)
        community = Community.objects.create(
            name=name,
            slug=_free_slug(name, kind),
            kind=kind,
            description=description,
            created_by=by,
            idempotency_key=key,
            request_digest=body,
        )
        Audience.objects.create(kind=AudienceKind.COMMUNITY, community=community)
        _set_topics(community, chosen)
        CommunityMembership.objects.create(community=community, user=by, is_owner=True, joined_at=timezone.now())
        audit.record(action="community.founded", by=by, obj=community, details={"kind": kind})
        search.changed(community)
        return community

    try:
        return create_once(Community, owner={"created_by": by}, key=key, digest=body, create=create)
    except IntegrityError as error:
        # Somebody took the name, or the address made from it, between the look and the row
        raise NameTaken(TAKEN.format(name=name)) from error


@transaction.atomic
def change(
    *, community: Community, name: str, kind: str, description: str, topics: Iterable[Topic | str], by: User
) -> None:
    """Describe a community anew or change who may read it.

    Opening it lets in those who asked; hiding it gives it a new address, so that the old one says nothing.

    Raises:
        NotAllowed: `by` is not one of its owners.
        NameTaken: another community that is not hidden has this name.
    """
    require(by, Permission.MANAGE_COMMUNITY, community)
    community.refresh_from_db(from_queryset=Community.objects.select_for_update(no_key=True))
    _claim(name, kind, but=community)
    before = {"name": community.name, "kind": community.kind, "description": community.description}
    community.name, community.kind, community.description = name, kind, description
    if before["kind"] != kind:
        if kind == CommunityKind.OPEN:
            _let_everybody_in(community, by)
        if kind == CommunityKind.HIDDEN:
            community.slug = _free_slug(name, kind)
    community.save(update_fields=["name", "slug", "kind", "description"])
    _set_topics(community, _chosen(topics))
    changed = [field for field, value in before.items() if getattr(community, field) != value]
    details = {"fields": changed, "before": before["kind"], "after": kind}
    audit.record(action="community.changed", by=by, obj=community, details=details)
    search.changed(community)
    if before["kind"] != kind:
        rights_changed.send(sender=Community, user_ids=None)


@transaction.atomic
def join(*, community: Community, by: User) -> CommunityMembership:
    """Join an open community, or ask the owners of a closed one. Twice is once.

    Raises:
        NotAllowed: the community is hidden, and nobody joins it unasked.
    """
    membership = CommunityMembership.objects.filter(community=community, user=by).first()
    if membership and (membership.joined_at or community.kind != CommunityKind.OPEN):
        return membership
    if community.kind == CommunityKind.HIDDEN:
        raise NotAllowed("Only its owners can add people to this community.")
    joined_at = timezone.now() if community.kind == CommunityKind.OPEN else None
    membership, _ = CommunityMembership.objects.update_or_create(
        community=community, user=by, defaults={"joined_at": joined_at}
    )
    if joined_at:
        members_changed(community)
        rights_changed.send(sender=Community, user_ids=[by.pk])
    else:
        community_join_requested.send(sender=Community, community=community, user=by, by=by)
    return membership


@transaction.atomic
def add(*, community: Community, user: User, by: User) -> CommunityMembership:
    """Let `user` in: an answer to their request, or an invitation.

    Raises:
        NotAllowed: `by` is not one of the owners.
    """
    require(by, Permission.MANAGE_COMMUNITY, community)
    membership, _ = CommunityMembership.objects.get_or_create(community=community, user=user)
    if membership.joined_at is None:
        membership.joined_at = timezone.now()
        membership.save(update_fields=["joined_at"])
        members_changed(community)
        audit.record(action="community.added", by=by, obj=community, details={"user": user.pk})
        community_joined.send(sender=Community, community=community, user=user, by=by)
        rights_changed.send(sender=Community, user_ids=[user.pk])
    return membership


@transaction.atomic
def make_owner(*, community: Community, user: User, by: User) -> None:
    """Make a member an owner too. Twice is once.

    Raises:
        NotAllowed: `by` is not one of the owners.
        NotAMember: `user` does not belong to the community, or only asked to.
    """
    require(by, Permission.MANAGE_COMMUNITY, community)
    membership = CommunityMembership.objects.current().filter(community=community, user=user).first()
    if membership is None:
        raise NotAMember(f"{user.name} is not a member of this community. Add them first.")
    if membership.is_owner:
        return
    membership.is_owner = True
    membership.save(update_fields=["is_owner"])
    audit.record(action="community.owner-added", by=by, obj=community, details={"user": user.pk})


@transaction.atomic
def remove(*, community: Community, user: User, by: User) -> None:
    """End somebody's membership or request; leaving is removing oneself. Twice is once.

    Raises:
        NotAllowed: `by` is neither that person nor one of the owners.
        LastOwner: nobody would be left who looks after it.
    """
    if by.pk != user.pk:
        require(by, Permission.MANAGE_COMMUNITY, community)
    # Two owners who leave at once would each count on the other
    Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    membership = CommunityMembership.objects.filter(community=community, user=user).first()
    if membership is None:
        return
    others = CommunityMembership.objects.owners().filter(community=community).exclude(user=user)
    if membership.is_owner and not others.exists():
        raise LastOwner("A community needs an owner. Make another member an owner first.")
    membership.delete()
    members_changed(community)
    if by.pk != user.pk:
        audit.record(action="community.removed", by=by, obj=community, details={"user": user.pk})
    rights_changed.send(sender=Community, user_ids=[user.pk])


def _chosen(topics: Iterable[Topic | str]) -> list[Topic]:
    chosen: dict[int, Topic] = {}
    for topic in topics:
        found = Topic.objects.resolve([topic]) if isinstance(topic, str) else [topic.target()]
        chosen.update({row.pk: row for row in found})
    return list(chosen.values())


def _set_topics(community: Community, topics: list[Topic]) -> None:
    """Make `topics` what the community is about; whoever may know of it may know of them."""
    community.topics.set(topics)
    audience = community.audience if community.is_hidden else Audience.objects.everyone()
    note_use(topics=topics, audience=audience)


def _let_everybody_in(community: Community, by: User) -> None:
    waiting = CommunityMembership.objects.requested().filter(community=community)
    for user in User.objects.filter(community_memberships__in=waiting):
        add(community=community, user=user, by=by)


def _claim(name: str, kind: str, but: Community | None = None) -> None:
    if kind == CommunityKind.HIDDEN:
        return
    others = Community.objects.exclude(kind=CommunityKind.HIDDEN).filter(name__iexact=name)
    if (others.exclude(pk=but.pk) if but else others).exists():
        raise NameTaken(TAKEN.format(name=name))


def _free_slug(name: str, kind: str) -> str:
    """An address of its own. A hidden community's cannot be guessed, and takes none that another would get."""
    stem = slugify(name)[:140] or "community"
    if kind == CommunityKind.HIDDEN:
        return f"{stem}-{get_random_string(12, RANDOM)}"
    slug, number = stem, 1
    while slug in PAGES or Community.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug
