"""What people write, made readable: Markdown to safe HTML, and to plain text for search and excerpts."""

import logging
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token

from intranet.lib.bounded_markdown import BoundedMarkdown, TooDense

logger = logging.getLogger(__name__)

MAX_SOURCE = 200_000
LONGEST_ANCHOR = 60

# A web address with a host, a mail address, or a place on this site; "//host" and "/\host" are other sites in
# disguise.
SAFE_LINK = re.compile(r"https?://[^/?#\\]|mailto:[^?]|/(?![/\\])|/$|#", re.IGNORECASE)
ELSEWHERE = re.compile(r"https?:", re.IGNORECASE)
OWN_PICTURE = re.compile(r"/media/(?:[\w-][\w.-]*/)*[\w-][\w.-]*", re.ASCII)
# The look-behind makes a long word that is no address be tried once, not at every letter.
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE | re.ASCII)
ALIGNMENTS = {"text-align:right": "ck-cell--right", "text-align:center": "ck-cell--centre"}

SANITISER = nh3.Cleaner(
    tags={
        *("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li", "pre", "code"),
        *("strong", "em", "s", "a", "img", "table", "thead", "tbody", "tr", "th", "td"),
    },
    attributes={
        "a": {"href", "title", "rel"},
        "img": {"src", "alt", "title", "loading"},
        "ol": {"start"},
        **{f"h{level}": {"id"} for level in range(2, 7)},
    },
    tag_attribute_values={
        "pre": {"tabindex": {"0"}},
        "table": {"tabindex": {"0"}},
        "th": {"class": set(ALIGNMENTS.values())},
        "td": {"class": set(ALIGNMENTS.values())},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)


class TextTooLong(ValueError):
    """The text is longer than anything the site renders."""

    def __str__(self) -> str:
        return _("This text is longer than %(most)s characters. Nothing was lost. Split it into several pages.") % {
            "most": f"{MAX_SOURCE:,}"
        }


def render(text: str, *, prefix: str = "section", breaks: bool = False) -> SafeString:
    """Safe HTML for what somebody wrote.

    Headings start at h2 and have the id `<prefix>-<words of the heading>`: give texts that share a page
    different prefixes. `breaks` keeps line ends as they were typed, as in posts. Text that would take too
    much work to understand is shown as it was typed. Raises TextTooLong over `MAX_SOURCE` characters.
    """
    if len(text) > MAX_SOURCE:
        raise TextTooLong
    text = _storable(text)
    parser = _parser(breaks)
    tokens = _parsed(text, breaks)
    if tokens is None:
        return _as_typed(text)
    _prepare(tokens, prefix)
    return mark_safe(SANITISER.clean(parser.renderer.render(tokens, parser.options, {})))


def plain(text: str) -> str:
    """The words of a text, one line for each paragraph, heading, item or row; for search. Never raises."""
    text = _storable(text)
    tokens = _parsed(text[:MAX_SOURCE])
    if tokens is None:
        return text.strip()
    return "\n".join(line for line in map(str.strip, "".join(_words(tokens)).split("\n")) if line)


def excerpt(text: str, length: int = 200) -> str:
    """The first `length` characters of a text's words at most, on one line, cut between words."""
    # Marks and addresses are not words: look at enough text to find the words in it.
    words = " ".join(plain(text[: 2_000 + 8 * length]).split())
    if len(words) <= length:
        return words
    cut = words[:length]
    return (cut[: cut.rfind(" ")] if " " in cut else cut[:-1]).rstrip(" ,;:.-") + "…"


@cache
def _parser(breaks: bool) -> BoundedMarkdown:
    parser = BoundedMarkdown(breaks=breaks)
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    return parser


def _parsed(text: str, breaks: bool = False) -> list[Token] | None:
    """The parsed text; None where its words are better shown as they were typed."""
    try:
        return _parser(breaks).tokens(text)
    except TooDense:
        return None
    except Exception:
        # A fault of the parser must not hide what a colleague wrote, nor take down the page around it.
        logger.exception("text of %s characters could not be parsed", len(text))
        return None


def _storable(text: str) -> str:
    # Half of a surrogate pair, which JSON can carry, cannot be written to anything.
    return text.encode("utf-8", "replace").decode()


def _as_typed(text: str) -> SafeString:
    paragraphs = re.split(r"\n\s*\n", escape(text.strip()))
    return mark_safe("".join(f"<p>{part}</p>\n" for part in paragraphs).replace("\0", "�"))


def _code(renderer: RendererProtocol, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    # Code does not wrap: whoever uses a keyboard must be able to reach and scroll it.
    return f'<pre tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _prepare(tokens: list[Token], prefix: str) -> None:
    """Apply the house's rules to the parsed text: headings, links, pictures, tables."""
    anchors: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "inline":
            token.children = list(_links_and_pictures(token.children or []))
        elif token.type == "heading_open":
            _prepare_heading(token, tokens[index + 1], tokens[index + 2], prefix, anchors)
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")
        elif token.type in ("th_open", "td_open"):
            alignment = ALIGNMENTS.get(str(token.attrs.pop("style", "")))
            if alignment:
                token.attrSet("class", alignment)


def _prepare_heading(start: Token, inline: Token, end: Token, prefix: str, anchors: dict[str, int]) -> None:
    words = "".join(_words([inline])).strip()
    # A heading without words would be a stop for screen readers at which they have nothing to say.
    start.hidden = end.hidden = not words
    start.tag = end.tag = f"h{min(int(start.tag[1]) + 1, 6)}"
    if words:
        start.attrSet("id", _anchor(words, prefix, anchors))


def _anchor(words: str, prefix: str, anchors: dict[str, int]) -> str:
    """An id that stays the same as long as the headings before it that read the same do."""
    first = anchor = f"{prefix}-{slugify(words[:200])[:LONGEST_ANCHOR].strip('-')}".rstrip("-")
    # "Costs 2" may be a heading of its own.
    while anchor in anchors:
        anchors[first] += 1
        anchor = f"{first}-{anchors[first]}"
    anchors[anchor] = 1
    return anchor


def _links_and_pictures(children: list[Token]) -> Iterator[Token]:
    open_links: list[bool] = []
    for token in children:
        if token.type == "link_open":
            safe = _link(token)
            open_links.append(safe)
            if safe:
                yield token
        elif token.type == "link_close":
            if open_links.pop():
                yield token
        elif token.type == "image":
            yield from _picture(token, inside_link=bool(open_links))
        elif token.type == "text" and not open_links and "@" in token.content:
            yield from _mail_links(token.content)
        else:
            yield token


def _link(token: Token) -> bool:
    """Whether the link may stay; where it leads elsewhere, what is there learns nothing of where it came from."""
    address = str(token.attrGet("href") or "")
    if ELSEWHERE.match(address):
        token.attrSet("rel", "noopener noreferrer")
    return bool(SAFE_LINK.match(address))


def _picture(token: Token, *, inside_link: bool) -> Iterator[Token]:
    """Our own pictures; a picture from elsewhere would tell its server who reads what, so it becomes a link."""
    source = str(token.attrGet("src") or "")
    if OWN_PICTURE.fullmatch(source):
        token.attrSet("loading", "lazy")
        yield token
        return
    words = "".join(_words(token.children or []))
    if inside_link or not SAFE_LINK.match(source):
        yield _text(words or _("picture"))
    else:
        yield from _linked(source, words or source)


def _mail_links(text: str) -> Iterator[Token]:
    end = 0
    for found in MAIL.finditer(text):
        yield _text(text[end : found.start()])
        yield from _linked(f"mailto:{found.group()}", found.group())
        end = found.end()
    yield _text(text[end:])


def _linked(address: str, words: str) -> Iterator[Token]:
    link = Token("link_open", "a", 1, attrs={"href": address})
    _link(link)
    yield from (link, _text(words), Token("link_close", "a", -1))


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("inline", "image"):
            yield from _words(token.children or [])
        elif token.type in ("softbreak", "hardbreak", "td_close", "th_close"):
            yield " "
        elif token.content:
            yield token.content
        if token.block and token.type != "inline" and token.type not in ("td_open", "td_close", "th_open", "th_close"):
            yield "\n"
