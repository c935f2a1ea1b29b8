"""Forms of departments: finding one, and looking after its people."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from intranet.lib.forms import DateField
from profiles.models import DepartmentKind, Membership, User

LONGEST_NOTICE = datetime.timedelta(days=3 * 366)


class DepartmentFilterForm(forms.Form):
    """What the list of departments is narrowed to. Nothing in it can be wrong: what fits nothing finds nothing."""

    q = forms.CharField(label="Name or abbreviation", max_length=100, required=False)
    kind = forms.ChoiceField(label="Kind", choices=[("", "All kinds"), *DepartmentKind.choices], required=False)
    closed = forms.BooleanField(required=False)

    @property
    def chosen(self) -> dict[str, Any]:
        """What was asked for, without what is empty or unreadable."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class PersonSearchForm(forms.Form):
    """Finds somebody among a department's people."""

    q = forms.CharField(label="Name or e-mail address", max_length=100, required=False)


class PlaceForm(forms.Form):
    """What a person does in a department."""

    role_title = forms.CharField(
        label="Role", max_length=120, required=False, help_text="What they do here. For example: Head of Delivery"
    )
    is_lead = forms.BooleanField(label="They lead this department or team", required=False)
    is_main = forms.BooleanField(label="This is their main department", required=False)

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(membership, name) for name in ("role_title", "is_lead", "is_main")}
        super().__init__(*args, **kwargs)
        if membership.is_main:
            # It stays so until another place becomes the main one
            del self.fields["is_main"]

    def values(self) -> dict[str, Any]:
        return {"is_main": False, **self.cleaned_data}


class AddPersonForm(forms.Form):
    """Brings somebody who has an account into a department."""

    email = forms.EmailField(label="E-mail address", help_text="The address they sign in with")
    role_title = forms.CharField(
        label="Role", max_length=120, required=False, help_text="What they will do. For example: Policy adviser"
    )
    is_lead = forms.BooleanField(label="They lead this department or team", required=False)

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people

    def clean_email(self) -> User:
        return person_with(self.cleaned_data["email"], self.people)


class EndForm(forms.Form):
    """The day a person's place ends."""

    on = DateField(
        label="End date",
        help_text="From this day they no longer see what is shared with this department. Today ends it at once.",
    )

    def __init__(self, *args: Any, membership: Membership, **kwargs: Any) -> None:
        kwargs["initial"] = {"on": membership.ended_on or timezone.localdate()}
        super().__init__(*args, **kwargs)
        self.membership = membership

    def clean_on(self) -> datetime.date:
        on: datetime.date = self.cleaned_data["on"]
        if on < self.membership.started_on:
            raise forms.ValidationError(
                f"Enter {self.membership.started_on:%-d %B %Y}, when they started, or a later day"
            )
        if on > timezone.localdate() + LONGEST_NOTICE:
            raise forms.ValidationError("Enter a day within the next three years")
        return on


class ReasonForm(forms.Form):
    """Why somebody is shut out or let back in; kept in the audit log."""

    reason = forms.CharField(
        label="Reason", max_length=200, help_text="Kept in the audit log. Do not write personal details here."
    )


def person_with(email: str, people: QuerySet[User]) -> User:
    """The one of `people` who signs in with `email`.

    Raises:
        ValidationError: nobody does, or nobody that the asker may see.
    """
    person = people.filter(email__iexact=email).first()
    if person is None:
        raise forms.ValidationError(
            "Nobody has an account with this e-mail address. Check it, or ask them to sign up first."
        )
    return person
