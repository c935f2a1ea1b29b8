"""The forms of the feed: the composer, comments, edits, reasons, follows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from feeds.actions.posts import WRITTEN_KINDS
from feeds.audiences import people_in
from feeds.models import MAX_COMMENT, MAX_POST, ReactionKind
from feeds.models.follow import COLUMNS, Followable
from feeds.reader import writable
from intranet.lib.compiled import Compiled
from intranet.lib.idempotency import IdempotentForm
from profiles.audience import Marking
from profiles.forms.topics import TopicNamesField
from profiles.models import Audience, Department, Topic, User

_AUDIENCE = Compiled(lambda pk: Audience.objects.with_names().filter(pk=pk))
NO_WORDS = {"required": "Write something first."}


class AudienceField(forms.ChoiceField):
    """A choice among the audiences somebody may write to, everyone first, each with its number of people."""

    default_error_messages = {"invalid_choice": "Choose who can see it from the list."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._offered: dict[int, str] = {}

    def offer(self, user: User) -> None:
        """Offer what `user` may write to."""
        self._offered = writable(user)
        # Asked for only where the list is shown
        self.choices = self._labelled

    def to_python(self, value: Any) -> Audience | None:  # type: ignore[override]
        """The audience chosen.

        Raises:
            ValidationError: it was not offered, or is gone.
        """
        if value in self.empty_values:
            return None
        chosen = next((pk for pk in self._offered if str(pk) == str(value)), None)
        audience: Audience | None = _AUDIENCE.instance(pk=chosen) if chosen else None
        if audience is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return audience

    def valid_value(self, value: Any) -> bool:
        # What was offered, `to_python` has looked up
        return True

    def _labelled(self) -> list[tuple[int, str]]:
        people = people_in(self._offered)
        return [(pk, _audience_label(name or "Everyone", people[pk])) for pk, name in self._offered.items()]


def _audience_label(name: str, number: int) -> str:
    return f"{name} ({number:,} {'person' if number == 1 else 'people'})"


class SaidForm(forms.Form):
    """The words of a post, what they are about and how they are marked."""

    body = forms.CharField(
        label="Share an update, ask a question",
        max_length=MAX_POST,
        error_messages=NO_WORDS,
        widget=forms.Textarea(attrs={"rows": 3, "class": "ck-composer__text", "placeholder": " "}),
    )
    topics = TopicNamesField()
    marking = forms.ChoiceField(choices=Marking.choices, initial=Marking.OFFICIAL, widget=forms.RadioSelect)
    handling = forms.CharField(
        label="Handling instruction",
        max_length=200,
        required=False,
        help_text="For OFFICIAL-SENSITIVE: what readers must and must not do with it.",
    )

    def clean_body(self) -> str:
        return _one_line_end(self.cleaned_data["body"])

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("marking") == Marking.OFFICIAL_SENSITIVE and not cleaned.get("handling"):
            self.add_error("handling", "Say what readers of OFFICIAL-SENSITIVE must and must not do with it.")
        return cleaned


class ComposerForm(SaidForm, IdempotentForm):
    """A new post."""

    kind = forms.ChoiceField(label="Kind", choices=[(kind.value, kind.label) for kind in WRITTEN_KINDS])
    audience = AudienceField(label="Who can see it")

    def __init__(self, data: Any = None, *, user: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="composer_%s", initial=initial)
        audience = self.fields["audience"]
        if isinstance(audience, AudienceField):
            audience.offer(user)

    @property
    def is_more_open(self) -> bool:
        """Whether the fields behind "Topics and marking" need to be seen at once."""
        return bool({"topics", "marking", "handling"} & set(self.errors)) or bool(self["topics"].value())


class PostEditForm(SaidForm):
    """A post said anew."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].label = "What you said"
        self.fields["body"].widget.attrs["rows"] = 8


class CommentForm(IdempotentForm):
    """A new comment, or a reply."""

    body = forms.CharField(
        label="Your comment",
        max_length=MAX_COMMENT,
        error_messages=NO_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    parent = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, post_id: int, reply_to: int | None = None, initial: dict[str, Any] | None = None
    ) -> None:
        first = {"parent": reply_to, **(initial or {})}
        super().__init__(data, auto_id=f"comment_{post_id}_{reply_to or 0}_%s", initial=first)
        if reply_to:
            self.fields["body"].label = "Your reply"

    def clean_body(self) -> str:
        return _one_line_end(self.cleaned_data["body"])


class CommentEditForm(forms.Form):
    """A comment said anew."""

    body = forms.CharField(
        label="What you said",
        max_length=MAX_COMMENT,
        error_messages=NO_WORDS,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def clean_body(self) -> str:
        return _one_line_end(self.cleaned_data["body"])


class HideForm(forms.Form):
    """Why a post or comment is removed; one's own needs no reason."""

    reason = forms.CharField(
        max_length=200,
        help_text="Kept on record with your name. Say which rule of the code of conduct it breaks.",
        error_messages={"required": "Say why you are removing it."},
    )

    def __init__(self, *args: Any, is_own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_own:
            del self.fields["reason"]


class ReactionForm(forms.Form):
    """A reaction, or "" to take it back."""

    kind = forms.ChoiceField(choices=[("", ""), *ReactionKind.choices], required=False)


class FollowForm(forms.Form):
    """What is to be followed, or no longer: exactly one of the three, and `on`."""

    person = forms.ModelChoiceField(User.objects.none(), required=False)
    topic = forms.ModelChoiceField(Topic.objects.none(), required=False)
    department = forms.ModelChoiceField(Department.objects.none(), required=False)
    on = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for model, name in COLUMNS.items():
            self.fields[name].queryset = model.objects.visible_to(user)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and sum(bool(cleaned.get(name)) for name in COLUMNS.values()) != 1:
            raise ValidationError("Choose one thing to follow.")
        return cleaned

    @property
    def target(self) -> Followable:
        """What is followed, or no longer."""
        return next(self.cleaned_data[name] for name in COLUMNS.values() if self.cleaned_data[name])


def _one_line_end(text: str) -> str:
    # Browsers end lines their own way
    return text.replace("\r\n", "\n").replace("\r", "\n")
