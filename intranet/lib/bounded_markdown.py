"""The Markdown parser whose work is bounded: markdown-it with a budget, and rules that stay linear.

Text is hostile until proven otherwise. Well-meant text of the greatest length takes a small part of the
budget; text made to keep a server busy uses it up at once, and is then shown as it was typed (see
`markdown`).
"""

import re
from collections.abc import MutableMapping
from typing import Any, Literal

import mdurl
from markdown_it import MarkdownIt
from markdown_it.parser_block import ParserBlock
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, blockquote
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# What one text may cost: pieces made of it, looks at its lines, lines, characters that may mean something.
# The longest ordinary text stays far below.
MOST_PIECES = 40_000
MOST_LOOKS = 600_000
MOST_LINES = 10_000
MOST_SIGNS = 60_000
# Blocks in blocks, and signs in signs: a list counts twice, so this is ten lists deep.
DEEPEST = 20
LONGEST_ADDRESS = 2_048
CONTAINERS = {"blockquote_open", "list_item_open"}
# Characters that link references may add to a text: each use repeats the address.
LONGEST_REFERENCES = 200_000

SIGNS = re.compile(r"[!#&*+\-:<=>@\[\\\]^_`{|}~]")
# What browsers and people agree to be an address: up to a space, a quote or a bracket
ADDRESS = re.compile(rf"://(?=\w)[^\s<>\"`{{}}|\\^\[\]]{{1,{LONGEST_ADDRESS}}}")
SCHEME = re.compile(r"(?:^|[^a-z0-9])(https?)$", re.IGNORECASE)
CLOSING = ".,;:!?'*_~…’”»"


class TooDense(Exception):
    """The text would take more work than any honest text of its length."""


class _References(dict[str, Any]):
    """Link references, which are gone once their use has added too much."""

    spent = 0

    def get(self, label: str, default: Any = None) -> Any:
        found = super().get(label, default)
        if found:
            self.spent += len(found["href"]) + len(found["title"])
        return found if self.spent <= LONGEST_REFERENCES else default


def _spend(env: MutableMapping[str, Any], what: str, amount: int = 1) -> None:
    env[what] -= amount
    if env[what] < 0:
        raise TooDense


class _Block(StateBlock):
    def __init__(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> None:
        super().__init__(src, md, env, tokens)
        # For each line, how many follow before the next blank one
        self.lines_left = [0] * (self.lineMax + 1)
        for line in range(self.lineMax - 1, -1, -1):
            self.lines_left[line] = 0 if self.isEmpty(line) else self.lines_left[line + 1] + 1

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        _spend(self.env, "pieces")
        return super().push(ttype, tag, nesting)

    def is_code_block(self, line: int) -> bool:
        # The one question that every rule asks about every line it looks at.
        _spend(self.env, "looks")
        return super().is_code_block(line)


class _Inline(StateInline):
    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        _spend(self.env, "pieces")
        return super().push(ttype, tag, nesting)


class _BlockParser(ParserBlock):
    def parse(self, src: str, md: MarkdownIt, env: Any, outTokens: list[Token]) -> list[Token]:
        state = _Block(src, md, env, outTokens)
        self.tokenize(state, 0, state.lineMax)
        return state.tokens


class _InlineParser(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        state = _Inline(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens

    def skipToken(self, state: StateInline) -> None:
        _spend(state.env, "pieces")
        super().skipToken(state)


class BoundedMarkdown(MarkdownIt):
    """CommonMark with tables, strikethrough and bare web addresses; raw HTML is text like any other."""

    def __init__(self, *, breaks: bool) -> None:
        super().__init__("commonmark")
        block, inline = self.block, self.inline
        self.block, self.inline = _BlockParser(), _InlineParser()
        self.block.ruler, self.inline.ruler, self.inline.ruler2 = block.ruler, inline.ruler, inline.ruler2
        self.options.update(
            {"html": False, "maxNesting": DEEPEST, "breaks": breaks, "xhtmlOut": False, "linkify": False}
        )
        self.enable(["table", "strikethrough"])
        self.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
        self.inline.ruler.at("linkify", _bare_address)
        self.inline.ruler.enableOnly([*self.inline.ruler.get_active_rules(), "linkify"])
        self.disable(["html_block", "html_inline"])

    def tokens(self, text: str) -> list[Token]:
        """Parse `text`. Raises TooDense rather than working for long, or leaving out what lies too deep."""
        if text.count("\n") > MOST_LINES or len(SIGNS.findall(text)) > MOST_SIGNS:
            raise TooDense
        budget = {"pieces": MOST_PIECES, "looks": MOST_LOOKS}
        tokens = self.parse(text, {**budget, "references": _References()})
        # What lies inside the deepest block that fits is left out by the parser.
        if any(token.level >= DEEPEST - 1 and token.type in CONTAINERS for token in tokens):
            raise TooDense
        return tokens

    def normalizeLink(self, url: str) -> str:
        """Percent-encode what a URL may not hold. Host names stay: browsers know how to encode them."""
        return mdurl.encode(url) if len(url) <= LONGEST_ADDRESS else url

    def normalizeLinkText(self, url: str) -> str:
        """Show an address as it was typed."""
        return url

    def validateLink(self, url: str) -> bool:
        """Whether this is a link at all; which addresses a link may have is decided where it is rendered."""
        return len(url) <= 3 * LONGEST_ADDRESS


def _quote(state: StateBlock, startLine: int, endLine: int, silent: bool) -> bool:
    """The rule for quotes, which looks at all lines up to the next blank one, and may end at the first of them."""
    start = state.bMarks[startLine] + state.tShift[startLine]
    if not silent and isinstance(state, _Block) and state.src.startswith(">", start):
        _spend(state.env, "looks", 3 * state.lines_left[startLine])
    return blockquote(state, startLine, endLine, silent)


def _bare_address(state: StateInline, silent: bool) -> bool:
    """The rule for http://… and https://… in plain text, tried at each colon."""
    pos = state.pos
    if state.linkLevel or state.src[pos] != ":":
        return False
    scheme = SCHEME.search(state.src[max(0, pos - 6) : pos])
    found = ADDRESS.match(state.src, pos, state.posMax) if scheme else None
    if scheme is None or found is None:
        return False
    rest = _without_closing_signs(found.group())
    if not silent:
        if not state.pending.endswith(scheme[1]):
            return False
        state.pending = state.pending[: -len(scheme[1])]
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(scheme[1] + rest)}
        state.push("text", "", 0).content = scheme[1] + rest
        state.push("link_close", "a", -1)
    state.pos = pos + len(rest)
    return True


def _without_closing_signs(address: str) -> str:
    """Leave to the sentence the full stop, quotes and the bracket that close it."""
    open_brackets = address.count("(") - address.count(")")
    end = len(address)
    while address[end - 1] in CLOSING or (address[end - 1] == ")" and open_brackets < 0):
        open_brackets += address[end - 1] == ")"
        end -= 1
    return address[:end]
