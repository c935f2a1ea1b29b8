"""Post: an item of the feed, on which all discussion hangs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from intranet.lib.compiled import Compiled
from intranet.lib.idempotency import CreatedOnce
from knowledge.models import Article, ArticleState
from profiles.audience import AudienceModel, AudienceQuerySet, Marking
from profiles.models import Department, Topic, TopicField, TopicOf

MAX_POST = 10_000


class PostKind(models.TextChoices):
    UPDATE = "update", "Update"
    QUESTION = "question", "Question"
    ANNOUNCEMENT = "announcement", "Announcement"
    ARTICLE = "article", "Article"


class PostQuerySet(AudienceQuerySet):
    """Sets of posts, in the words of the business."""

    def visible_to(self, user: Any) -> Self:
        """What `user` may see; the announcement of an article only while that article is published."""
        return super().visible_to(user).standing()

    def standing(self) -> Self:
        """What anybody at all may see: not hidden, and no announcement of an unpublished article."""
        announced = Q(article__isnull=True) | Q(article__state=ArticleState.PUBLISHED, article__hidden_at__isnull=True)
        return self.filter(announced, hidden_at__isnull=True)

    def unanswered(self) -> Self:
        """Questions whose asker has not accepted an answer yet."""
        return self.filter(kind=PostKind.QUESTION, answer__isnull=True)

    def about(self, topics: Any) -> Self:
        """On any of `topics` (rows, ids or a query for them), each once."""
        return self.filter(pk__in=PostTopic.objects.filter(tag__in=topics).values("content_object_id"))

    def for_thread(self) -> Self:
        """With what a post's own page shows of it, its accepted answer too."""
        return self.for_feed().select_related("answer__author", "answer__department")

    def for_feed(self) -> Self:
        """With what a list shows of a post, in a fixed number of queries."""
        related = self.select_related("author", "department", "audience__department", "audience__community", "article")
        return related.prefetch_related("topics")


class Post(CreatedOnce, AudienceModel):
    """An update, question, announcement, or the announcement of an article (then `article` says which)."""

    kind = models.CharField(max_length=12, choices=PostKind, default=PostKind.UPDATE)
    body = models.TextField(max_length=MAX_POST, blank=True)
    body_html = models.TextField(blank=True, editable=False)
    # The author's main department when it was written
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="posts")
    article = models.OneToOneField(
        Article, on_delete=models.CASCADE, null=True, blank=True, editable=False, related_name="post"
    )
    topics = TopicField(through="feeds.PostTopic")
    answer = models.ForeignKey(
        "feeds.Comment", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Raised by whatever changes the fragment: an edit, a reaction, a comment
    version = models.PositiveIntegerField(default=1, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    reaction_count = models.PositiveIntegerField(default=0, editable=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "idempotency_key"], name="post_created_once"),
            models.CheckConstraint(
                condition=Q(kind=PostKind.ARTICLE, article__isnull=False)
                | (~Q(kind=PostKind.ARTICLE) & Q(article__isnull=True) & ~Q(body="")),
                name="post_says_something",
            ),
            models.CheckConstraint(
                condition=Q(answer__isnull=True) | Q(kind=PostKind.QUESTION), name="post_answer_to_question"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="post_by_time"),
            models.Index(fields=["audience", "-created_at", "-id"], name="post_by_audience"),
            models.Index(fields=["author", "-created_at", "-id"], name="post_by_author"),
            models.Index(fields=["department", "-created_at", "-id"], name="post_by_department"),
        ]

    def __str__(self) -> str:
        return self.article.title if self.article else self.body[:80]

    def get_absolute_url(self) -> str:
        return reverse("post", args=[self.pk])

    @property
    def html(self) -> SafeString:
        """What was said as HTML, sanitised when it was written."""
        return mark_safe(self.body_html)

    @property
    def is_sensitive(self) -> bool:
        return self.marking == Marking.OFFICIAL_SENSITIVE

    @property
    def is_open(self) -> bool:
        """Whether it is a question that nobody's answer was accepted to."""
        return self.kind == PostKind.QUESTION and self.answer_id is None

    @property
    def topic_ids(self) -> list[int]:
        """The ids of its topics; their stewards have a say."""
        return [topic.pk for topic in self.topics.all()]


class PostTopic(TopicOf):
    """A topic of a post."""

    content_object: models.ForeignKey[Any, Any] = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="topic_rows"
    )
    # The post's own, so that an index holds what is on a topic in the order it is shown in
    created_at = models.DateTimeField(editable=False)
    # That the post is a question without an accepted answer: few are, and who could help looks for them
    is_open = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["content_object", "tag"], name="post_topic_once")]
        indexes = [
            models.Index(fields=["tag", "-created_at", "-content_object"], name="post_topic_by_time"),
            models.Index(
                fields=["tag", "-created_at", "-content_object"], name="post_topic_open", condition=Q(is_open=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content_object}: {self.tag}"


_SEEN = Compiled(lambda user, post_id: Post.objects.visible_to(user).filter(pk=post_id).values_list("pk"))


def sees(user: Any, post_id: int) -> bool:
    """Whether `user` may see a post: asked by everything that is done to one."""
    return user.pk is not None and _SEEN.row(user=user, post_id=post_id) is not None


def seen_post(user: Any, post_id: int) -> Post | None:
    """The post with what it takes to say something on it or to react, where `user` may see it."""
    if not sees(user, post_id):
        return None
    return Post.objects.select_related("audience", "article").filter(pk=post_id).first()


_FOR_FEED = Compiled(lambda ids: Post.objects.for_feed().filter(pk__in=ids))
# In the order in which taggit finds those of one post
_TOPICS = Compiled(
    lambda post_ids: PostTopic.objects.filter(content_object_id__in=post_ids).select_related("tag").order_by("pk")
)


def posts_for_feed(ids: Collection[int]) -> dict[int, Post]:
    """What `for_feed` brings of some posts, by id; whoever shows them has asked who may see them."""
    posts: dict[int, Post] = {post.pk: post for post in _FOR_FEED.instances(ids=ids)} if ids else {}
    topics: dict[int, list[Topic]] = {pk: [] for pk in posts}
    for row in _TOPICS.instances(post_ids=posts) if posts else ():
        topics[row.content_object_id].append(row.tag)
    for pk, post in posts.items():
        # As a prefetch leaves them: a queryset that has been asked
        found = Topic.objects.none()
        found._result_cache = topics[pk]
        post._prefetched_objects_cache = {"topics": found}  # type: ignore[attr-defined]
    return posts
