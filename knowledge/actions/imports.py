"""Imports a folder of Markdown files as articles: each file once, again only when what it says changed."""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.urls import reverse

from intranet.lib import idempotency
from intranet.lib.markdown import TextTooLong, excerpt
from knowledge.actions import articles
from knowledge.actions.addresses import free_slug
from knowledge.actions.content import Content
from knowledge.importing import files, links, prose
from knowledge.importing.files import Page, Unreadable
from knowledge.models import MAX_BODY, Article
from profiles.models import Audience, User
from profiles.models.topic import MAX_TOPICS_AT_ONCE
from profiles.permissions import NotAllowed

LONGEST_TITLE = 160
LONGEST_SUMMARY = 300
LONGEST_PATH = 300
# A little is left for addresses here, which may be longer than they were
LONGEST_BODY = MAX_BODY - 20_000


class Outcome(enum.Enum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass
class Report:
    """What an import did: how many files had each outcome, and why each of the others was skipped."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def import_folder(
    *, folder: Path, by: User, dry_run: bool = False, progress: Callable[[int, int], None] = lambda done, of: None
) -> Report:
    """Publish every Markdown file below `folder` as an article of `by` for everyone.

    A file that was imported before and says something else now becomes a new revision of its article. Files that
    cannot be imported are reported and stop no other.

    Args:
        dry_run: report what would happen, and write nothing.
        progress: called after each file with the number of files done and their number.
    """
    report = Report()
    pages = []
    for path in files.markdown_files(folder):
        try:
            page = files.read(path, folder)
            _check(page)
            pages.append(page)
        except Unreadable as reason:
            report.skipped.append((path.relative_to(folder).as_posix(), str(reason)))
    run = _Run(pages, by=by, audience=Audience.objects.everyone(), dry_run=dry_run)
    for done, page in enumerate(pages, start=1):
        try:
            report.counts[run.take(page)] += 1
        except Unreadable as reason:
            report.skipped.append((page.path, str(reason)))
        progress(done, len(pages))
    report.skipped.sort()
    return report


def _check(page: Page) -> None:
    """Refuse what cannot be an article, before other pages point at it."""
    if len(page.title) > LONGEST_TITLE:
        raise Unreadable(f"its title is longer than {LONGEST_TITLE} characters")
    if len(page.path) > LONGEST_PATH:
        raise Unreadable(f"its path is longer than {LONGEST_PATH} characters")
    if len(page.body) > LONGEST_BODY:
        raise Unreadable(f"it is longer than {LONGEST_BODY:,} characters")
    if not prose.clean(page.body):
        raise Unreadable("it has no text")


class _Run:
    """One import: its pages, and the articles they are or will be."""

    def __init__(self, pages: list[Page], *, by: User, audience: Audience, dry_run: bool) -> None:
        self._by, self._audience, self._dry_run = by, audience, dry_run
        imported = Article.objects.filter(source_path__isnull=False).select_related("audience", "owner", "department")
        self._known = {article.source_path: article for article in imported.prefetch_related("topics")}
        # Chosen before anything is written, so that pages can point at each other
        self._slugs: dict[str, str] = {}
        for page in pages:
            known = self._known.get(page.path)
            self._slugs[page.path] = known.slug if known else self._promise(page.title)
        self._places = links.Places(pages, lambda page: reverse("article", args=[self._slugs[page.path]]))

    def take(self, page: Page) -> Outcome:
        """Bring the article of `page` in step with it.

        Raises:
            Unreadable: it cannot be an article.
        """
        article = self._known.get(page.path)
        content = self._content(page, article)
        # What would be published, not the bytes of the file: a link that leads somewhere now is a change too
        digest = idempotency.digest(
            title=content.title, summary=content.summary, body=content.body, topics=content.topics, at=page.published_at
        )
        if article and article.source_digest == digest:
            return Outcome.UNCHANGED
        self._refuse_hidden(article)
        if not self._dry_run:
            try:
                with transaction.atomic():
                    self._save(page, article, content, digest)
            except NotAllowed as error:
                raise Unreadable(f"{self._by.email} may not edit the article that it became") from error
            except TextTooLong as error:
                raise Unreadable(f"it is longer than {MAX_BODY:,} characters") from error
            except articles.EditConflict as error:
                raise Unreadable("somebody is editing the article that it became; import it again") from error
        return Outcome.UPDATED if article else Outcome.CREATED

    def _save(self, page: Page, article: Article | None, content: Content, digest: str) -> None:
        if article is None:
            articles.write(
                content=content,
                by=self._by,
                publish=True,
                announce=False,
                published_at=page.published_at,
                source=(page.path, digest),
                slug=self._slugs[page.path],
            )
            return
        note = f"Imported again from {page.path}"[:200]
        articles.edit(article=article, content=content, edition=article.edition, by=self._by, note=note)
        Article.objects.filter(pk=article.pk).update(source_digest=digest)

    def _content(self, page: Page, article: Article | None) -> Content:
        body = prose.clean(page.body, lambda text: links.rewrite(text, page, self._places))
        said = Content(
            title=page.title,
            summary=excerpt(page.summary, LONGEST_SUMMARY - 1) if page.summary else "",
            body=body,
            topics=page.topics[:MAX_TOPICS_AT_ONCE],
            audience=self._audience,
            owner=self._by,
            department=self._by.main_department,
        )
        if article is None:
            return said
        # Whom an article was given to since, and where, is not the file's to say
        kept = {name: getattr(article, name) for name in ("audience", "owner", "department", "marking", "handling")}
        return dataclasses.replace(said, kind=article.kind, review_on=article.review_on, **kept)

    def _refuse_hidden(self, article: Article | None) -> None:
        if article and (article.is_withdrawn or article.hidden_at):
            raise Unreadable("the article that it became was withdrawn")

    def _promise(self, title: str) -> str:
        return free_slug(title, audience=self._audience, taken=frozenset(self._slugs.values()))
