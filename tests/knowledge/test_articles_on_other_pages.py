"""What knowledge adds to the pages of people, departments and topics."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def test_a_person_department_and_topic_show_the_articles_the_reader_may_see(
    as_: Any, alice: Any, charlie: Any, treasury: Any
) -> None:
    topic = factories.topic("Budget")
    for title, audience, publish in (
        ("For all", None, True),
        ("For the Treasury", treasury.audience, True),
        ("Rough", None, False),
    ):
        factories.article(
            author=alice, title=title, audience=audience, publish=publish, topics=["budget"], department=treasury
        )
    for address in (alice.get_absolute_url(), treasury.get_absolute_url(), topic.get_absolute_url()):
        theirs = as_(charlie).get(address).content.decode()
        assert "For all" in theirs and "For the Treasury" not in theirs and "Rough" not in theirs
        assert "For the Treasury" in as_(alice).get(address).content.decode()


def test_many_articles_are_a_link_to_the_list(as_: Any, alice: Any, charlie: Any) -> None:
    for _ in range(6):
        factories.article(author=alice)
    page = as_(charlie).get(alice.get_absolute_url()).content.decode()
    assert f"/knowledge/?person={alice.pk}" in page
    assert len(as_(charlie).get(f"/knowledge/?person={alice.pk}").context["page"]) == 6


def test_a_page_with_nothing_to_add_says_nothing(as_: Any, alice: Any, charlie: Any) -> None:
    page = as_(charlie).get(alice.get_absolute_url())
    assert "Articles" not in [panel.title for panel in page.context["panels"]]
