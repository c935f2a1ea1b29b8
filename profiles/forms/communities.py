"""Forms of communities: finding, founding and describing one, and bringing people in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from intranet.lib.idempotency import IdempotentForm
from profiles.forms.departments import person_with
from profiles.forms.topics import TopicNamesField
from profiles.models import CommunityKind, User


class CommunityFilterForm(forms.Form):
    """What the list of communities is narrowed to."""

    q = forms.CharField(label="Name or subject", max_length=100, required=False)

    @property
    def text(self) -> str:
        return self.cleaned_data["q"] if self.is_valid() else ""


class DescriptionForm(forms.Form):
    """What a community is called and about, and who may read it."""

    name = forms.CharField(max_length=120, help_text="What people will look for. For example: Plain English")
    kind = forms.ChoiceField(
        label="Who may read it",
        choices=CommunityKind.choices,
        widget=forms.RadioSelect,
        initial=CommunityKind.OPEN,
    )
    description = forms.CharField(
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Who it is for, and what people do here",
    )
    topics = TopicNamesField()

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


class FoundForm(IdempotentForm, DescriptionForm):
    """A new community, founded once however often it is sent."""

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "kind", "description", "topics")}


class AddMemberForm(forms.Form):
    """Brings somebody into a community."""

    email = forms.EmailField(label="E-mail address", help_text="The address they sign in with")

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people

    def clean_email(self) -> User:
        return person_with(self.cleaned_data["email"], self.people)
