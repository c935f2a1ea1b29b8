"""Turns the HTML inside a Markdown text into Markdown; what it does not know stays as it was written."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

# Around the number of a piece of code while the rest is worked on: private characters that no text has
OPEN, CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{OPEN}(\\d+){CLOSE}")
SPACES = re.compile(r"\s+")
UNSAFE = re.compile(r"^(?!https?:|mailto:)[a-z][\w+.-]*:|[\s()<>]", re.IGNORECASE)
INDENTED = re.compile(r"^[ \t]+(?![ \t]*(?:[-*+]|\d+[.)])[ \t])", re.MULTILINE)

# With everything in them
DROPPED = {"script", "style", "head", "svg", "button", "select", "template", "noscript", "object", "video", "audio"}
HEADINGS = {f"h{level}": "#" * max(level, 2) for level in range(1, 7)}
BLOCKS = {
    *("p", "div", "section", "article", "header", "footer", "main", "nav", "aside", "figure", "figcaption"),
    *("fieldset", "legend", "form", "details", "dl", "dt", "dd", "blockquote", "address", "center", "body", "html"),
}
# Said in both styles of emphasis: an opening and a closing tag write the same sign
EMPHASIS = {"strong": "**", "b": "**", "em": "*", "i": "*", "caption": "**", "summary": "**"}
LISTS = {"ul", "ol"}
CELLS = {"td", "th"}
# Their words stay, they go
SILENT = {
    *("span", "small", "u", "sup", "sub", "mark", "abbr", "font", "label", "input", "cite", "q", "time", "tbody"),
    *("thead", "tfoot", "col", "colgroup", "meta", "link", "wbr", "ins", "del", "s", "kbd", "title", "option"),
}
# Have no closing tag
EMPTY = {"input", "meta", "link", "wbr", "col", "br", "hr", "img"}


class Stash:
    """Pieces of code taken out of a text, so that nothing in them is understood as anything but code."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    @staticmethod
    def without_marks(text: str) -> str:
        return text.replace(OPEN, "").replace(CLOSE, "")

    def keep_block(self, code: str) -> str:
        fence = "```"
        while fence in code:
            fence += "`"
        return self._keep(f"{fence}\n{code.rstrip()}\n{fence}")

    def keep_inline(self, code: str) -> str:
        return self._keep(f"`{code}`")

    def _keep(self, piece: str) -> str:
        self._pieces.append(piece)
        return f"{OPEN}{len(self._pieces) - 1}{CLOSE}"

    def restore(self, text: str) -> str:
        """`text` with every piece back; one line of it where it stands inside a table."""
        lines = (self._restore_line(line) for line in text.split("\n"))
        return "\n".join(lines)

    def _restore_line(self, line: str) -> str:
        in_row = line.startswith("|")

        def piece(found: re.Match[str]) -> str:
            kept = self._pieces[int(found[1])]
            if not in_row:
                indent = line[: len(line) - len(line.lstrip())]
                return kept.replace("\n", f"\n{indent}")
            return f"`{SPACES.sub(' ', kept.strip('`')).strip()}`".replace("|", "\\|")

        return MARK.sub(piece, line)


