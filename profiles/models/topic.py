"""Topic: the one taxonomy, as django-taggit's tag model, with aliases, a merge target and stewards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from taggit.managers import TaggableManager, _TaggableManager
from taggit.models import ItemBase, TagBase

from profiles import audience as visibility
from profiles.models.audience import Audience
from profiles.models.listed import Listed, ListedQuerySet
from profiles.models.user import User

MAX_TOPICS_AT_ONCE = 10
LONGEST_NAME = 100


class TopicState(models.TextChoices):
    """Where a topic stands with the Knowledge Council."""

    SUGGESTED = "suggested", "Suggested"
    ADOPTED = "adopted", "Adopted"
    MERGED = "merged", "Merged"
    RETIRED = "retired", "Retired"


class TopicQuerySet(models.QuerySet["Topic"]):
    """Sets of topics, in the words of the business."""

    def visible_to(self, user: Any) -> TopicQuerySet:
        """Topics whose existence `user` may know of: the adopted ones, and those used where they may read."""
        if user.pk is None:
            return self.none()
        # Asked of each topic: together its readers' topics are a table that grows with everything that is said
        used = TopicAudience.objects.filter(topic=OuterRef("pk"), audience__in=visibility.audiences_for(user))
        public = Q(state__in=[TopicState.ADOPTED, TopicState.RETIRED])
        known = self.filter(public | Q(Exists(used)), Exists(User.objects.active(user)))
        return known.exclude(state=TopicState.MERGED)

    def adopted(self) -> TopicQuerySet:
        return self.filter(state=TopicState.ADOPTED)

    def suggested(self) -> TopicQuerySet:
        return self.filter(state=TopicState.SUGGESTED)

    def called_like(self, text: str) -> TopicQuerySet:
        """Topics with `text` in their name or in an alias."""
        aliases = TopicAlias.objects.filter(topic=OuterRef("pk"), name__icontains=text)
        return self.filter(Q(name__icontains=text) | Exists(aliases))

    def meant_by(self, slug: str) -> Topic | None:
        """The one among these topics that an alias, or a topic merged since, leads to; None where it leads nowhere."""
        alias = TopicAlias.objects.select_related("topic").filter(slug=slug).first()
        merged = Topic.objects.filter(slug=slug, state=TopicState.MERGED).first()
        found = alias.topic if alias else merged
        return self.filter(pk=found.target().pk).first() if found else None

    def resolve(self, names: Iterable[str]) -> list[Topic]:
        """The topics that `names` mean, made where nobody typed them before; aliases and merges followed.

        Args:
            names: what somebody typed, in any case and spacing.

        Returns:
            Each topic once, in the order first named.
        """
        topics: dict[int, Topic] = {}
        for name in names:
            name = " ".join(name.split())[:LONGEST_NAME]
            if name and slugify(name):
                topic = self._named(name)
                topics[topic.pk] = topic
        return list(topics.values())

    def _named(self, name: str) -> Topic:
        slug = slugify(name)[:LONGEST_NAME]
        # Another name of a topic that not everybody may know of would tell them what it is called
        known = TopicAlias.objects.exclude(topic__state=TopicState.SUGGESTED)
        alias = known.select_related("topic").filter(slug=slug).first()
        topic = alias.topic if alias else self.filter(slug=slug).first()
        if topic is None:
            topic = self.get_or_create(slug=slug, defaults={"name": name})[0]
        return topic.target()


class Topic(TagBase):
    """A subject that articles, posts, communities and people's expertise share."""

    state = models.CharField(max_length=10, choices=TopicState, default=TopicState.SUGGESTED)
    description = models.CharField(max_length=500, blank=True)
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_topics"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TopicQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=TopicState.MERGED, merged_into__isnull=False)
                | (~Q(state=TopicState.MERGED) & Q(merged_into__isnull=True)),
                name="topic_merged_has_target",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="topic_not_merged_into_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("topic", args=[self.slug])

    def slugify(self, tag: str, i: int | None = None) -> str:
        """The slug that `resolve` finds a name by, also where a topic is made by name alone."""
        return slugify(tag) if i is None else f"{slugify(tag)}-{i}"

    def target(self) -> Topic:
        """The topic this one was merged into, however many merges ago; itself when it was not."""
        topic, seen = self, {self.pk}
        while topic.merged_into and topic.merged_into_id not in seen:
            seen.add(topic.merged_into_id)
            topic = topic.merged_into
        return topic


class TopicAlias(models.Model):
    """Another name that means a topic: an abbreviation, an older word."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True, editable=False)

    class Meta:
        verbose_name_plural = "topic aliases"

    def __str__(self) -> str:
        return self.name


class TopicAudience(models.Model):
    """That a topic was used on something an audience may read: its readers may know the topic exists."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="audience_rows")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "audience"], name="topic_audience_once")]

    def __str__(self) -> str:
        return f"{self.topic} for {self.audience}"


class _ResolvingTaggableManager(_TaggableManager):
    """taggit's manager, with what people type resolved through aliases and merges first."""

    def _to_tag_model_instances(self, tags: Iterable[Any], tag_kwargs: dict[str, Any]) -> set[Topic]:
        topics = {tag.target() for tag in tags if isinstance(tag, Topic)}
        return topics | set(Topic.objects.resolve(tag for tag in tags if isinstance(tag, str)))


class TopicField(TaggableManager):
    """The topics of a model, through the model's own table."""

    def __init__(self, through: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("verbose_name", "topics")
        super().__init__(through=through, manager=_ResolvingTaggableManager, **kwargs)


class TopicOf(ItemBase):
    """A topic of one item: the base of every through table. `tag` is the name django-taggit asks for."""

    tag = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="%(class)s_rows")

    class Meta:
        abstract = True


class Expertise(Listed):
    """A topic a person says they know."""

    user = models.ForeignKey("profiles.User", on_delete=models.CASCADE, related_name="expertise_rows")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="expertise_rows")

    objects = ListedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="expertise_once")]
        indexes = [models.Index(fields=["topic", "person_name", "user"], name="expertise_by_name")]

    def __str__(self) -> str:
        return f"{self.user} knows {self.topic}"


class CommunityTopic(models.Model):
    """A topic a community is about."""

    community = models.ForeignKey("profiles.Community", on_delete=models.CASCADE, related_name="topic_rows")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="community_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["community", "topic"], name="community_topic_once")]

    def __str__(self) -> str:
        return f"{self.community} is about {self.topic}"
