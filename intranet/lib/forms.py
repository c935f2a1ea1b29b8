"""Forms in GOV.UK's markup: the renderer named by FORM_RENDERER, and the day, month, year field."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _

# Longer texts (an article's body) are bounded by the server alone: a counter there would be noise
COUNTED_CHARACTERS = 5000
# How Django's own messages begin; ours name what they are about
UNNAMED = ("This field", "Ensure this value", "Select a valid", "Enter a valid", "Enter a whole", "Enter a number")


class GovukBoundField(BoundField):
    """A field that knows which GOV.UK component draws it, so that form classes need no widget attributes."""

    @property
    def kind(self) -> str:
        """The component that draws this field; `components/forms/field.html` branches on it."""
        widget = self.field.widget
        kinds: tuple[tuple[type[forms.Widget], str], ...] = (
            (DateWidget, "date"),
            (forms.CheckboxSelectMultiple, "checkboxes"),
            (forms.RadioSelect, "radios"),
            (forms.CheckboxInput, "checkbox"),
            (forms.Select, "select"),
            (forms.Textarea, "textarea"),
            (forms.PasswordInput, "password"),
            (forms.FileInput, "file"),
        )
        return next((kind for base, kind in kinds if isinstance(widget, base)), "input")

    @property
    def use_fieldset(self) -> bool:
        """Django groups a file input with its "clear" box; one labelled control reads better."""
        return self.field.widget.use_fieldset and self.kind != "file"

    @property
    def counted(self) -> int | None:
        """How many characters the counter under a textarea allows, or None for no counter."""
        limit = getattr(self.field, "max_length", None)
        return limit if self.kind == "textarea" and limit and limit <= COUNTED_CHARACTERS else None

    @property
    def error_target(self) -> str:
        """The id that the error summary links to: the first control of a group has a number of its own."""
        if self.kind in ("radios", "checkboxes", "date"):
            return f"{self.auto_id}_0"
        return self.id_for_label or self.auto_id

    @property
    def errors_alone(self) -> list[str]:
        """The errors as they are understood away from the field, in the error summary."""
        return [
            f"{self.label}: {error}" if self.is_hidden or error.startswith(UNNAMED) else error
            for error in map(str, self.errors)
        ]

    @property
    def aria_describedby(self) -> str | None:
        described_by = super().aria_describedby
        if self.counted and described_by is not None:
            return f"{described_by} {self.auto_id}-info".strip()
        return described_by

    def build_widget_attrs(self, attrs: Any, widget: forms.Widget | None = None) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        drawn = widget or self.field.widget
        if not drawn.is_hidden:
            built["class"] = " ".join([*drawn.attrs.get("class", "").split(), *self._classes()])
        return built

    def _classes(self) -> list[str]:
        name = {
            "input": "govuk-input",
            "password": "govuk-input",
            "date": "govuk-input",
            "checkbox": "govuk-checkboxes__input",
            "checkboxes": "govuk-checkboxes__input",
            "radios": "govuk-radios__input",
            "select": "govuk-select",
            "textarea": "govuk-textarea",
            "file": "govuk-file-upload",
        }[self.kind]
        classes = [name]
        if self.errors and self.kind not in ("checkbox", "checkboxes", "radios"):
            classes.append(f"{name}--error")
        if self.kind == "date":
            classes.append("govuk-date-input__input")
        if self.kind == "password":
            classes += ["govuk-password-input__input", "govuk-js-password-input-input"]
        if self.counted:
            classes.append("govuk-js-character-count")
        return classes


class GovukRenderer(TemplatesSetting):
    """Draws every `{{ form }}` and `{{ field.as_field_group }}` with the templates of components/forms/."""

    form_template_name = "components/forms/form.html"
    field_template_name = "components/forms/field.html"
    bound_field_class = GovukBoundField


class DateWidget(forms.MultiWidget):
    """Three number boxes: people type a date they know faster than they pick it from a calendar."""

    template_name = "components/forms/date.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        boxes: dict[str, forms.Widget | type[forms.Widget]] = {
            part: forms.TextInput(attrs={"inputmode": "numeric"}) for part in ("day", "month", "year")
        }
        super().__init__(boxes, attrs)

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, date):
            return [value.day, value.month, value.year]
        return str(value).split("/", 2) if value else ["", "", ""]

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """The three boxes as `day/month/year`, the form that DateField reads; all empty is no date."""
        parts = [str(part or "").strip() for part in super().value_from_datadict(data, files, name)]
        return "/".join(parts) if any(parts) else ""


class DateField(forms.DateField):
    """A date typed as day, month and year; cleans to `datetime.date`, or None when it may stay empty."""

    widget = DateWidget
    default_error_messages = {
        "required": _("Enter a date"),
        "invalid": _("Enter a real date, such as 27 3 2026"),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%d/%m/%Y"], **kwargs)
