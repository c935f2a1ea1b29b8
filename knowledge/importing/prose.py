"""Makes plain Markdown of a page written for a site generator: no template tags, no raw HTML, every word kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent

from knowledge.importing.html import Stash, to_markdown

HIGHLIGHT = re.compile(r"\{%-?\s*highlight\b[^%]*%\}(.*?)\{%-?\s*endhighlight\s*-?%\}", re.DOTALL)
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})([^`\n]*)\n(.*?)^[ \t]*\2[`~]*[ \t]*$", re.DOTALL | re.MULTILINE)
INLINE_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]+)\1(?!`)")
COMMENT = re.compile(r"\{%-?\s*comment\b[^%]*%\}.*?\{%-?\s*endcomment\s*-?%\}|\{#[^{}]*#\}", re.DOTALL)
# What a loop would print is in data that is not in the file
LOOP = re.compile(r"\{%-?\s*for\b.*?\{%-?\s*endfor\s*-?%\}", re.DOTALL)
VALUE = re.compile(r"\{\{-?([^{}\n]{0,2000})\}\}")
TAG = re.compile(r"\{%-?\s*(\w*)([^%\n]{0,2000})-?%\}")
QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
# Classes and ids for headings, links and cells: "{#costs}", "{.usa-link .wide}", "{: .wide}"
ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*[#.][^{}\n%]*\}")
NOTE = re.compile(r"\[\^([^\]\s]{1,60})\](:?)")
BLANK = re.compile(r"^[ \t]+$", re.MULTILINE)
BLANK_LINES = re.compile(r"\n{3,}")


def clean(body: str, links: Callable[[str], str] = str) -> str:
    """`body` as Markdown that any reader of Markdown shows the same way.

    Args:
        links: rewrites the links of a text from which code was taken out.
    """
    stash = Stash()
    body = stash.without_marks(body)
    body = HIGHLIGHT.sub(lambda found: f"\n```\n{dedent(found[1]).strip()}\n```\n", body)
    # Code is shown as it is: nothing in it is a tag of ours
    body = FENCE.sub(lambda found: found[1] + stash.keep_block(dedent(found[4])), body)
    body = INLINE_CODE.sub(lambda found: stash.keep_inline(found[2]), body)
    body = _without_templates(body)
    body = _notes(ATTRIBUTES.sub("", body))
    body = stash.restore(links(to_markdown(body)))
    return BLANK_LINES.sub("\n\n", BLANK.sub("", body)).strip()


def _without_templates(body: str) -> str:
    body = LOOP.sub("", COMMENT.sub("", body))
    return TAG.sub(_tag, VALUE.sub(_value, body))


def _value(found: re.Match[str]) -> str:
    """What is printed, where the file says it: `{{ "/brand/" | url }}` is an address."""
    quoted = QUOTED.search(found[1])
    return (quoted[1] or quoted[2] or "") if quoted else ""


def _tag(found: re.Match[str]) -> str:
    """Nothing; of a picture, what its author said it shows."""
    if not found[1].startswith("image"):
        return ""
    words = [first or second for first, second in QUOTED.findall(found[2])]
    return f"(Picture: {words[-1]})" if len(words) > 1 and " " in words[-1] else ""


def _notes(body: str) -> str:
    """Footnotes as numbered notes that stand where they were defined."""
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        number = numbers.setdefault(found[1], len(numbers) + 1)
        begins_line = found.start() == 0 or body[found.start() - 1] == "\n"
        if found[2] and begins_line:
            return f"\n**Note {number}:**"
        return f" (note {number}){found[2]}"

    return NOTE.sub(numbered, body)
