"""Every kind of page in a real browser: readable and usable in light and dark, on a narrow and a wide screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as service
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, override_settings
from playwright.sync_api import BrowserContext, Page, expect

from knowledge.actions import articles
from knowledge.actions.content import Content
from knowledge.models import Article
from tests.e2e.conftest import Server, sign_in_cookie
from tests.e2e.conftest import _clean as clean
from tests.e2e.showing import Showing, build

AXE = Axe().axe_script
TOO_WIDE = (
    "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    ".map(e => e.outerHTML.slice(0, 150)).slice(0, 4)"
)
# Every rule once; where only the colours differ, those that look at colours
EVERY_RULE = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"], "resultTypes": ["violations"]}
SCHEMES: dict[Any, Any] = {"light": EVERY_RULE, "dark": COLOURS}

Act = Callable[[Page, Showing], None]


@dataclass(frozen=True)
class Case:
    """A page to look at.

    Attributes:
        path: its address; “{name}” stands for what is shown there.
        who: who looks, of the people shown; "" for a visitor.
        status: what the server answers.
        act: what is done on it before it is looked at.
        leaves: what the act makes the server answer, where that is no success.
    """

    path: str
    who: str = "civil.servant"
    status: int = 200
    act: Act | None = None
    leaves: int = 0

    def __str__(self) -> str:
        done = f" {getattr(self.act, '__name__', '')}" if self.act else ""
        return f"{self.who or 'visitor'} {self.path}{done}"


# What is done on a page


def sent_empty(page: Page, showing: Showing) -> None:
    """Send the main form with nothing in it."""
    for box in page.locator("main form textarea:visible, main form input[type=text]:visible").all():
        box.fill("")
    page.locator("main form:not(.ck-filters) .govuk-button:visible").last.click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()


def published_empty(page: Page, showing: Showing) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()


def previewed(page: Page, showing: Showing) -> None:
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview h2").first).to_be_visible()


def saved_too_late(page: Page, showing: Showing) -> None:
    """Somebody else saves the article while it is being edited here."""
    article = Article.objects.get(slug=showing.at["changed article"].split("/")[2])
    content = Content.of(article, body=article.body + "\n\nTheirs.")
    articles.edit(article=article, content=content, edition=article.edition, by=article.author)
    page.get_by_label("Article", exact=True).fill(article.body + "\n\nMine.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#conflict")).to_be_visible()


def writing(page: Page, showing: Showing) -> None:
    """The composer, with everything in it open."""
    page.locator("#composer textarea").fill("Half a thought")
    page.locator("#composer summary").click()


def replying(page: Page, showing: Showing) -> None:
    page.get_by_role("link", name="Reply").first.click()
    expect(page.get_by_role("button", name="Reply")).to_be_visible()


def adding(page: Page, showing: Showing) -> None:
    page.get_by_text("Add a person").click()


def reacting(page: Page, showing: Showing) -> None:
    page.get_by_role("button", name="Thanks").first.click()
    expect(page.get_by_role("button", name="Thanks").first).to_have_attribute("aria-pressed", "true")


def cases(who: str, *paths: str) -> list[Case]:
    return [Case(path, who) for path in paths]


ME = "civil.servant"
CASES = [
    # The feed
    *cases(ME, "/", "/?stream=department", "/?stream=everyone", "/notifications/"),
    *cases(ME, "{question}", "{own post}", "{own post}edit/", "{own post}hide/"),
    *cases(ME, "{own comment}edit/", "{own comment}hide/", "{somebody's comment}reply/"),
    *cases("newcomer", "/", "/?stream=following", "/notifications/"),
    Case("/", act=writing),
    Case("/posts/?kind=question&topics=Accessibility"),
    Case("/posts/", act=sent_empty, leaves=422),
    Case("{question}", act=replying),
    Case("{silent post}", act=reacting),
    Case("{question}edit/", "newcomer", status=403),
    # Knowledge
    *cases(ME, "/knowledge/", "/knowledge/?topic=nothing-like-it", "/knowledge/?drafts=1"),
    *cases(ME, "{changed article}", "{draft}", "{withdrawn article}"),
    *cases(ME, "{changed article}edit/", "{draft}edit/", "{changed article}withdraw/"),
    *cases(ME, "{changed article}history/?old=1&new=2", "{changed article}history/1/", "{draft}history/"),
    *cases("newcomer", "{article}", "/knowledge/?drafts=1"),
    Case("/knowledge/new/?kind=policy", act=previewed),
    Case("/knowledge/new/", act=published_empty, leaves=422),
    Case("{changed article}edit/", act=saved_too_late, leaves=409),
    # People and where they work
    *cases(ME, "/people/", "/people/?q=nobody-like-that", "{own profile}", "{awkward person}"),
    *cases(ME, "{own profile}edit/", "{own profile}photo/", "/settings/", "/password/"),
    *cases(ME, "/departments/", "/departments/?q=nothing-like-it", "{department}", "{empty department}"),
    *cases("newcomer", "/settings/", "/password/set/"),
    *cases("department.admin", "{department person}", "{department person}end/", "{department person}suspend/"),
    Case("{own profile}edit/", act=sent_empty, leaves=422),
    Case("{department}people/", "department.admin", act=adding),
    # Communities and topics
    *cases(ME, "/communities/", "/communities/?show=all", "/communities/?q=nothing-like-it", "/communities/new/"),
    *cases(ME, "{community}", "{open community}", "{closed community}", "{community}members/"),
    *cases("community.owner", "{owned community}", "{owned community}edit/"),
    *cases(ME, "/topics/", "/topics/?q=nothing-like-it", "{topic}", "{empty topic}", "{suggested topic}"),
    *cases("council", "/topics/", "{topic}edit/", "{suggested topic}edit/"),
    *cases(ME, "/suggestions/"),
    Case("/suggestions/", "newcomer"),
    Case("{owned community}", "newcomer"),
    Case("{owned community}members/", "community.owner", act=adding),
    Case("/communities/new/", act=sent_empty, leaves=422),
    # Search
    *cases(ME, "/search/", "/search/?q=submission", "/search/?q=submission&kind=article&topic=policy-making"),
    Case("/search/?q=nothing-like-it-anywhere"),
    # The way in, and what is for everybody
    *cases("", "/sign-in/", "/sign-in/closed/", "/sign-up/", "/sign-up/check-your-email/", "/sign-up/confirm/x/"),
    *cases("", "{confirmation}", "/password/reset/", "/password/reset/sent/", "/password/reset/done/"),
    *cases("", "{new password}", "/password/reset/1-x/", "/conduct/"),
    *cases(ME, "/sign-in/again/", "/sign-out/", "/accessibility/"),
    Case("/conduct/?next=/people/", "unsworn"),
    Case("/sign-in/", "", act=sent_empty, leaves=422),
    Case("/sign-up/", "", act=sent_empty, leaves=422),
    Case("/nothing/here/", status=404),
    Case("/nothing/here/", "", status=404),
]


@pytest.fixture(scope="module")
def showing(_server: Any, _folder: Path, django_db_blocker: Any) -> Iterator[Showing]:
    """The demonstration and more, for all tests of this module."""
    with django_db_blocker.unblock():
        with override_settings(MEDIA_ROOT=_folder / "media", SEARCH_DIR=_folder / "search"):
            shown = build()
        connection.close()
    yield shown
    with django_db_blocker.unblock():
        clean()
        connection.close()


@pytest.fixture
def _django_db_helper(showing: Showing, django_db_blocker: Any) -> Iterator[None]:
    """What is shown stays from test to test."""
    with django_db_blocker.unblock():
        yield
        connection.close()


@pytest.fixture
def open_case(context: BrowserContext, server: Server, showing: Showing) -> Callable[[Case], Page]:
    """Opens the page of a case, with what is done on it done."""

    def open_one(case: Case) -> Page:
        if case.who:
            cookie = sign_in_cookie(showing.people[case.who])
            context.add_cookies([{"name": service.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}])
        page = context.new_page()
        requested: list[str] = []
        page.on("request", lambda request: requested.append(request.url))
        answer = page.goto(case.path.format_map(showing.at))
        assert answer and answer.status == case.status
        # Not sent to sign in, or to accept the code of conduct
        assert urlsplit(page.url).path not in {"/sign-in/", "/conduct/"} - {urlsplit(case.path).path}
        if case.act:
            case.act(page, showing)
        assert {urlsplit(address).netloc for address in requested} == {server.host}
        return page

    return open_one


def look(page: Page, widths: tuple[int, ...] = (1280, 320)) -> list[str]:
    """What is wrong with a page as it stands, at these widths and in both colour schemes."""
    wrong = []
    page.evaluate(AXE)
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{width} px: the page scrolls sideways, for {page.evaluate(TOO_WIDE)}")
        for scheme, options in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            for found in page.evaluate("options => axe.run(options).then(found => found.violations)", options):
                places = [f"{node['html'][:200]} ({node['failureSummary']})" for node in found["nodes"][:3]]
                wrong.append(f"{width} px, {scheme}: {found['id']}: {found['help']}: {places}")
    return wrong


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_page_is_sound(open_case: Callable[[Case], Page], browser_problems: list[str], case: Case) -> None:
    page = open_case(case)
    assert look(page) == []
    expect(page.locator("h1")).to_have_count(1)
    assert re.fullmatch(r"(Error: )?\S.* – Common Knowledge", page.title())
    skips = page.locator(".govuk-skip-link").all()
    assert skips[0].get_attribute("href") == "#main-content"
    for skip in skips:
        skip.focus()
        page.keyboard.press("Enter")
        expect(page.locator(skip.get_attribute("href") or "")).to_be_focused()
    # The browser says of its own that an answer was no success
    expected = {f"status of {status} " for status in (case.status, case.leaves) if status >= 400}
    browser_problems[:] = [text for text in browser_problems if not any(part in text for part in expected)]


def test_menus_are_sound(open_case: Callable[[Case], Page]) -> None:
    page = open_case(Case("/people/"))
    page.locator(".ck-account summary").click()
    expect(page.get_by_role("link", name="Settings")).to_be_visible()
    assert look(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Settings")).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Menu")).click()
    expect(page.get_by_role("link", name="Topics")).to_be_visible()
    assert look(page, (320,)) == []


def test_pages_without_a_working_service_are_sound(
    open_case: Callable[[Case], Page], showing: Showing, settings: Any, tmp_path: Path
) -> None:
    """What the running server does not give: a search without its index, and the pages of a service that is down."""
    client = Client()
    client.force_login(showing.people["civil.servant"])
    settings.SEARCH_DIR = tmp_path / "lost"
    pages = {"search": client.get("/search/?q=anything").content.decode()}
    assert "Search is not available" in pages["search"]
    pages |= {name: render_to_string(f"{name}.html") for name in ("400", "429", "500", "503")}
    page = open_case(Case("/accessibility/"))
    shown = iter(pages.values())
    page.route("**/accessibility/", lambda route: route.fulfill(body=next(shown), content_type="text/html"))
    for _ in pages:
        page.reload()
        assert look(page) == []
        expect(page.locator("h1")).to_have_count(1)
