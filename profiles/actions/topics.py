"""What is done to topics: noting where they are used, adopting, describing, aliasing, merging."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models, transaction
from django.utils.text import slugify

from profiles.actions import audit, search
from profiles.models import (
    Audience,
    Community,
    CommunityTopic,
    Expertise,
    RoleGrant,
    Topic,
    TopicAlias,
    TopicAudience,
    TopicState,
    User,
)
from profiles.permissions import Permission, require
from profiles.signals import topic_merged


class TopicLoop(Exception):
    """A topic would come to stand under itself."""


class AliasTaken(ValueError):
    """The name cannot be an alias: nothing to find it by, or it means something already."""


class CannotMerge(Exception):
    """The two topics cannot become one this way."""


def note_use(*, topics: Iterable[Topic], audience: Audience) -> None:
    """Remember that `topics` were used where `audience` reads, so that its readers may know they exist."""
    topics = list(topics)
    known = set(TopicAudience.objects.filter(topic__in=topics, audience=audience).values_list("topic_id", flat=True))
    new = [topic for topic in topics if topic.pk not in known]
    TopicAudience.objects.bulk_create(
        (TopicAudience(topic=topic, audience=audience) for topic in new), ignore_conflicts=True
    )
    if new:
        search.changed(*new)


@transaction.atomic
def adopt(*, topic: Topic, description: str, by: User, parent: Topic | None = None) -> None:
    """Make a suggested topic one of the service's own.

    Raises:
        NotAllowed: `by` does not curate topics.
        TopicLoop: `parent` stands under `topic`.
    """
    require(by, Permission.CURATE, topic)
    topic.state = TopicState.ADOPTED
    _place(topic, description=description, parent=parent)
    audit.record(action="topic.adopted", by=by, obj=topic)


@transaction.atomic
def describe(*, topic: Topic, description: str, by: User, parent: Topic | None = None) -> None:
    """Describe a topic anew, or put it under another.

    Raises:
        NotAllowed: `by` does not curate topics.
        TopicLoop: `parent` stands under `topic`.
    """
    require(by, Permission.CURATE, topic)
    _place(topic, description=description, parent=parent)
    audit.record(action="topic.described", by=by, obj=topic, details={"parent": parent.slug if parent else ""})


@transaction.atomic
def add_alias(*, topic: Topic, name: str, by: User) -> TopicAlias:
    """Another name that means `topic` from now on.

    Raises:
        NotAllowed: `by` does not curate topics.
        AliasTaken: the name has no letter to find it by, or means another topic already.
    """
    require(by, Permission.CURATE, topic)
    # A topic that `by` may not know of does not stand in the way: to them it does not exist
    if Topic.objects.visible_to(by).filter(slug=slugify(name)).exists():
        raise AliasTaken(f"“{name}” is a topic of its own. Merge the two topics instead.")
    alias = make_alias(topic=topic, name=name)
    audit.record(action="topic.alias-added", by=by, obj=topic, details={"alias": alias.pk})
    search.changed_throughout(topic)
    return alias


def make_alias(*, topic: Topic, name: str) -> TopicAlias:
    """The alias row itself, for `add_alias` and for loading. Twice is once.

    Raises:
        AliasTaken: the name has no letter to find it by, or means another topic already.
    """
    slug = slugify(name)
    if not slug:
        raise AliasTaken("Write the alias with letters or numbers.")
    alias, _ = TopicAlias.objects.get_or_create(slug=slug, defaults={"topic": topic, "name": name})
    if alias.topic_id != topic.pk:
        raise AliasTaken(f"“{name}” already means another topic.")
    return alias


@transaction.atomic
def remove_alias(*, alias: TopicAlias, by: User) -> None:
    """Let a name stand for itself again.

    Raises:
        NotAllowed: `by` does not curate topics.
    """
    require(by, Permission.CURATE, alias.topic)
    audit.record(action="topic.alias-removed", by=by, obj=alias.topic, details={"alias": alias.pk})
    alias.delete()
    search.changed_throughout(alias.topic)


@transaction.atomic
def merge(*, topic: Topic, into: Topic, by: User) -> None:
    """Make `topic` mean `into`: what carried the one carries the other, and so does what is tagged from now on.

    Experts, communities, aliases, stewards and nested topics move here; upper apps move what they tagged when
    they hear `topic_merged`, in the same transaction. The old address leads to the new one.

    Raises:
        NotAllowed: `by` does not curate topics.
        CannotMerge: they are the same topic, or `into` is not adopted.
    """
    require(by, Permission.CURATE, topic)
    topics = {row.pk: row for row in Topic.objects.select_for_update().filter(pk__in=[topic.pk, into.pk])}
    topic, into = topics[topic.pk], topics[into.pk]
    if topic == into or TopicState.MERGED in (topic.state, into.state):
        raise CannotMerge("Choose two different topics that were not merged before.")
    if into.state != TopicState.ADOPTED:
        raise CannotMerge(f"Adopt “{into.name}” first: a topic can be merged only into an adopted one.")
    experts = move_rows(Expertise, topic=topic, into=into, topic_field="topic", item_field="user")
    communities = move_rows(CommunityTopic, topic=topic, into=into, topic_field="topic", item_field="community")
    move_rows(TopicAudience, topic=topic, into=into, topic_field="topic", item_field="audience")
    _move_stewards(topic, into)
    _move_family(topic, into)
    topic.state, topic.merged_into, topic.parent = TopicState.MERGED, into, None
    topic.save(update_fields=["state", "merged_into", "parent"])
    topic_merged.send(sender=Topic, topic=topic, into=into, by=by)
    details = {"into": into.slug, "experts": len(experts), "communities": len(communities)}
    audit.record(action="topic.merged", by=by, obj=topic, details=details)
    search.changed(topic, into, *(User(pk=pk) for pk in experts), *(Community(pk=pk) for pk in communities))


def move_rows(
    model: type[models.Model],
    *,
    topic: Topic,
    into: Topic,
    topic_field: str = "tag",
    item_field: str = "content_object",
) -> list[int]:
    """Move the rows of a through table from one topic to another; an item that carried both keeps one row.

    Returns:
        The ids of the items that carried `topic`: search must learn of them.
    """
    rows = model._default_manager.filter(**{topic_field: topic})
    items = list(rows.values_list(item_field, flat=True))
    already = model._default_manager.filter(**{topic_field: into}).values(item_field)
    rows.filter(**{f"{item_field}__in": already}).delete()
    rows.update(**{topic_field: into})
    return items


def _place(topic: Topic, *, description: str, parent: Topic | None) -> None:
    if parent and topic in _line_of(parent):
        raise TopicLoop(f"“{topic.name}” cannot stand under itself or under a topic below it.")
    topic.description, topic.parent = description, parent
    topic.save(update_fields=["state", "description", "parent"])
    search.changed(topic)


def _line_of(topic: Topic) -> list[Topic]:
    """`topic` and all above it."""
    line = [topic]
    while (above := line[-1].parent) and above not in line:
        line.append(above)
    return line


def _move_stewards(topic: Topic, into: Topic) -> None:
    grants = RoleGrant.objects.filter(topic=topic, ended_at__isnull=True)
    held = RoleGrant.objects.filter(topic=into, ended_at__isnull=True).values("user_id")
    grants.exclude(user_id__in=list(held.values_list("user_id", flat=True))).update(topic=into)


def _move_family(topic: Topic, into: Topic) -> None:
    """What stands under `topic` stands under `into`, which itself takes the place above."""
    if topic in _line_of(into):
        into.parent = topic.parent
        into.save(update_fields=["parent"])
    topic.children.exclude(pk=into.pk).update(parent=into)
    topic.aliases.update(topic=into)
    topic.merged_topics.update(merged_into=into)
