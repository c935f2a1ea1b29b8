"""The tests against a running server see what they must see."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from playwright.sync_api import Page

from feeds.models import Post
from profiles.models import User
from tests import factories
from tests.e2e.conftest import Server


def test_a_page_reports_what_the_content_security_policy_refuses(page: Page, browser_problems: list[str]) -> None:
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'alert(1)'}))")
    assert any("Content Security Policy" in problem for problem in browser_problems)
    browser_problems.clear()


def test_the_server_sees_what_a_test_wrote(page: Page, alice: User) -> None:
    post = factories.post(author=alice, body="Committed")
    page.goto(f"/posts/{post.pk}/")
    assert "Committed" in page.inner_text("main")


def test_no_test_leaves_rows_to_the_next(server: Server) -> None:
    assert not Post.objects.exists()
    assert not User.objects.exists()
    assert Path(str(connection.settings_dict["NAME"])).name.startswith("test")
