"""What a page says, read from its HTML: what people see, not what the view passed on."""

import re
from html import unescape
from typing import Any


def said(page: Any, pattern: str) -> list[str]:
    """What the one group of a regular expression finds in a page that was answered, in order, as text."""
    assert page.status_code == 200
    return [unescape(found) for found in re.findall(pattern, page.content.decode())]


def next_cursor(page: Any) -> str | None:
    """Where the link to the next page of a list leads."""
    return next(iter(said(page, r'cursor=([^"&]+)" rel="next"')), None)
