"""Article: what the organisation knows, owned, dated, reviewed."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from intranet.lib.idempotency import CreatedOnce
from intranet.lib.merged import Leg, Order, can_merge, first_ids
from profiles.audience import AudienceModel, AudienceQuerySet
from profiles.models import Department, DepartmentAncestor, Topic, TopicField, TopicOf, User

MAX_BODY = 200_000
LAST_CHANGED = Order("updated_at", "pk", descending=True)
# A title's shorter words, and those after the first few, say little about what it is like
TELLING_WORD = 4
TELLING_WORDS = 6


class ArticleKind(models.TextChoices):
    """What an article is for; a reader looks for a different thing in each."""

    HOW_TO = "how-to", "How to"
    GUIDANCE = "guidance", "Guidance"
    POLICY = "policy", "Policy"
    TEMPLATE = "template", "Template"
    LESSONS = "lessons", "Lessons learned"


class ArticleState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ArticleQuerySet(AudienceQuerySet):
    """Sets of articles, in the words of the business."""

    def visible_to(self, user: Any) -> Self:
        """What `user` may read: what their audiences were given, and their own drafts.

        A withdrawn article stays readable at its address, under a notice; `published()` leaves it out of lists.
        """
        drafts = Q(state=ArticleState.DRAFT)
        return super().visible_to(user).filter(~drafts | Q(author_id=user.pk) | Q(owner_id=user.pk))

    def published(self) -> Self:
        return self.filter(state=ArticleState.PUBLISHED)

    def drafts(self) -> Self:
        return self.filter(state=ArticleState.DRAFT)

    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def about(self, topic: Topic) -> Self:
        return self.filter(topic_rows__tag=topic)

    def of_department(self, department: Department) -> Self:
        """Those of `department` and of all below it."""
        return self.filter(department__in=Department.objects.subtree_of(department))

    def first_of_department(self, department: Any, size: int) -> Self:
        """The `size` of them that changed last: of each part by its index, for a ministry's are thousands."""
        if not can_merge():
            return self.of_department(department)
        below = Leg("department_id", DepartmentAncestor.objects.filter(ancestor=department).values("department_id"))
        sql, params = first_ids(self, [below], backward=False, size=size, order=LAST_CHANGED)
        found = RawSQL(sql, params, output_field=Article._meta.pk)  # noqa: S611 - Django's own, see `merged`
        return self.filter(pk__in=found)

    def by_person(self, person: User) -> Self:
        """Those `person` wrote or answers for."""
        return self.filter(Q(author=person) | Q(owner=person))

    def titled_like(self, title: str, most: int = 5) -> Self:
        """The at most `most` articles that share a telling word with `title`, those that share more first."""
        words = [word for word in dict.fromkeys(title.replace("\0", " ").lower().split()) if len(word) >= TELLING_WORD]
        shared = [
            Case(When(title__icontains=word, then=1), default=0, output_field=IntegerField())
            for word in words[:TELLING_WORDS]
        ]
        if not shared:
            return self.none()
        liked = self.annotate(shared_words=sum(shared, start=Value(0))).filter(shared_words__gt=0)
        return liked.order_by("-shared_words", "-updated_at", "-pk")[:most]

    def for_list(self) -> Self:
        """With what a list shows of an article, in a fixed number of queries."""
        related = self.select_related("owner", "department", "audience__department", "audience__community")
        return related.prefetch_related("topics")

    def for_page(self) -> Self:
        """With what an article's own page shows of it."""
        return self.for_list().select_related("author", "withdrawn_by", "owner__main_department")


class Article(CreatedOnce, AudienceModel):
    """A knowledge article: Markdown, with who answers for it and until when it can be relied on."""

    slug = models.SlugField(max_length=180, unique=True)
    title = models.CharField(max_length=160)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField(max_length=MAX_BODY)
    # Rendered once per revision
    body_html = models.TextField(blank=True, editable=False)
    kind = models.CharField(max_length=12, choices=ArticleKind, default=ArticleKind.GUIDANCE)
    state = models.CharField(max_length=10, choices=ArticleState, default=ArticleState.DRAFT, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="owned_articles")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="articles")
    topics = TopicField(through="knowledge.ArticleTopic")
    review_on = models.DateField("review date", null=True, blank=True)
    # The number of the current revision; an edit says which one it began from
    version = models.PositiveIntegerField(default=1, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_reason = models.CharField(max_length=300, blank=True, editable=False)
    # The file it was imported from, by which a second import knows it; and that file's digest
    source_path = models.CharField(max_length=300, unique=True, null=True, blank=True, editable=False)
    source_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["author", "idempotency_key"], name="article_created_once"),
            models.CheckConstraint(
                condition=Q(state=ArticleState.DRAFT) | Q(published_at__isnull=False),
                name="article_published_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=ArticleState.WITHDRAWN) | Q(withdrawn_at__isnull=False),
                name="article_withdrawn_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="article_by_update"),
            models.Index(fields=["audience", "-updated_at", "-id"], name="article_by_audience"),
            models.Index(fields=["department", "-updated_at", "-id"], name="article_by_department"),
            models.Index(fields=["review_on"], name="article_by_review", condition=Q(state="published")),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.slug])

    @property
    def is_published(self) -> bool:
        return self.state == ArticleState.PUBLISHED

    @property
    def is_withdrawn(self) -> bool:
        return self.state == ArticleState.WITHDRAWN

    @property
    def is_draft(self) -> bool:
        return self.state == ArticleState.DRAFT

    @property
    def edition(self) -> str:
        """What an edit says it began from. A draft counts its savings apart from the numbers of revisions."""
        return f"{'draft' if self.is_draft else 'revision'}-{self.version}"

    @property
    def html(self) -> SafeString:
        """The body as HTML, sanitised when the revision was made."""
        return mark_safe(self.body_html)

    @property
    def is_review_due(self) -> bool:
        return bool(self.review_on and self.review_on <= timezone.localdate())

    @property
    def topic_ids(self) -> list[int]:
        """The ids of its topics; their stewards have a say."""
        return [topic.pk for topic in self.topics.all()]


class ArticleTopic(TopicOf):
    """A topic of an article."""

    content_object = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="topic_rows")
    # The article's own, so that an index holds what is on a topic in the order it is shown in
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["content_object", "tag"], name="article_topic_once")]
        indexes = [models.Index(fields=["tag", "-updated_at", "-content_object"], name="article_topic_by_update")]

    def __str__(self) -> str:
        return f"{self.content_object}: {self.tag}"
