"""Points the links of imported pages at where those pages are here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import unquote, urljoin, urlsplit

from django.utils.text import slugify

from intranet.lib.markdown import plain
from knowledge.importing.files import Page

LINK = re.compile(
    r"(!?)\[((?:[^\[\]\n]|\[[^\[\]\n]*\]){0,500})\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)?)>?([^()\n]*)\)"
)
DEFINITION = re.compile(r"^ {0,3}\[([^\]\n^]{1,200})\]:[ \t]*<?([^\s>]+)>?[^\n]*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)(?:[ \t]*\{#([\w-]+)[^}\n]*\})?[ \t#]*$", re.MULTILINE)
KEPT = re.compile(r"https?://|mailto:", re.IGNORECASE)


class Places:
    """Where each page of a folder was read once, and where it is read here."""

    def __init__(self, pages: Iterable[Page], home: Callable[[Page], str]) -> None:
        """`home` gives a page's address here."""
        self._home = home
        self._by_address: dict[str, Page] = {}
        self._anchors: dict[str, dict[str, str]] = {}
        for page in pages:
            self._anchors[page.path] = _anchors(page.body)
            for address in page.addresses:
                self._by_address.setdefault(_key(address), page)

    def link(self, target: str, page: Page) -> str | None:
        """Where `target`, read on `page`, leads now; None where it leads nowhere from here."""
        if KEPT.match(target):
            return target
        try:
            split = urlsplit(target)
            if split.scheme or split.netloc:
                return None
            found = self._find(split.path, page) if split.path else page
        except ValueError:
            # Brackets where an address has none
            return None
        if found is None:
            return None
        anchor = self._anchors[found.path].get(split.fragment, "")
        if found is page:
            return f"#{anchor}" if anchor else None
        return f"{self._home(found)}{f'#{anchor}' if anchor else ''}"

    def _find(self, path: str, page: Page) -> Page | None:
        # As a browser would read it at the page's own address, else as a path between files
        for base in (f"/{page.addresses[0]}/", f"/{page.path}"):
            found = self._by_address.get(_key(urljoin(base, path)))
            if found:
                return found
        return None


def rewrite(body: str, page: Page, places: Places) -> str:
    """`body`, the Markdown of `page`, with links that lead somewhere; of the others only the words stay."""

    def inline(found: re.Match[str]) -> str:
        is_picture, words, target, rest = found.groups()
        address = places.link(target, page)
        if address is None or (is_picture and address.startswith(("/", "#"))):
            return f"(Picture: {words})" if is_picture and words else words
        return f"{is_picture}[{words}]({address}{rest})"

    def definition(found: re.Match[str]) -> str:
        address = places.link(found[2], page)
        return f"[{found[1]}]: {address}" if address else ""

    return DEFINITION.sub(definition, LINK.sub(inline, body))


def _key(address: str) -> str:
    return unquote(address).strip("/").lower().removesuffix(".html").removesuffix("/index")


def _anchors(body: str) -> dict[str, str]:
    """What a heading was called in addresses, by its own words or an id given to it, and what it is called here."""
    anchors: dict[str, str] = {}
    for words, given in HEADING.findall(body):
        slug = slugify(plain(words)[:200])
        anchor = f"section-{slug[:60].strip('-')}"
        anchors |= {slug: anchor, **({given: anchor} if given else {})}
    return anchors
