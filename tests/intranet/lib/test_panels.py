"""Slots: apps put panels on pages that do not know them."""

import pytest
from django.test import RequestFactory
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from intranet.lib.panels import Panel, Slot


@pytest.fixture
def request_():
    return RequestFactory().get("/")


def test_panels_come_in_order_and_silent_ones_are_left_out(request_):
    slot = Slot("person")

    @slot.panel(order=20)
    def posts(request, obj):
        return Panel(format_html("posts of {}", obj), title="Posts")

    @slot.panel(order=10)
    def articles(request, obj):
        return Panel(format_html("articles of {}", obj))

    @slot.panel()
    def nothing(request, obj):
        return None

    @slot.panel(order=30)
    def urgent(request, obj):
        return Panel(mark_safe("urgent"), order=-25)

    assert [panel.html for panel in slot.render(request_, "<Ann>")] == [
        "urgent",
        "articles of &lt;Ann&gt;",
        "posts of &lt;Ann&gt;",
    ]


def test_an_empty_slot_shows_nothing(request_):
    assert Slot("person").render(request_, "Ann") == []


def test_registering_twice_is_an_error(request_):
    slot = Slot("person")

    @slot.panel()
    def posts(request, obj):
        return Panel(mark_safe("posts"))

    with pytest.raises(ValueError, match="already registered in the slot person"):
        slot.panel(order=5)(posts)
    assert len(slot.render(request_, "Ann")) == 1


def test_plain_text_is_not_taken_for_html():
    with pytest.raises(TypeError):
        Panel("<script>")
