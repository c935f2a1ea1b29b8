"""The form field in which people type topics, and the forms of the Knowledge Council."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.text import slugify

from profiles.models.topic import LONGEST_NAME, MAX_TOPICS_AT_ONCE, Topic


class TopicNamesInput(forms.TextInput):
    """A text box that offers topics while one types, where htmx runs."""

    template_name = "profiles/_topics_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        drawn = context["widget"]["attrs"]
        if "id" in drawn:
            offers = f"{drawn['id']}_suggestions"
            drawn |= {
                "list": offers,
                "autocomplete": "off",
                "hx-get": reverse("topic_suggestions"),
                "hx-trigger": "input changed delay:250ms",
                "hx-target": f"#{offers}",
                "hx-swap": "innerHTML",
                "hx-sync": "this:replace",
            }
        return context


class TopicNamesField(forms.CharField):
    """Names separated by commas, cleaned to a tuple; a name that holds a comma stands in double quotes."""

    widget = TopicNamesInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Topics")
        kwargs.setdefault("help_text", f"Up to {MAX_TOPICS_AT_ONCE}, separated by commas. For example: data, hiring")
        kwargs.setdefault("required", False)
        super().__init__(max_length=MAX_TOPICS_AT_ONCE * (LONGEST_NAME + 4), **kwargs)

    def clean(self, value: Any) -> tuple[str, ...]:
        text = super().clean(value).replace("\r", ",").replace("\n", ",")
        row = next(csv.reader([text], skipinitialspace=True), [])
        names = tuple(dict.fromkeys(name for part in row if (name := " ".join(part.split()))))
        for name in names:
            if not slugify(name):
                raise ValidationError(f"“{name}” cannot be a topic. Write topics with letters or numbers.")
            if _is_too_long(name):
                raise ValidationError(f"A topic can have {LONGEST_NAME} characters at most. Shorten “{name[:40]}…”.")
        if len(names) > MAX_TOPICS_AT_ONCE:
            raise ValidationError(f"Choose at most {MAX_TOPICS_AT_ONCE} topics. You have written {len(names)}.")
        return names

    def prepare_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, str) else typed(value)


def _is_too_long(name: str) -> bool:
    # Some signs stand for several letters, and the address of a topic is made of letters
    return max(len(name), len(slugify(name))) > LONGEST_NAME


def typed(names: Iterable[str]) -> str:
    """`names` as somebody would type them."""
    return ", ".join(f'"{name}"' if "," in name else name for name in names)


class TopicFilterForm(forms.Form):
    """What the list of topics is narrowed to."""

    q = forms.CharField(label="Topic", max_length=100, required=False)

    @property
    def text(self) -> str:
        return self.cleaned_data["q"] if self.is_valid() else ""


class CurateForm(forms.Form):
    """What a topic means and where it stands."""

    description = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One or two sentences: what belongs here, and what does not",
    )
    parent = forms.ModelChoiceField(
        label="Stands under",
        queryset=Topic.objects.none(),
        required=False,
        empty_label="No other topic",
        help_text="Only adopted topics can have topics under them",
    )

    def __init__(self, *args: Any, topic: Topic, parents: QuerySet[Topic], **kwargs: Any) -> None:
        kwargs["initial"] = {"description": topic.description, "parent": topic.parent_id}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["parent"]
        field.queryset = parents.exclude(pk=topic.pk).order_by("name", "pk")


class AliasForm(forms.Form):
    """Another name for a topic."""

    name = forms.CharField(
        label="Another name", max_length=LONGEST_NAME, help_text="An abbreviation or an older word that means the same"
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if _is_too_long(name):
            raise ValidationError(f"Another name can have {LONGEST_NAME} characters at most. Shorten it.")
        return name
