"""What people come to do, from end to end: by keyboard, without JavaScript, and in each other's way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from feeds.demo.avatars import avatar
from feeds.models import Follow, Post, PostKind, Reaction
from knowledge.models import Article
from profiles import indexing
from profiles.models import Department, Expertise, User
from tests import factories

OpenAs = Callable[..., Page]
PASSWORD = "violet tractor umbrella"
FARTHEST = 120


class Keyboard:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, target: Locator) -> None:
        """Tab on until the target has the focus, wherever that is now."""
        expect(target).to_have_count(1)
        element = target.element_handle()
        for _ in range(FARTHEST):
            if self.page.evaluate("element => element === document.activeElement", element):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key")

    def press(self, role: str, name: str, *, inside: str = "body") -> None:
        """Press the one button, or follow the one link, of that name."""
        self.go(self.page.locator(inside).get_by_role(role, name=name, exact=True))  # type: ignore[arg-type]
        self.page.keyboard.press("Enter")

    def write(self, label: str, words: str, *, inside: str = "main") -> None:
        """Type into the box of that label, over what is in it."""
        self.go(self.page.locator(inside).get_by_label(label, exact=True))
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(words)


@pytest.fixture
def mail(_folder: Path) -> Callable[[], str]:
    """The path that the link in the newest mail leads to."""

    def newest() -> str:
        letter = max((_folder / "mail").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        link = re.search(r"https?://[^/\s]+(/sign-up/confirm/\S+)", letter.read_text())
        assert link
        return link[1]

    return newest


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(avatar("somebody", 300))
    return path


def signed_up(context: BrowserContext, mail: Callable[[], str]) -> Page:
    """Home, in the browser of somebody who has just made an account, confirmed it and accepted the code."""
    page = context.new_page()
    keyboard = Keyboard(page)
    page.goto("/sign-in/")
    keyboard.press("link", "make an account")
    keyboard.write("Your name", "Nia New")
    keyboard.write("E-mail address", "nia.new@treasury.gov.example")
    keyboard.write("Password", PASSWORD)
    keyboard.press("button", "Make my account")
    expect(page).to_have_title(re.compile("^Check your e-mail"))
    page.goto(mail())
    keyboard.press("button", "Yes, confirm it")
    expect(page).to_have_title(re.compile("^Code of conduct"))
    keyboard.press("button", "I accept the code of conduct")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    return page


def test_somebody_new_gets_in_and_shows_who_they_are(
    context: BrowserContext, treasury: Department, mail: Callable[[], str], photo: Path
) -> None:
    page = signed_up(context, mail)
    assert User.objects.get(name="Nia New").main_department == treasury
    keyboard = Keyboard(page)
    keyboard.go(page.locator(".ck-account summary"))
    page.keyboard.press("Enter")
    keyboard.press("link", "Settings")
    keyboard.press("link", "Edit my profile")
    keyboard.write("Job title (optional)", "Forecaster")
    keyboard.go(page.get_by_label("Saturday"))
    page.keyboard.press("Space")
    keyboard.write("Topics you know about (optional)", "Forecasting, Falconry")
    keyboard.press("button", "Save profile")
    expect(page.locator("main")).to_contain_text("The profile is saved.")
    for words in ("Forecaster", "Monday to Saturday", "Falconry", "Treasury"):
        expect(page.locator("body")).to_contain_text(words)
    keyboard.press("link", "Add photo")
    box = page.get_by_label("Choose a photo")
    keyboard.go(box)
    # The system's own window for choosing a file is not the page's
    box.set_input_files(photo)
    keyboard.press("button", "Save photo")
    expect(page.locator("main img.ck-avatar--l")).to_have_js_property("complete", True)
    assert page.locator("main img.ck-avatar--l").evaluate("image => image.naturalWidth") > 0


def test_with_a_keyboard_one_finds_a_person_and_follows_them(page: Page, alice: User, bob: User, charlie: User) -> None:
    Expertise.objects.create(user=bob, topic=factories.topic("Falconry"))
    keyboard = Keyboard(page)
    keyboard.press("link", "People", inside="nav")
    keyboard.write("Name, job title, department or topic", "falconry")
    page.keyboard.press("Enter")
    expect(page.locator("#people-found")).not_to_contain_text("Charlie")
    keyboard.press("link", "Bob Baker")
    keyboard.press("button", "Follow Bob Baker")
    expect(page.get_by_role("button", name="Following Bob Baker: stop following")).to_be_focused()
    assert Follow.objects.get().user == alice


def test_with_a_keyboard_one_posts_to_everyone(open_as: OpenAs, alice: User) -> None:
    everyone = factories.everyone()
    page = open_as(alice)
    keyboard = Keyboard(page)
    expect(page.get_by_role("button", name="Post", exact=True)).to_be_hidden()
    keyboard.write("Share an update, ask a question", "Who keeps falcons?")
    keyboard.go(page.get_by_label("Kind", exact=True))
    page.keyboard.type("Que")
    keyboard.go(page.get_by_label("Who can see it"))
    page.keyboard.type("Every")
    keyboard.press("button", "Post")
    expect(page.locator("#feed > li")).to_contain_text("Who keeps falcons?")
    expect(page.locator("#composer textarea")).to_be_focused()
    expect(page.locator("#composer textarea")).to_have_value("")
    post = Post.objects.get()
    assert (post.author, post.kind, post.audience) == (alice, PostKind.QUESTION, everyone)


def test_what_is_typed_is_made_bold_with_the_toolbar(open_as: OpenAs, alice: User) -> None:
    page = open_as(alice)
    text, bold = page.locator("#composer textarea"), page.get_by_role("button", name="Bold")
    expect(bold).to_be_hidden()
    text.fill("falcons")
    text.select_text()
    bold.click()
    expect(text).to_have_value("**falcons**")


def come_late(route: Route) -> None:
    route.request.frame.page.wait_for_timeout(500)
    route.continue_()


def test_a_page_is_first_painted_with_its_times_in_words(open_as: OpenAs, alice: User) -> None:
    factories.post(author=alice)
    page = open_as(alice)
    page.add_init_script(
        """requestAnimationFrame(function look() {
            window.painted = document.querySelector("#feed time")?.textContent
            if (!window.painted) requestAnimationFrame(look)
        })"""
    )
    # The script comes late, yet nothing is shown before it: a line that gets shorter would move what is read
    page.route(re.compile(r"/static/js/times"), come_late)
    page.reload()
    assert page.evaluate("window.painted") == "now"


def test_with_a_keyboard_knowledge_is_written_discussed_and_found(
    page: Page, alice: User, charlie: User, open_as: OpenAs
) -> None:
    keyboard = Keyboard(page)
    keyboard.press("link", "Knowledge", inside="nav")
    keyboard.press("link", "Write an article")
    keyboard.write("Title", "Keeping falcons at work")
    keyboard.write("Article", "## First\n\nAsk the **falconer**.")
    keyboard.press("button", "Preview")
    expect(page.locator("#preview strong")).to_have_text("falconer")
    assert not Article.objects.exists()
    keyboard.press("button", "Publish")
    expect(page.locator("article.ck-article h1")).to_have_text("Keeping falcons at work")
    # Somebody else hears of it, and answers on its page
    reader = open_as(charlie, "/?stream=everyone")
    keys = Keyboard(reader)
    expect(reader.locator("#feed > li")).to_contain_text("Alice Archer published knowledge")
    keys.go(reader.locator("#feed .ck-linked"))
    reader.keyboard.press("Enter")
    keys.write("Your comment", "Which glove?")
    keys.press("button", "Comment")
    expect(reader.locator("#comments .ck-comment")).to_contain_text("Which glove?")
    # And it is found
    indexing.rebuild()
    keys.write("Search people, knowledge and posts", "falconer", inside="header")
    reader.keyboard.press("Enter")
    found = reader.locator("li[data-kind=article]")
    expect(found).to_have_count(1)
    keys.go(found.get_by_role("link"))
    reader.keyboard.press("Enter")
    expect(reader.locator("article.ck-article")).to_contain_text("Ask the falconer.")


def test_everything_one_does_daily_works_without_javascript(
    open_as: OpenAs, alice: User, bob: User, treasury: Department
) -> None:
    group = factories.community("Falconers", owner=bob)
    post = factories.post(author=bob, body="I keep falcons.")
    page = open_as(alice, "/", java_script_enabled=False)
    page.get_by_label("Share an update, ask a question").fill("So do I.")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("main")).to_contain_text("Your update is posted.")
    expect(page.locator("article.ck-post")).to_contain_text("So do I.")

    page.goto(f"/posts/{post.pk}/")
    page.get_by_label("Your comment").fill("Which?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".ck-comment")).to_contain_text("Which?")
    page.get_by_role("button", name="Useful").click()
    expect(page.get_by_role("button", name="Useful")).to_have_attribute("aria-pressed", "true")
    assert Reaction.objects.get(post=post).user == alice

    page.get_by_role("link", name="Bob Baker").first.click()
    page.get_by_role("button", name="Follow Bob Baker").click()
    assert Follow.objects.get().user == alice
    page.goto(group.get_absolute_url())
    page.get_by_role("button", name="Join").first.click()
    assert group.memberships.current().filter(user=alice).exists()

    page.goto("/knowledge/new/")
    page.get_by_label("Title").fill("Falcons")
    page.get_by_label("Article", exact=True).fill("They *fly*.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview em")).to_have_text("fly")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("article.ck-article h1")).to_have_text("Falcons")

    indexing.rebuild()
    page.locator("#site-search").fill("falcons")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("ol[data-total]")).to_have_attribute("data-total", "3")

    page.locator(".ck-account summary").click()
    page.get_by_role("link", name="Sign out").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title(re.compile("^Sign in"))
    page.goto("/")
    expect(page).to_have_title(re.compile("^Sign in"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_double_click_makes_one_post(open_as: OpenAs, alice: User, scripts: bool) -> None:
    page = open_as(alice, "/", java_script_enabled=scripts)
    page.get_by_label("Share an update, ask a question").fill("Once is enough.")
    page.get_by_role("button", name="Post", exact=True).dblclick()
    expect(page.locator("article.ck-post")).to_contain_text("Once is enough.")
    page.wait_for_load_state("networkidle")
    assert Post.objects.count() == 1
    page.goto("/?stream=everyone")
    expect(page.locator("#feed > li")).to_have_count(1)


def test_when_two_edit_at_once_neither_text_is_lost(
    open_as: OpenAs, alice: User, bob: User, browser_problems: list[str]
) -> None:
    article = factories.article(author=alice, owner=bob, title="Falcons", body="They fly.")
    hers, his = (open_as(person, f"{article.get_absolute_url()}edit/") for person in (alice, bob))
    hers.get_by_label("Article", exact=True).fill("They fly high.")
    hers.get_by_role("button", name="Save", exact=True).click()
    expect(hers.locator("article.ck-article")).to_contain_text("They fly high.")
    his.get_by_label("Article", exact=True).fill("They fly fast.")
    his.get_by_role("button", name="Save", exact=True).click()
    expect(his.locator("#conflict")).to_contain_text("Alice Archer saved revision 2")
    expect(his.locator(".ck-compare")).to_contain_text("They fly high.")
    expect(his.locator(".ck-compare ins")).to_contain_text("fast")
    expect(his.get_by_label("Article", exact=True)).to_have_value("They fly fast.")
    his.get_by_role("button", name="Save my text instead").click()
    expect(his.locator("article.ck-article")).to_contain_text("They fly fast.")
    assert [revision.body for revision in article.revisions.order_by("number")] == [
        *("They fly.", "They fly high.", "They fly fast.")
    ]
    assert all("409 (Conflict)" in problem for problem in browser_problems)
    browser_problems.clear()


FORMS = [
    # address, the button, what is typed (by label), the box that the first problem leads to
    ("/knowledge/new/", "Publish", {"Article": "Words I do not want to lose."}, "Title"),
    ("/communities/new/", "Start it", {"Description (optional)": "About falcons."}, "Name"),
    ("/people/{pk}/edit/", "Save profile", {"Name": "", "Job title (optional)": "Falconer"}, "Name"),
    ("/posts/", "Post", {"Topics (optional)": "Falconry"}, "Share an update, ask a question"),
]


@pytest.mark.parametrize(("path", "button", "typed", "target"), FORMS, ids=[path for path, *_ in FORMS])
def test_a_problem_leads_to_its_box_and_what_was_typed_is_kept(
    open_as: OpenAs,
    alice: User,
    browser_problems: list[str],
    path: str,
    button: str,
    typed: dict[str, str],
    target: str,
) -> None:
    page = open_as(alice, path.format(pk=alice.pk))
    for more in page.locator("main details:not([open]) summary").all():
        more.click()
    for label, words in typed.items():
        page.locator("main").get_by_label(label, exact=True).fill(words)
    page.get_by_role("button", name=button, exact=True).click()
    summary = page.locator(".govuk-error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link").first.press("Enter")
    expect(page.locator("main").get_by_label(target, exact=True)).to_be_focused()
    for label, words in typed.items():
        expect(page.locator("main").get_by_label(label, exact=True)).to_have_value(words)
    assert all("422" in problem for problem in browser_problems)
    browser_problems.clear()