def to_markdown(text: str) -> str:
    """`text` with its HTML as Markdown: headings, lists, tables, links and emphasis; scripts are dropped."""
    writer = _Writer()
    writer.feed(text)
    writer.close()
    return writer.written()


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self._out: list[str] = []
        self._dropping = ""
        self._depth = 0
        self._blocks = 0
        self._lists: list[int | None] = []
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None
        self._links: list[str] = []
        self._emphasis: list[int] = []
        self._in_heading = False
        self._in_code = False

    def written(self) -> str:
        self._end_table()
        return "".join(self._out)

    # What the parser meets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping:
            self._depth += tag == self._dropping
        elif tag in DROPPED:
            self._dropping, self._depth = tag, 1
        elif not self._start(tag, {name: value or "" for name, value in attrs}):
            self._put(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            self._depth -= tag == self._dropping
            if not self._depth:
                self._dropping = ""
        elif not self._end(tag):
            self._put(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._dropping:
            return
        if self._cell is not None:
            self._put(SPACES.sub(" ", data).replace("|", "\\|"))
        elif self._rows is not None:
            # Between the cells of a table there is only layout
            self._put(data.strip())
        elif self._lists or self._in_heading:
            self._put(SPACES.sub(" ", data))
        else:
            self._put(self._dedented(data) if self._blocks else data)

    def handle_entityref(self, name: str) -> None:
        # A space that does not break is layout; what stands for a sign of HTML must go on standing for it
        self._entity(" " if name == "nbsp" else f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._entity(f"&#{name};")

    def _entity(self, written: str) -> None:
        # Between the signs of code everything stands for itself
        self.handle_data(unescape(written) if self._in_code else written)

    def handle_decl(self, decl: str) -> None:
        """A document type says nothing to readers."""

    def unknown_decl(self, data: str) -> None:
        self._put(f"<![{data}]>")

    # What is written for it

    def _put(self, text: str) -> None:
        out = self._out if self._cell is None else self._cell
        # Five spaces after the sign of an item would make code of it
        if self._on_one_line() and out and out[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            out.append(text)

    def _dedented(self, data: str) -> str:
        """`data` without what would make code of its lines; where it goes on with a line, that stays as it is."""
        if not self._out or self._out[-1].endswith("\n"):
            return INDENTED.sub("", data)
        first, end, others = data.partition("\n")
        return f"{first}{end}{INDENTED.sub('', others)}"

    def _on_one_line(self) -> bool:
        """Whether we are where a new line would end what is being written."""
        return self._cell is not None or bool(self._lists) or self._in_heading

    def _break(self) -> None:
        """Begin a paragraph; inside a list or a cell, where that would end it, a space."""
        if self._on_one_line():
            self._put(" ")
            return
        while self._out and not self._out[-1].strip(" \t"):
            self._out.pop()
        if self._out:
            self._out[-1] = self._out[-1].rstrip(" \t")
            self._out.append("\n\n")

    def _start(self, tag: str, attrs: dict[str, str]) -> bool:
        if tag in HEADINGS:
            self._heading(HEADINGS[tag], begins=True)
        elif tag in BLOCKS:
            # "markdown" on an element says that what it holds is Markdown, spaces and all
            self._blocks += "markdown" not in attrs
            self._break()
        elif tag in EMPHASIS:
            self._emphasis.append(len(self._out if self._cell is None else self._cell))
            self._put(EMPHASIS[tag])
        elif tag in LISTS:
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in ("table", "tr", *CELLS):
            self._table_start(tag)
        else:
            return self._start_inline(tag, attrs)
        return True

    def _start_inline(self, tag: str, attrs: dict[str, str]) -> bool:
        if tag == "a":
            href = unescape(attrs.get("href", "")).strip()
            # What runs something, or is no address at all, leaves its words
            href = "" if UNSAFE.search(href) else href
            self._links.append(href)
            self._put("[" if href else "")
        elif tag == "br":
            self._put(" " if self._on_one_line() else "  \n")
        elif tag == "hr":
            self._break()
            self._put("---")
            self._break()
        elif tag == "img":
            self._put(f"(Picture: {attrs['alt']})" if attrs.get("alt") else "")
        elif tag == "iframe":
            address = attrs.get("src", "")
            self._put(f"[{attrs.get('title') or address}]({address})" if address.startswith("http") else "")
        elif tag == "code":
            self._in_code = True
            self._put("`")
        else:
            return tag in SILENT or tag == "pre"
        return True

    def _end(self, tag: str) -> bool:
        if tag in HEADINGS:
            self._heading("", begins=False)
        elif tag in BLOCKS:
            self._break()
            self._blocks = max(self._blocks - 1, 0)
        elif tag in EMPHASIS:
            self._end_emphasis(EMPHASIS[tag])
            if tag in ("caption", "summary"):
                self._break()
        elif tag in LISTS:
            self._lists[-1:] = []
            if not self._lists:
                self._break()
        elif tag == "table":
            self._end_table()
        elif tag == "a":
            href = self._links.pop() if self._links else ""
            self._put(f"]({href})" if href else "")
        elif tag == "code":
            self._in_code = False
            self._put("`")
        else:
            return tag in SILENT | CELLS | EMPTY | {"tr", "li", "pre", "iframe"}
        return True

    def _heading(self, signs: str, *, begins: bool) -> None:
        if self._lists or self._cell is not None:
            self._put(" **" if begins else "** ")
            return
        if begins:
            self._break()
            self._put(f"{signs} ")
            self._in_heading = True
        else:
            self._in_heading = False
            self._break()

    def _end_emphasis(self, sign: str) -> None:
        out = self._out if self._cell is None else self._cell
        began = self._emphasis.pop() if self._emphasis else len(out)
        said = "".join(out[began + 1 :]).strip()
        # Signs with a space inside would be shown as signs
        out[began:] = [f"{sign}{said}{sign}"] if said else []

    def _item(self) -> None:
        if self._cell is not None:
            self._put(" • ")
            return
        if not self._lists:
            self._lists.append(None)
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        while self._out and not self._out[-1].strip():
            self._out.pop()
        begins = "\n\n" if len(self._lists) == 1 and number in (None, 1) and not self._follows_item() else "\n"
        indent = "    " * (len(self._lists) - 1)
        self._out.append(f"{begins}{indent}{f'{number}.' if number is not None else '-'} ")

    def _follows_item(self) -> bool:
        line = "".join(self._out[-40:]).rsplit("\n", 1)[-1]
        return bool(re.match(r"\s*(?:-|\d+\.) ", line))

    def _table_start(self, tag: str) -> None:
        if tag == "table":
            self._end_table()
            self._break()
            self._rows = []
        elif self._rows is not None:
            self._end_cell()
            if tag == "tr" or not self._rows:
                self._rows.append([])
            if tag in CELLS:
                self._cell = []

    def _end_cell(self) -> None:
        if self._cell is not None and self._rows:
            self._rows[-1].append(SPACES.sub(" ", "".join(self._cell)).strip())
        self._cell = None

    def _end_table(self) -> None:
        if self._rows is None:
            return
        self._end_cell()
        rows, self._rows = [row for row in self._rows if row], None
        self._break()
        if rows:
            width = max(len(row) for row in rows)
            lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
            lines.insert(1, f"|{' --- |' * width}")
            self._out.append("\n".join(lines))
            self._break()
