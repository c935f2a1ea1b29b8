"""What people do to articles: write, publish, edit, restore, withdraw, reinstate."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from intranet.lib.dates import add_months
from intranet.lib.idempotency import create_once
from knowledge.actions.addresses import free_slug
from knowledge.actions.content import Content
from knowledge.models import Article, ArticleState, ArticleTopic, Revision
from knowledge.rendering import article_html
from knowledge.signals import article_changed, article_published, article_withdrawn
from profiles.actions import audit, search
from profiles.actions.topics import note_use
from profiles.audience import readers_among
from profiles.models import Topic, User
from profiles.permissions import Permission, require

REVIEW_MONTHS = 12
# Two writers who choose the same title at the same moment: how often the slower one tries another address
ADDRESS_ATTEMPTS = 5
# What an edit changes only with the right to withdraw: otherwise whoever may correct a text could take it over
REASSIGNING = ("audience", "owner", "department")
AUDITED = ("audience", "owner", "department", "marking")


class EditConflict(Exception):
    """Somebody else saved since this edit began; `current` is the article as it stands."""

    def __init__(self, current: Article) -> None:
        super().__init__("Somebody else changed this article while you were writing. Nothing of yours was saved yet.")
        self.current = current


class WrongState(Exception):
    """The article is not in the state that this needs, as a withdrawn one cannot be edited."""


class OwnerCannotRead(Exception):
    """The owner is not among those the article is for."""


@transaction.atomic
def write(
    *,
    content: Content,
    by: User,
    publish: bool,
    key: UUID | None = None,
    announce: bool = True,
    published_at: datetime.datetime | None = None,
    source: tuple[str, str] | None = None,
    slug: str = "",
) -> tuple[Article, bool]:
    """A new article, published or kept as a draft that only its author and owner see.

    Args:
        key: the idempotency key of the form; None where there is no form.
        announce: False where its publication is no news for anybody.
        published_at: when it was first published elsewhere; now without.
        source: the path and digest of the file it was imported from.
        slug: an address from `free_slug`; chosen here without.

    Returns:
        The article, and whether this call made it.

    Raises:
        NotAllowed: `by` may not write to the audience.
        OwnerCannotRead: the owner is not in the audience.
        KeyReused: `key` made another article.
    """
    require(by, Permission.WRITE_TO, content.audience)
    _check_owner(content, by=by)
    sent = content.digest(publish=publish)
    content = _dated(content) if publish else content

    def create() -> Article:
        path, digest = source or (None, "")
        article = _insert(
            content,
            slug=slug,
            is_draft=not publish,
            author=by,
            idempotency_key=key,
            request_digest=sent if key else "",
            source_path=path,
            source_digest=digest,
        )
        _tag(article, Topic.objects.resolve(content.topics))
        if publish:
            _publish(article, by=by, at=published_at or timezone.now(), announce=announce)
        return article

    if key is None:
        return create(), True
    return create_once(Article, owner={"author": by}, key=key, digest=sent, create=create)


@transaction.atomic
def publish(*, article: Article, content: Content, edition: str, by: User, announce: bool = True) -> Article:
    """Publish a draft, with what its writer last made of it.

    Raises:
        NotAllowed: `by` may not edit it or write to the audience.
        EditConflict, OwnerCannotRead: as for `edit`.
    """
    current = _locked(article)
    require(by, Permission.EDIT, current)
    require(by, Permission.WRITE_TO, content.audience)
    content, topics = _dated(content), Topic.objects.resolve(content.topics)
    if not current.is_draft and _says(current, content, topics):
        # The same form sent twice
        return current
    if not current.is_draft or current.edition != edition:
        raise EditConflict(current)
    _check_owner(content, by=by)
    _store(current, content, topics)
    _publish(current, by=by, at=timezone.now(), announce=announce)
    return current


@transaction.atomic
def edit(*, article: Article, content: Content, edition: str, by: User, note: str = "") -> Article:
    """Change a draft, or a published article by a new revision.

    Args:
        edition: the `edition` of the article that the change began from.
        note: what was changed and why, for the history.

    Raises:
        NotAllowed: `by` may not edit it, give it away, or write to another audience.
        EditConflict: it was changed since `edition`.
        OwnerCannotRead: the new owner is not in the audience.
        WrongState: it was withdrawn.
    """
    current = _locked(article)
    require(by, Permission.EDIT, current)
    topics = Topic.objects.resolve(content.topics)
    content = content if current.is_draft else _dated(content)
    if _says(current, content, topics):
        # Nothing to save, or the same form sent twice
        return current
    if current.edition != edition:
        raise EditConflict(current)
    if current.is_withdrawn:
        raise WrongState("This article is withdrawn. Publish it again before you edit it.")
    before = _may_change(current, content, by=by)
    _store(current, content, topics)
    if current.is_draft:
        current.version += 1
        _save(current)
        return current
    revision = _revise(current, by=by, note=note)
    article_changed.send(sender=Article, article=current, by=by, revision=revision)
    _audit_edit(current, before, by=by)
    return current


@transaction.atomic
def restore(*, article: Article, number: int, edition: str, by: User) -> Article:
    """Make the text of an old revision the current one, as a new revision.

    Raises:
        Revision.DoesNotExist: there is no revision of this number.
        NotAllowed, EditConflict, WrongState: as for `edit`.
    """
    old = article.revisions.get(number=number)
    current = _locked(article)
    content = Content.of(current, title=old.title, summary=old.summary, body=old.body, topics=tuple(old.topic_names))
    return edit(article=current, content=content, edition=edition, by=by, note=f"Restored revision {number}")


@transaction.atomic
def withdraw(*, article: Article, reason: str, by: User) -> Article:
    """Take a published article out of lists and search; it stays readable at its address, under a notice.

    Raises:
        NotAllowed: `by` may not withdraw it.
        WrongState: it is not published.
    """
    current = _locked(article)
    require(by, Permission.WITHDRAW, current)
    if not current.is_published:
        raise WrongState("This article is not published, so it cannot be withdrawn.")
    current.state, current.withdrawn_at = ArticleState.WITHDRAWN, timezone.now()
    current.withdrawn_by, current.withdrawn_reason = by, reason
    current.save()
    article_withdrawn.send(sender=Article, article=current, by=by)
    search.changed(current)
    audit.record(action="article.withdrawn", by=by, obj=current)
    return current


@transaction.atomic
def reinstate(*, article: Article, by: User) -> Article:
    """Publish a withdrawn article again, as it was.

    Raises:
        NotAllowed: `by` may not withdraw it, and so not reinstate it.
        WrongState: it is not withdrawn.
    """
    current = _locked(article)
    require(by, Permission.WITHDRAW, current)
    if not current.is_withdrawn:
        raise WrongState("This article is not withdrawn, so there is nothing to publish again.")
    current.state, current.withdrawn_at = ArticleState.PUBLISHED, None
    current.withdrawn_by, current.withdrawn_reason = None, ""
    current.updated_at = timezone.now()
    _save(current)
    article_published.send(sender=Article, article=current, by=by, announce=False)
    search.changed(current)
    audit.record(action="article.reinstated", by=by, obj=current)
    return current


def _locked(article: Article) -> Article:
    """The article as it stands, held until the end of the transaction."""
    return Article.objects.select_for_update(of=("self",), no_key=True).get(pk=article.pk)


def _insert(content: Content, *, slug: str, is_draft: bool, **columns: Any) -> Article:
    html = article_html(content.body)
    for attempt in range(ADDRESS_ATTEMPTS):
        chosen = slug or free_slug(content.title, audience=content.audience, is_draft=is_draft)
        try:
            with transaction.atomic():
                return Article.objects.create(slug=chosen, body_html=html, **content.columns(), **columns)
        except IntegrityError:
            # Only a lost race for the address is worth another attempt
            if attempt + 1 == ADDRESS_ATTEMPTS or not Article.objects.filter(slug=chosen).exists():
                raise
            slug = ""
    raise AssertionError("unreachable")


def _store(article: Article, content: Content, topics: list[Topic]) -> None:
    if article.body != content.body:
        article.body_html = article_html(content.body)
    for column, value in content.columns().items():
        setattr(article, column, value)
    article.updated_at = timezone.now()
    _tag(article, topics)


def _tag(article: Article, topics: list[Topic]) -> None:
    article.topics.set(topics, through_defaults={"updated_at": article.updated_at})


def _save(article: Article) -> None:
    """Save an article that has just changed; the lists of its topics are in the order of changes too."""
    article.save()
    ArticleTopic.objects.filter(content_object=article).update(updated_at=article.updated_at)


def _publish(article: Article, *, by: User, at: datetime.datetime, announce: bool) -> None:
    article.state, article.version = ArticleState.PUBLISHED, 0
    article.published_at = article.updated_at = at
    _revise(article, by=by, note="")
    article_published.send(sender=Article, article=article, by=by, announce=announce)


def _revise(article: Article, *, by: User, note: str) -> Revision:
    """Save a published article with its next revision, and let the rest of the service know its words."""
    article.version += 1
    _save(article)
    topics = list(article.topics.all())
    revision = Revision.objects.create(
        article=article,
        number=article.version,
        title=article.title,
        summary=article.summary,
        body=article.body,
        topic_names=sorted(topic.name for topic in topics),
        note=note,
        author=by,
        created_at=article.updated_at,
    )
    note_use(topics=topics, audience=article.audience)
    search.changed(article)
    return revision


def _dated(content: Content) -> Content:
    """What is published has a review date."""
    return replace(content, review_on=content.review_on or add_months(timezone.localdate(), REVIEW_MONTHS))


def _says(article: Article, content: Content, topics: list[Topic]) -> bool:
    same = all(getattr(article, column) == value for column, value in content.columns().items())
    return same and set(article.topic_ids) == {topic.pk for topic in topics}


def _check_owner(content: Content, *, by: User) -> None:
    if content.owner != by and not readers_among(content.audience.pk, [content.owner.pk]):
        raise OwnerCannotRead(
            f"{content.owner.name} cannot read what is written for {content.audience.name}. "
            "Choose an owner who can, or another audience."
        )


def _may_change(article: Article, content: Content, *, by: User) -> dict[str, Any]:
    """Check what an edit changes besides the text; answer with how that was before."""
    before = {name: getattr(article, name) for name in AUDITED}
    if any(before[name] != getattr(content, name) for name in REASSIGNING):
        require(by, Permission.WITHDRAW, article)
    if before["audience"] != content.audience:
        require(by, Permission.WRITE_TO, content.audience)
    if before["audience"] != content.audience or before["owner"] != content.owner:
        _check_owner(content, by=by)
    return before


def _audit_edit(article: Article, before: dict[str, Any], *, by: User) -> None:
    changed = {
        name: [_plain(value), _plain(getattr(article, name))]
        for name, value in before.items()
        if value != getattr(article, name)
    }
    if changed or by.pk not in (article.author_id, article.owner_id):
        audit.record(action="article.edited", by=by, obj=article, details={"revision": article.version, **changed})


def _plain(value: Any) -> Any:
    return getattr(value, "pk", value)
