"""The forms of the people finder, of a profile and of a photo."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import QueryDict

from profiles.forms.topics import TopicNamesField, typed
from profiles.models import MAX_TOPICS_AT_ONCE, User

INCOMPLETE = dict.fromkeys(
    ("required", "invalid"), "It did not arrive whole. Copy what you typed, reload it and try again."
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class FinderForm(forms.Form):
    """What people are looked for by; nothing in it can be wrong enough for an error."""

    q = forms.CharField(max_length=200, required=False)


class ProfileForm(forms.ModelForm):
    """A profile, as its person or their department's administrator edits it."""

    working_days = forms.MultipleChoiceField(
        label="Working days",
        choices=[(str(index), day) for index, day in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    manager = forms.CharField(
        label="Manager’s e-mail address",
        max_length=254,
        required=False,
        help_text="Their full name works too, if nobody else has it.",
        widget=forms.TextInput(attrs={"inputmode": "email", "spellcheck": "false"}),
    )
    expertise = TopicNamesField(
        label="Topics you know about",
        help_text=(
            f"Up to {MAX_TOPICS_AT_ONCE}, separated by commas: colleagues find people by these. For example: "
            "procurement, service design"
        ),
    )
    version = forms.DateTimeField(label="This page", widget=forms.HiddenInput, error_messages=INCOMPLETE)

    class Meta:
        model = User
        fields = (
            "name",
            "pronouns",
            "job_title",
            "grade",
            "location",
            "phone",
            "contact_me_about",
            "biography",
        )
        labels = {"contact_me_about": "Contact me about", "phone": "Phone number", "biography": "About you"}
        help_texts = {
            "name": "As colleagues know you.",
            "pronouns": "For example: she/her.",
            "location": "The office or town where colleagues find you.",
            "contact_me_about": "In a line: what should people come to you for?",
            "biography": "What you do and what you have done. You can use Markdown.",
        }
        error_messages = {"name": {"required": "Enter a name"}}
        widgets = {
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
            "biography": forms.Textarea(attrs={"rows": 8}),
            "contact_me_about": forms.TextInput(),
        }

    field_order = [
        "name",
        "pronouns",
        "job_title",
        "grade",
        "location",
        "phone",
        "working_days",
        "manager",
        "contact_me_about",
        "expertise",
        "biography",
        "version",
    ]

    def __init__(self, data: QueryDict | None = None, *, instance: User, reader: User) -> None:
        self.reader = reader
        topics = instance.expertise.order_by("name").values_list("name", flat=True)
        initial = {
            "working_days": [str(index) for index, flag in enumerate(instance.working_days) if flag == "1"],
            "manager": instance.manager.email if instance.manager else "",
            "expertise": typed(topics),
            "version": instance.updated_at.isoformat(),
        }
        super().__init__(data, instance=instance, initial=initial)
        grade = self.fields["grade"]
        grade.choices = [("", "Not said"), *grade.choices[1:]]  # type: ignore[attr-defined]
        for name in ("name", "pronouns", "job_title", "location", "phone", "contact_me_about"):
            # Beyond the limit the server says so and keeps the text; the browser would cut it without a word
            self.fields[name].widget.attrs.pop("maxlength", None)
        if instance.pk != reader.pk:
            self.fields["expertise"].label = "Topics they know about"
            self.fields["biography"].label = "About them"
            self.fields["biography"].help_text = "You can use Markdown."

    def clean_working_days(self) -> str:
        chosen = self.cleaned_data["working_days"]
        return "".join("1" if str(index) in chosen else "0" for index in range(7))

    def clean_manager(self) -> User | None:
        wanted = " ".join(self.cleaned_data["manager"].split())
        if not wanted:
            return None
        field = "email__iexact" if "@" in wanted else "name__iexact"
        found = list(User.objects.visible_to(self.reader).filter(**{field: wanted})[:2])
        if not found:
            raise forms.ValidationError(
                f"We cannot find “{wanted}”. Enter the e-mail address that they sign in with here, or leave this empty."
            )
        if len(found) > 1:
            raise forms.ValidationError(f"Several people are called {wanted}. Enter the e-mail address.")
        if found[0].pk == self.instance.pk:
            raise forms.ValidationError("Nobody is their own manager. Enter somebody else or nobody.")
        return found[0]

    def meet(self, person: User) -> list[tuple[str, str]]:
        """Let the form go on from how `person` was saved meanwhile, keeping what was typed.

        Returns:
            (label, text as it stands now) of every field that differs from what was typed.
        """
        now = ProfileForm(instance=person, reader=self.reader)
        data = cast(QueryDict, self.data).copy()
        data["version"] = now["version"].value()
        self.data = data
        self.add_error(
            None,
            "Somebody saved this profile while you were editing it. Nothing of either is lost: compare below, change "
            "what you need to, then save.",
        )
        return [
            (str(field.label), _shown(field) or "Nothing")
            for field in now.visible_fields()
            if _shown(field) != _shown(self[field.name])
        ]

    def values(self) -> dict[str, Any]:
        """The columns of User that the form sets."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("expertise", "version")}


def _shown(field: forms.BoundField) -> str:
    """What a field holds, as somebody reads it."""
    value = field.value()
    choices: dict[str, str] = {str(key): str(label) for key, label in getattr(field.field, "choices", ())}
    if isinstance(value, list):
        return ", ".join(choices.get(str(item), str(item)) for item in value)
    text = str(value or "").strip().replace("\r\n", "\n")
    return choices.get(text, text) if text else ""


class PhotoForm(forms.Form):
    """A photo to upload; what is in the file, `intranet.lib.images` decides."""

    photo = forms.FileField(
        label="Choose a photo",
        allow_empty_file=True,
        help_text="A JPEG, PNG, WebP or GIF file of up to 8 MB. We keep the middle square and nothing else.",
        error_messages={"required": "Choose a photo to upload"},
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )
