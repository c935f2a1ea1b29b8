"""How a form reaches the person who fills it in: labels, hints, errors, and where each error leads."""

from datetime import date

import pytest
from django import forms
from django.template.loader import render_to_string

from intranet.lib.forms import DateField


class Leave(forms.Form):
    reason = forms.CharField(max_length=200, help_text="In a few words")
    note = forms.CharField(widget=forms.Textarea, max_length=300, required=False)
    kind = forms.ChoiceField(choices=[("paid", "Paid"), ("unpaid", "Unpaid")], widget=forms.RadioSelect)
    starts = DateField()
    password = forms.CharField(widget=forms.PasswordInput)
    key = forms.CharField(widget=forms.HiddenInput, initial="7")


def typed(**changes: str) -> dict[str, str]:
    answers = {
        "reason": "Rest",
        "kind": "paid",
        "starts_day": "1",
        "starts_month": "2",
        "starts_year": "2027",
        "password": "x",
        "key": "7",
    }
    return answers | changes


def test_it_ties_hint_and_error_to_the_control() -> None:
    html = str(Leave(typed(reason="")))
    assert 'id="id_reason_helptext"' in html
    assert 'id="id_reason_error"' in html
    assert 'aria-describedby="id_reason_helptext id_reason_error"' in html
    assert 'class="govuk-input govuk-input--error"' in html
    assert '<span class="govuk-visually-hidden">Error:</span>' in html


def test_it_shows_no_error_before_anything_was_sent() -> None:
    html = str(Leave())
    assert "Error:" not in html
    assert "aria-invalid" not in html
    assert 'class="govuk-input"' in html


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"reason": ""}, "#id_reason"),
        ({"kind": ""}, "#id_kind_0"),
        ({"starts_day": "31"}, "#id_starts_0"),
        ({"password": ""}, "#id_password"),
    ],
)
def test_the_error_summary_links_to_a_control_that_is_there(changes: dict[str, str], target: str) -> None:
    form = Leave(typed(**changes))
    summary = render_to_string("components/error_summary.html", {"form": form})
    assert f'href="{target}"' in summary
    assert f'id="{target[1:]}"' in str(form)


def test_the_error_summary_names_the_field_where_the_message_does_not() -> None:
    class Named(forms.Form):
        name = forms.CharField(label="Your name", max_length=5, error_messages={"required": "Enter your name"})
        page = forms.IntegerField(label="This page", widget=forms.HiddenInput)

    empty, long = Named({"name": ""}), Named({"name": "Bartholomew", "page": "1"})
    summary = render_to_string("components/error_summary.html", {"form": empty})
    assert ">Enter your name</a>" in summary
    assert "<li>This page: This field is required.</li>" in summary
    assert "Your name: Ensure this value has at most 5" in render_to_string(
        "components/error_summary.html", {"form": long}
    )


def test_the_error_summary_is_silent_about_a_form_without_errors() -> None:
    assert render_to_string("components/error_summary.html", {"form": Leave(typed())}).strip() == ""
    assert render_to_string("components/error_summary.html", {}).strip() == ""


def test_an_error_of_the_whole_form_is_said_once_above_and_once_in_the_form() -> None:
    form = Leave(typed())
    form.add_error(None, "The year is closed.")
    assert "The year is closed." in str(form)
    assert "The year is closed." in render_to_string("components/error_summary.html", {"form": form})


def test_a_group_of_controls_has_a_legend() -> None:
    html = str(Leave())
    assert '<legend class="govuk-fieldset__legend govuk-fieldset__legend--s">Kind</legend>' in html
    assert html.count('class="govuk-radios__input"') == 2
    assert '<label class="govuk-label govuk-radios__label" for="id_kind_1">Unpaid</label>' in html


def test_a_bounded_text_has_a_counter_that_it_names() -> None:
    html = str(Leave())
    assert 'data-maxlength="300"' in html
    assert 'aria-describedby="id_note-info"' in html
    assert 'id="id_note-info"' in html


def test_hidden_fields_have_no_label_and_no_class() -> None:
    html = str(Leave())
    assert '<input type="hidden" name="key" value="7" id="id_key">' in html
    assert 'for="id_key"' not in html


def test_what_was_typed_is_kept_and_escaped() -> None:
    html = str(Leave(typed(reason="<script>", kind="", starts_day="31")))
    assert 'value="&lt;script&gt;"' in html
    assert "<script>" not in html
    assert 'name="starts_day" value="31"' in html


def test_a_date_is_read_from_its_three_boxes() -> None:
    form = Leave(typed())
    assert form.is_valid(), form.errors
    assert form.cleaned_data["starts"] == date(2027, 2, 1)


@pytest.mark.parametrize(
    "day, month, year", [("31", "2", "2027"), ("1", "", "2027"), ("a", "b", "c"), ("1", "2", "27")]
)
def test_a_date_that_is_none_is_refused_with_an_example(day: str, month: str, year: str) -> None:
    form = Leave(typed(starts_day=day, starts_month=month, starts_year=year))
    assert form.errors["starts"] == ["Enter a real date, such as 27 3 2026"]


def test_a_date_shows_what_it_starts_with() -> None:
    html = str(Leave(initial={"starts": date(2026, 11, 5)}))
    assert 'name="starts_day" value="5"' in html
    assert 'name="starts_year" value="2026"' in html
