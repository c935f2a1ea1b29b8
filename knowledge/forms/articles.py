"""The forms in which articles are written, edited, withdrawn and filtered."""

from __future__ import annotations

import datetime
from copy import copy
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from intranet.lib.dates import add_months
from intranet.lib.forms import DateField
from intranet.lib.idempotency import IdempotentForm
from knowledge.actions.articles import REASSIGNING, REVIEW_MONTHS
from knowledge.actions.content import Content
from knowledge.forms.outlines import OUTLINES
from knowledge.models import MAX_BODY, Article, ArticleKind
from knowledge.models.article import ArticleQuerySet
from profiles.audience import Marking, writable_by
from profiles.forms.topics import TopicNamesField
from profiles.models import Audience, Department, Topic, User


class AudienceField(forms.ModelChoiceField):
    """A choice among the audiences somebody may write to, everyone first."""

    def offer(self, user: User, *, current: Audience | None) -> None:
        """Offer what `user` may write to, and `current`, where the article is already."""
        offered = Audience.objects.filter(Q(pk__in=writable_by(user).values("pk")) | Q(pk=current.pk if current else 0))
        # By the kinds' names backwards: everyone, departments, communities
        self.queryset = offered.with_names().order_by("-kind", "department__name", "community__name")


class ArticleForm(forms.Form):
    """What an article says, to whom, and who looks after it; `content()` is what it means."""

    title = forms.CharField(
        max_length=160,
        help_text="What somebody would search for.",
        error_messages={"required": "Enter a title"},
    )
    kind = forms.ChoiceField(choices=ArticleKind.choices, initial=ArticleKind.GUIDANCE)
    summary = forms.CharField(
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One or two sentences. Shown in lists and search results.",
    )
    body = forms.CharField(
        label="Article",
        max_length=MAX_BODY,
        widget=forms.Textarea(attrs={"rows": 20}),
        help_text="Plain text, or Markdown: ## for a heading, - for a list, [words](https://address) for a link.",
        error_messages={"required": "Write the article"},
    )
    topics = TopicNamesField()
    audience = AudienceField(
        label="Who can read it",
        queryset=Audience.objects.none(),
        empty_label=None,
        help_text="They can read its history too.",
    )
    marking = forms.ChoiceField(choices=Marking.choices, initial=Marking.OFFICIAL, widget=forms.RadioSelect)
    handling = forms.CharField(
        label="Handling instruction",
        max_length=200,
        required=False,
        help_text="For OFFICIAL-SENSITIVE: what readers must and must not do with it.",
    )
    owner = forms.EmailField(
        label="Owner’s e-mail address",
        help_text="Who keeps it right and answers questions.",
        error_messages={"required": "Enter the e-mail address of its owner"},
    )
    department = forms.ModelChoiceField(
        queryset=Department.objects.none(),
        required=False,
        empty_label="No department",
        help_text="Whose knowledge this is.",
    )
    review_on = DateField(
        label="Review date",
        required=False,
        help_text="When somebody should check that it still holds. Leave it empty for 12 months from now.",
    )

    def __init__(self, *args: Any, user: User, article: Article | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.article = article
        offered = self.fields["audience"]
        if isinstance(offered, AudienceField):
            offered.offer(user, current=article.audience if article else None)
        departments = Q(pk__in=user.memberships.current().values("department_id"))
        if article and article.department_id:
            departments |= Q(pk=article.department_id)
        self.fields["department"].queryset = Department.objects.filter(departments).order_by("name", "pk")  # type: ignore[attr-defined]
        self._user = user

    def clean_body(self) -> str:
        # Browsers end lines their own way; one way keeps differences readable
        return str(self.cleaned_data["body"]).replace("\r\n", "\n").replace("\r", "\n")

    def clean_owner(self) -> User:
        email = self.cleaned_data["owner"]
        if self.article and self.article.owner.email.lower() == email.lower():
            return self.article.owner
        owner = User.objects.visible_to(self._user).filter(email__iexact=email).first()
        if owner is None:
            raise ValidationError(f"Nobody here has the e-mail address {email}. Check how it is written.")
        return owner

    def clean_review_on(self) -> datetime.date | None:
        day: datetime.date | None = self.cleaned_data["review_on"]
        unchanged = self.article and self.article.review_on == day
        if day and not unchanged and day <= timezone.localdate():
            raise ValidationError("Choose a review date in the future.")
        return day

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("marking") == Marking.OFFICIAL_SENSITIVE and not cleaned.get("handling"):
            self.add_error("handling", "Say what readers of OFFICIAL-SENSITIVE must and must not do with it.")
        return cleaned

    def content(self) -> Content:
        """What was written; what this form did not ask stays as it is on the article."""
        asked = {name: self.cleaned_data[name] for name in self.fields if name in Content.__dataclass_fields__}
        return Content.of(self.article, **asked) if self.article else Content(**asked)


class NewArticleForm(ArticleForm, IdempotentForm):
    """A new article, about to be published or kept as a draft."""

    @classmethod
    def beginning(cls, user: User, *, kind: str = "") -> NewArticleForm:
        """The empty form: for everyone, owned by its writer; with the outline of `kind` where one is named."""
        initial = {
            "audience": Audience.objects.everyone().pk,
            "owner": user.email,
            "department": user.main_department_id,
            "review_on": add_months(timezone.localdate(), REVIEW_MONTHS),
        }
        if kind in ArticleKind:
            initial |= {"kind": kind, "body": OUTLINES[ArticleKind(kind)]}
        return cls(user=user, initial=initial)


class EditArticleForm(ArticleForm):
    """Another text for an article; `edition` is the one it was written from."""

    note = forms.CharField(
        label="What did you change, and why?",
        max_length=200,
        required=False,
        help_text="Shown in the history, for those who come after you.",
    )
    edition = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, article: Article, may_reassign: bool, **kwargs: Any) -> None:
        initial = {
            **{name: getattr(article, name) for name in ("title", "kind", "summary", "body", "marking", "handling")},
            "topics": [topic.name for topic in article.topics.all()],
            "audience": article.audience_id,
            "owner": article.owner.email,
            "department": article.department_id,
            "review_on": article.review_on,
            "edition": article.edition,
        }
        super().__init__(*args, user=user, article=article, initial=initial, **kwargs)
        if article.is_draft:
            del self.fields["note"]
        if not may_reassign:
            for name in REASSIGNING:
                del self.fields[name]

    def begin_from(self, current: Article) -> None:
        """Keep what was typed, as a change of `current`."""
        data: Any = copy(self.data)
        data[self.add_prefix("edition")] = current.edition
        self.data = data


