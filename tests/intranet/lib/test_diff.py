"""The difference between two texts: complete, escaped, readable, and cheap whatever the texts."""

import re
from functools import partial
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intranet.lib.diff import _Steps, compare, word_diff
from tests.cost import at_most

lines = st.lists(st.sampled_from(["a", "b", "c", "d e", ""]), max_size=25)


def rows(html):
    return re.findall(r"<p class=\"([^\"]+)\">(.*?)</p>", html, flags=re.DOTALL)


def reading(html, dropped):
    """The words of one side: what is left without the other side's marks."""
    text = re.sub(rf"<{dropped}>.*?</{dropped}>", "", html, flags=re.DOTALL)
    return re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(ins|del)>", "", text))))


@given(old=lines, new=lines, budget=st.sampled_from([0, 3, 30, 10_000]))
def test_changes_lead_from_the_old_to_the_new_whatever_the_budget(old, new, budget):
    result, end = [], 0
    for change in compare(old, new, _Steps(budget)):
        assert end <= change.old_start <= change.old_end
        assert old[change.old_start : change.old_end] != new[change.new_start : change.new_end]
        result += old[end : change.old_start]
        assert len(result) == change.new_start
        result += new[change.new_start : change.new_end]
        end = change.old_end
    assert result + old[end:] == new


@given(st.text("ab c\n.<", max_size=60), st.text("ab c\n.<", max_size=60))
def test_both_texts_can_be_read_from_what_is_shown(old, new):
    html = word_diff(old, new)
    if "ck-diff__fold" not in html:
        assert reading(html, "ins") == re.findall(r"\w+", old)
        assert reading(html, "del") == re.findall(r"\w+", new)


def test_changed_words_are_marked_inside_their_line():
    html = word_diff("The cat sat on the mat.", "The dog sat on the mat.")
    assert rows(html) == [("ck-diff__line", "The <del>cat</del><ins>dog</ins> sat on the mat.")]


def test_whole_lines_are_marked_as_removed_and_added():
    html = word_diff("keep\ngone\nkeep too", "keep\nkeep too\nnew")
    assert rows(html) == [
        ("ck-diff__line", "keep"),
        ("ck-diff__line ck-diff__line--removed", "<del>gone</del>"),
        ("ck-diff__line", "keep too"),
        ("ck-diff__line ck-diff__line--added", "<ins>new</ins>"),
    ]


def test_passages_without_kinship_are_shown_one_after_the_other():
    html = word_diff("one two three four", "five six seven four")
    assert [css for css, _ in rows(html)] == [
        "ck-diff__line ck-diff__line--removed",
        "ck-diff__line ck-diff__line--added",
    ]


def test_long_unchanged_stretches_are_folded():
    text = [f"line {i}" for i in range(30)]
    html = word_diff("\n".join(text), "\n".join([*text[:15], "new", *text[15:]]))
    assert [body for _, body in rows(html)] == [
        "13 unchanged lines",
        "line 13",
        "line 14",
        "<ins>new</ins>",
        "line 15",
        "line 16",
        "13 unchanged lines",
    ]


def test_equal_texts_say_so():
    assert "The words are the same" in word_diff("same\r\nsame", "same\nsame")


def test_everything_is_escaped():
    html = word_diff("<script>alert(1)</script> & old", "<script>alert(2)</script> & new")
    assert "<script" not in html
    assert "&lt;" in html
    assert "&amp;" in html


HOSTILE = {
    "nothing in common": ("a\n" * 100_000, "b\n" * 100_000),
    "all the same lines": ("a\nb\n" * 50_000, "b\na\n" * 50_000),
    "blank lines": ("\n" * 200_000, "\n" * 100_000),
    "reversed": ("\n".join(map(str, range(30_000))), "\n".join(map(str, range(30_000, 0, -1)))),
    "one line of signs": ("." * 200_000, "," * 200_000),
    "one line of words": ("a b " * 50_000, "b c a " * 33_000),
    "few words, many lines": ("a b\nb a\n" * 25_000, "b\na b\na\n" * 25_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_cost_is_bounded(name):
    before = "\n".join(f"Line {number} says something of budgets." for number in range(5_000))
    after = before.replace("7 says", "7 said")
    html = at_most(25, partial(word_diff, before, after), partial(word_diff, *HOSTILE[name]))
    assert len(html) < 1_000_000
