"""The frame of every page: navigation, error pages, and what templates and style sheet must never hold."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import engines
from django.template.loader import render_to_string

SOMEBODY = SimpleNamespace(
    pk=1, name="Alice Archer", initials="AA", avatar_colour=1, avatar_url="", is_authenticated=True
)


def page(section: str, **context: object) -> str:
    source = (
        '{% extends "base.html" %}{% block title %}Topic{% endblock %}{% block section %}' + section + "{% endblock %}"
    )
    return engines["django"].from_string(source).render({"user": SOMEBODY, "site_name": "Archive", **context})


def test_the_current_section_is_marked_and_no_other() -> None:
    html = page("people")
    assert html.count("aria-current") == 1
    assert 'href="/people/" aria-current="true"' in html
    assert "aria-current" not in page("")


def test_unread_notifications_are_counted_in_words_too() -> None:
    html = page("home", unread_notifications=3)
    assert '3<span class="govuk-visually-hidden"> unread</span>' in html
    assert "unread</span>" not in page("home", unread_notifications=0)


def test_the_title_says_page_then_site_and_error_first() -> None:
    assert "<title>Topic – Archive</title>" in page("home")
    assert "<title>Error: Topic – Archive</title>" in page("home", form=SimpleNamespace(errors={"name": ["No"]}))


def test_only_what_was_searched_for_stands_in_the_search_box() -> None:
    assert 'value="tax &amp; spend"' in page("search", search_query="tax & spend")
    assert 'name="q" value=""' in page("people")


def test_a_page_has_search_but_no_token_of_its_own() -> None:
    html = page("home")
    assert 'action="/search/" method="get" role="search"' in html
    assert "csrfmiddlewaretoken" not in html


@pytest.mark.parametrize("template", ["400.html", "403.html", "404.html", "429.html", "500.html", "503.html"])
def test_an_error_page_needs_neither_database_nor_context(template: str) -> None:
    html = render_to_string(template)
    assert 'role="search"' in html
    assert "<h1" in html


def test_429_says_when_to_try_again() -> None:
    assert "Try again in 30 seconds." in render_to_string("429.html", {"retry_after": 30})
    assert "Try again in 4 minutes." in render_to_string("429.html", {"retry_after": 240})
    assert "Wait a minute" in render_to_string("429.html")


def test_no_template_holds_inline_style_or_script() -> None:
    inline = re.compile(r"<style|\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
    pages = [path for path in (settings.BASE_DIR / "templates").rglob("*.html") if "emails" not in path.parts]
    assert [str(path) for path in pages if inline.search(path.read_text())] == []


def test_the_style_sheet_names_no_font_file_and_no_other_host() -> None:
    css = Path(settings.BASE_DIR / "build/static/css/app.css").read_text()
    assert "@font-face" not in css
    assert "GDS Transport" not in css
    assert "url(" not in css