class WithdrawForm(forms.Form):
    """Why an article no longer holds."""

    reason = forms.CharField(
        label="Why is it withdrawn?",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everyone who opens the article reads this. Say what to use instead.",
        error_messages={"required": "Say why it is withdrawn"},
    )


class RestoreForm(forms.Form):
    """Nothing but the edition that the reader saw when they chose to restore."""

    edition = forms.CharField(max_length=40, widget=forms.HiddenInput)


class CompareForm(forms.Form):
    """Two revisions of an article."""

    old = forms.IntegerField(label="From revision", min_value=1)
    new = forms.IntegerField(label="To revision", min_value=1)

    def __init__(self, *args: Any, article: Article, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._article = article

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        for name in ("old", "new"):
            number = cleaned.get(name)
            if number and number > self._article.version:
                self.add_error(name, f"This article has {self._article.version} revisions. Choose one of them.")
        return cleaned


class ArticleFilterForm(forms.Form):
    """What a reader narrows the list of articles by."""

    kind = forms.ChoiceField(choices=[("", "All kinds"), *ArticleKind.choices], required=False)
    topic = forms.CharField(max_length=100, required=False)
    department = forms.CharField(label="Department or abbreviation", max_length=250, required=False)
    person = forms.ModelChoiceField(queryset=User.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.visible_to(user)  # type: ignore[attr-defined]
        self._user = user

    def clean_topic(self) -> Topic | None:
        name = self.cleaned_data["topic"]
        if not name:
            return None
        slug = slugify(name)
        known = Q(slug=slug) | Q(aliases__slug=slug) | Q(merged_topics__slug=slug)
        topic = Topic.objects.visible_to(self._user).filter(known).first()
        if topic is None:
            raise ValidationError(f"There is no topic called “{name}”.")
        return topic

    def clean_department(self) -> Department | None:
        name = self.cleaned_data["department"]
        if not name:
            return None
        known = Q(slug=name) | Q(name__iexact=name) | Q(abbreviation__iexact=name)
        department = Department.objects.visible_to(self._user).filter(known).order_by("is_closed", "pk").first()
        if department is None:
            raise ValidationError(f"There is no department called “{name}”.")
        return department

    def narrow(self, articles: ArticleQuerySet) -> ArticleQuerySet:
        """Those of `articles` that fit; none where the reader asked for what there is not."""
        if not self.is_valid():
            return articles.none()
        asked = self.cleaned_data
        if asked["kind"]:
            articles = articles.of_kind(asked["kind"])
        if asked["topic"]:
            articles = articles.about(asked["topic"])
        if asked["department"]:
            articles = articles.of_department(asked["department"])
        return articles.by_person(asked["person"]) if asked["person"] else articles
