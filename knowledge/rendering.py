"""How the body of an article becomes the HTML of its page, and that page's list of contents."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe

from intranet.lib import markdown

# Fewer headings than this are found faster by scrolling
ENOUGH = 3

HEADING = re.compile(r"<h([2-6])([^>]*)>(.*?)</h\1>", re.DOTALL)
ANCHOR = re.compile(r'\bid="([^"]+)"')


class Heading(NamedTuple):
    anchor: str
    text: str


def article_html(body: str) -> SafeString:
    """Safe HTML for the body of an article.

    Whatever level its writer began with, headings start at h2, below the title, and leave no level out, so that
    they are an outline for those who move by headings. Raises TextTooLong, as `markdown.render` does.
    """
    level = {"above": 1, "written": 1}

    def placed(found: re.Match[str]) -> str:
        written = int(found[1])
        if written > level["written"]:
            level["above"] = min(level["above"] + 1, 6)
        elif written < level["written"]:
            level["above"] = max(min(written, level["above"] - 1), 2)
        level["written"] = written
        return f"<h{level['above']}{found[2]}>{found[3]}</h{level['above']}>"

    return mark_safe(HEADING.sub(placed, markdown.render(body)))


def contents(html: str) -> list[Heading]:
    """The second-level headings of `html`; none where there are too few to be worth a list."""
    headings = [
        Heading(anchor[1], unescape(strip_tags(words)).strip())
        for level, attributes, words in HEADING.findall(html)
        if level == "2" and (anchor := ANCHOR.search(attributes))
    ]
    return headings if len(headings) >= ENOUGH else []
