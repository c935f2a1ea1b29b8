"""Live updates in real browsers: news wait to be asked for, changes happen in place, and no gap loses anything."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, WebSocketRoute, expect

from feeds.actions import comments, posts, reactions
from feeds.models import LiveEvent, Post
from feeds.said import REPLIES_AT_ONCE
from intranet.lib.numbered import number_rows
from profiles.models import CommunityKind, User
from tests import factories

OpenAs = Callable[..., Page]
BUTTON = "[data-live-button] a"
STATE = "[data-live-state]"


def compose(page: Page, words: str) -> None:
    page.locator("#composer textarea").fill(words)
    page.locator("#composer").get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#feed")).to_contain_text(words)


def test_two_browsers_see_each_other(open_as: OpenAs, alice: User, bob: User) -> None:
    old = factories.post(author=alice, body="Already there")
    here, there = open_as(alice, "/?stream=everyone"), open_as(bob, "/?stream=everyone")
    for words in ("First of two", "Second of two"):
        compose(here, words)
    # One's own posts stand in the list; nobody is told of their own
    expect(here.locator("#feed > li")).to_have_count(3)
    expect(here.locator(BUTTON)).to_be_hidden()
    expect(there.locator(BUTTON)).to_have_text("2 new posts")
    expect(there.locator("#feed > li")).to_have_count(1)
    there.locator(BUTTON).click()
    expect(there.locator("#feed > li")).to_have_count(3)
    expect(there.locator("#feed > li").nth(0)).to_contain_text("Second of two")
    expect(there.locator("#feed > li").nth(1)).to_contain_text("First of two")
    expect(there.locator("#feed > li").nth(2)).to_contain_text(old.body)
    expect(there.locator("#feed > li").nth(0).locator("article")).to_be_focused()
    expect(there.locator(BUTTON)).to_be_hidden()
    # What bob may do with them came along
    there.locator("#feed > li").nth(0).get_by_role("button", name="Thanks").click()
    expect(here.locator("#feed > li").nth(0)).to_contain_text("1 reaction")


def test_a_new_post_moves_neither_scroll_nor_focus(open_as: OpenAs, alice: User, bob: User) -> None:
    for number in range(15):
        factories.post(author=alice, body=f"Words of post {number}\n\n" * 5)
    page = open_as(bob, "/?stream=everyone")
    composer = page.locator("#composer textarea")
    composer.fill("Half a thou")
    place = "[scrollY, document.querySelectorAll('#feed > li')[6].getBoundingClientRect().top]"
    # At the top, where the browser keeps nothing in its place by itself, and further down
    for number, height in enumerate((0, 900), start=1):
        page.evaluate(f"window.scrollTo(0, {height})")
        before = page.evaluate(place)
        factories.post(author=alice)
        expect(page.locator(BUTTON)).to_have_text("1 new post" if number == 1 else "2 new posts")
        expect(page.locator(BUTTON)).to_be_in_viewport()
        assert page.evaluate(place) == before
        expect(composer).to_be_focused()
        expect(composer).to_have_value("Half a thou")


def test_a_comment_appears_in_an_open_thread_once(open_as: OpenAs, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    here, there = open_as(alice, f"/posts/{post.pk}/"), open_as(bob, f"/posts/{post.pk}/")
    expect(there.locator("[data-live-empty]")).to_be_visible()
    here.locator(".ck-comment-form textarea").fill("A word on this")
    here.get_by_role("button", name="Comment", exact=True).click()
    for page in (here, there):
        expect(page.locator("[data-live-comments] > li")).to_have_count(1)
        expect(page.locator("[data-live-comments]")).to_contain_text("A word on this")
        expect(page.locator(f"#counts-{post.pk}")).to_contain_text("1 comment")
    expect(there.locator("[data-live-empty]")).to_have_count(0)
    # The reply that the news of it bring a form for
    there.get_by_role("link", name=re.compile("Reply")).click()
    there.locator("[data-live-comments] textarea").fill("And one back")
    there.get_by_role("button", name="Reply", exact=True).click()
    for page in (here, there):
        expect(page.locator(".ck-comments--replies > li")).to_have_count(1)
        expect(page.locator(".ck-comments--replies")).to_contain_text("And one back")
        expect(page.locator(f"#counts-{post.pk}")).to_contain_text("2 comments")


def test_further_replies_come_in_place_and_a_new_one_stands_once(open_as: OpenAs, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    comment = factories.comment(post=post, author=alice)
    for number in range(REPLIES_AT_ONCE + 2):
        factories.comment(post=post, author=alice, parent=comment, body=f"Reply {number}.")
    # What has no number yet would be told again
    number_rows(LiveEvent)
    page = open_as(bob, f"/posts/{post.pk}/")
    replies = page.locator(f"#replies-{comment.pk} > .ck-comment-item")
    more = page.get_by_role("link", name="Show 2 more replies")
    expect(more).to_be_visible()
    factories.comment(post=post, author=alice, parent=comment, body="The newest.")
    # At the end, behind the way to those that are not shown
    expect(replies).to_have_count(REPLIES_AT_ONCE + 2)
    expect(replies.last).to_contain_text("The newest.")
    more.focus()
    page.keyboard.press("Enter")
    expect(replies).to_have_count(REPLIES_AT_ONCE + 3)
    expect(replies.last).to_contain_text("The newest.")
    expect(page.locator("[data-more]")).to_have_count(0)
    expect(replies.nth(REPLIES_AT_ONCE).locator("article")).to_be_focused()
    expect(replies.nth(REPLIES_AT_ONCE)).to_contain_text(f"Reply {REPLIES_AT_ONCE}.")


def test_edits_reactions_and_removals_happen_in_place(open_as: OpenAs, alice: User, bob: User) -> None:
    kept, removed = factories.post(author=alice, body="Befor"), factories.post(author=alice, body="A mistake")
    page = open_as(bob, "/?stream=everyone")
    page.locator(f"#item-{kept.pk}").get_by_role("button", name="Useful").click()
    pressed = page.locator(f"#react-{kept.pk}-useful")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    posts.edit(post=kept, body="Before", by=alice)
    reactions.react(post=kept, kind="thanks", by=alice)
    expect(page.locator(f"#post-{kept.pk}")).to_contain_text("Before")
    expect(page.locator(f"#post-{kept.pk}")).to_contain_text("2 reactions")
    # What the reader felt is theirs, and stays
    expect(pressed).to_have_attribute("aria-pressed", "true")
    posts.hide(post=removed, by=alice)
    expect(page.locator(f"#item-{removed.pk}")).to_have_text("This post was removed.")


def test_a_removed_comment_takes_its_words_and_buttons_along(open_as: OpenAs, alice: User, bob: User) -> None:
    post = factories.post(author=alice)
    comment = factories.comment(post=post, author=alice, body="Rash words")
    page = open_as(bob, f"/posts/{post.pk}/")
    expect(page.get_by_role("link", name=re.compile("Reply"))).to_have_count(1)
    comments.hide(comment=comment, by=alice)
    expect(page.locator(f"#comment-{comment.pk}")).to_have_text("This comment was removed.")
    expect(page.get_by_role("link", name=re.compile("Reply"))).to_have_count(0)


def test_what_is_in_use_changes_when_it_no_longer_is(open_as: OpenAs, alice: User, bob: User) -> None:
    post = factories.post(author=alice, body="Read [this](https://example.com)")
    page = open_as(bob, "/?stream=everyone")
    link = page.locator(f"#post-{post.pk}").get_by_role("link", name="this")
    link.focus()
    posts.edit(post=post, body="Read [that](https://example.com)", by=alice)
    later = factories.post(author=alice)
    expect(page.locator(BUTTON)).to_have_text("1 new post")
    expect(link).to_be_focused()
    link.blur()
    expect(page.locator(f"#post-{post.pk}").get_by_role("link", name="that")).to_be_visible()
    assert Post.objects.visible_to(bob).filter(pk=later.pk).exists()


def test_a_page_that_was_offline_catches_up(
    open_as: OpenAs, browser_problems: list[str], alice: User, bob: User, charlie: User
) -> None:
    group = factories.community("Closed circle", owner=alice, kind=CommunityKind.HIDDEN)
    known = factories.post(author=alice, body="Known")
    page = open_as(charlie, "/?stream=everyone")
    page.context.set_offline(True)
    expect(page.locator(STATE)).to_contain_text("There is no connection")
    taken_back = factories.post(author=alice)
    factories.post(author=alice, body="Not for Charlie", audience=group.audience)
    posts.hide(post=taken_back, by=alice)
    posts.edit(post=known, body="Known, and changed", by=alice)
    for number in range(3):
        factories.post(author=bob, body=f"While away {number}")
    page.context.set_offline(False)
    expect(page.locator(BUTTON)).to_have_text("3 new posts")
    expect(page.locator(STATE)).to_be_empty()
    page.locator(BUTTON).click()
    expect(page.locator(f"#post-{known.pk}")).to_contain_text("Known, and changed")
    caught_up = page.locator("#feed > li").all_inner_texts()
    browser_problems.clear()
    page.reload()
    fresh = page.locator("#feed > li").all_inner_texts()
    assert [first_words(text) for text in caught_up] == [first_words(text) for text in fresh]


def first_words(text: str) -> str:
    return next((line for line in text.splitlines() if "While away" in line or "Known" in line), text)


def test_more_than_a_screenful_is_loaded_anew(
    open_as: OpenAs, browser_problems: list[str], alice: User, bob: User
) -> None:
    page = open_as(bob, "/?stream=everyone")
    page.context.set_offline(True)
    for number in range(21):
        factories.post(author=alice, body=f"While away {number}")
    page.context.set_offline(False)
    expect(page.locator(BUTTON)).to_have_text("21 new posts")
    browser_problems.clear()
    page.locator(BUTTON).click()
    expect(page.locator("#feed > li").nth(0)).to_contain_text("While away 20")
    expect(page.locator(BUTTON)).to_be_hidden()


def test_where_sockets_are_blocked_the_page_says_so_and_asks(
    open_as: OpenAs, browser_problems: list[str], alice: User, bob: User
) -> None:
    page = open_as(bob, "/accessibility/")

    def refuse(opened: WebSocketRoute) -> None:
        opened.close(code=1008)

    page.route_web_socket("**/ws/live/", refuse)
    page.clock.install()
    page.goto("/?stream=everyone")
    for _ in range(3):
        page.wait_for_timeout(200)
        page.clock.run_for(4_000)
    expect(page.locator(STATE)).to_contain_text("Live updates are blocked here")
    post = factories.post(author=alice, body="By another way")
    page.clock.run_for(10_000)
    expect(page.locator(BUTTON)).to_have_text("1 new post")
    page.locator(BUTTON).click()
    expect(page.locator(f"#post-{post.pk}")).to_contain_text("By another way")
    browser_problems.clear()


def test_who_signed_out_elsewhere_is_told(open_as: OpenAs, browser_problems: list[str], alice: User) -> None:
    page = open_as(alice, "/?stream=everyone")
    other = page.context.new_page()
    other.goto("/sign-out/")
    other.get_by_role("button", name="Sign out").last.click()
    expect(page.locator(STATE)).to_contain_text("You are signed out", timeout=15_000)
    # The browser notes that the socket was refused
    assert all("WebSocket" in problem for problem in browser_problems)
    browser_problems.clear()
