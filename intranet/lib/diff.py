"""What changed between two texts: a readable list of lines with the changed words marked."""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Unchanged lines shown on both sides of a change
CONTEXT = 2
# Lines shown in all; nobody reads more
MOST_ROWS = 3_000
# Steps that one comparison may take; what is then left is shown as removed and added
MOST_STEPS = 400_000
# Changes between two stretches that share no line of their own, beyond which they are taken for different
FURTHEST = 400
# Share of words that two passages must have in common to be shown as one with changes in it
KINSHIP = 0.3
WORD = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")

# Stands for a line's end that was itself removed or added
LINE_END = "↵"
REMOVED, SAME, ADDED = "removed", "same", "added"


class Change(NamedTuple):
    """`old[old_start:old_end]` became `new[new_start:new_end]`; what is equal is not listed."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


class Piece(NamedTuple):
    """A stretch of text and what happened to it."""

    fate: str
    text: str


class _Steps:
    """How much more work a comparison may do."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, steps: int) -> bool:
        self.left -= steps
        return self.left >= 0


def word_diff(old: str, new: str) -> SafeString:
    """HTML that shows line by line what was removed (`<del>`) and what was added (`<ins>`).

    Long unchanged stretches are folded to a sentence. The cost is bounded whatever the texts: what two long
    texts with little in common share by chance may be shown as removed and added.
    """
    before, after = old.splitlines(), new.splitlines()
    steps = _Steps(MOST_STEPS)
    changes = list(compare(before, after, steps))
    rows: list[SafeString] = []
    end = 0
    for change in changes:
        rows += _unchanged(before[end : change.old_start], CONTEXT if rows else 0, CONTEXT)
        end = change.old_end
        passage = before[change.old_start : end], after[change.new_start : change.new_end]
        rows += map(_row, islice(_changed(*passage, steps), MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            rows = [*rows[:MOST_ROWS], _fold(_("More has changed than can be shown here."))]
            break
    else:
        rows += _unchanged(before[end:], CONTEXT, 0) if changes else [_fold(_("The words are the same."))]
    return format_html('<div class="ck-diff">{}</div>', format_html_join("\n", "{}", ((row,) for row in rows)))


def compare(old: Sequence[str], new: Sequence[str], steps: _Steps) -> Iterator[Change]:
    """The changes that lead from `old` to `new`, in order.

    Lines that both have once hold the texts together (Bram Cohen's patience diff); between them the shortest
    way is looked for (Myers, 1986) while there are steps left.
    """
    stretches = [Change(0, len(old), 0, len(new))]
    while stretches:
        a, a_end, b, b_end = stretches.pop()
        while a < a_end and b < b_end and old[a] == new[b]:
            a, b = a + 1, b + 1
        while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
            a_end, b_end = a_end - 1, b_end - 1
        if a == a_end or b == b_end or not steps.take(a_end - a + b_end - b):
            if a < a_end or b < b_end:
                yield Change(a, a_end, b, b_end)
            continue
        common = [(a + x, b + y) for x, y in _anchors(old[a:a_end], new[b:b_end])]
        if common:
            ends = [*common, (a_end, b_end)]
            starts = [(a, b), *((x + 1, y + 1) for x, y in common)]
            pairs = zip(starts, ends, strict=True)
            stretches += reversed([Change(x, x_end, y, y_end) for (x, y), (x_end, y_end) in pairs])
        else:
            for found in _shortest(old[a:a_end], new[b:b_end], steps):
                yield Change(a + found.old_start, a + found.old_end, b + found.new_start, b + found.new_end)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The longest run, in order, of items that both sides have exactly once."""
    times_old, times_new = Counter(old), Counter(new)
    place = {item: y for y, item in enumerate(new) if times_new[item] == 1 == times_old[item]}
    # Longest increasing subsequence: the smallest end of a run of each length, and how each got there.
    ends: list[int] = []
    runs: list[tuple[int, int]] = []
    before: dict[int, tuple[int, int]] = {}
    for x, item in enumerate(old):
        y = place.get(item)
        if y is None:
            continue
        length = bisect_left(ends, y)
        ends[length : length + 1] = [y]
        runs[length : length + 1] = [(x, y)]
        if length:
            before[x] = runs[length - 1]
    chain = runs[-1:]
    while chain and chain[-1][0] in before:
        chain.append(before[chain[-1][0]])
    return chain[::-1]


def _shortest(old: Sequence[str], new: Sequence[str], steps: _Steps) -> Iterator[Change]:
    """The fewest changes, or one that replaces everything when finding them takes too many steps."""
    x = y = 0
    for match_x, match_y in [*_matches(old, new, steps), (len(old), len(new))]:
        if match_x > x or match_y > y:
            yield Change(x, match_x, y, match_y)
        x, y = match_x + 1, match_y + 1


def _matches(old: Sequence[str], new: Sequence[str], steps: _Steps) -> list[tuple[int, int]]:
    """The pairs of equal items on the shortest way from `old` to `new`; none when it is too far."""
    # How far along `old` one gets with so many changes, on each diagonal (`x - y`) from the lowest to the
    # highest
    rounds: list[array[int]] = []
    for distance in range(min(len(old) + len(new), FURTHEST) + 1):
        rounds.append(array("q"))
        for place in range(distance + 1):
            x, _before = _start(rounds, distance, place)
            y = start_y = x - (2 * place - distance)
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            rounds[distance].append(x)
            if x == len(old) and y == len(new):
                return _walk_back(rounds, place)
            if not steps.take(1 + y - start_y):
                return []
    return []


def _start(rounds: Sequence[Sequence[int]], distance: int, place: int) -> tuple[int, int]:
    """Where a diagonal is entered with one more change, and from which place of the round before."""
    if distance == 0:
        return 0, 0
    before = rounds[distance - 1]
    if place == 0 or (place < distance and before[place - 1] < before[place]):
        return before[place], place
    return before[place - 1] + 1, place - 1


def _walk_back(rounds: Sequence[Sequence[int]], place: int) -> list[tuple[int, int]]:
    matches: list[tuple[int, int]] = []
    for distance in range(len(rounds) - 1, -1, -1):
        start, before = _start(rounds, distance, place)
        diagonal = 2 * place - distance
        matches += ((x, x - diagonal) for x in range(rounds[distance][place] - 1, start - 1, -1))
        place = before
    return matches[::-1]


def _changed(old: list[str], new: list[str], steps: _Steps) -> Iterator[list[Piece]]:
    """The rows of a changed passage: words marked in it where it is the same passage, else the old and the new."""
    before, after = WORD.findall("\n".join(old)), WORD.findall("\n".join(new))
    changes = list(_joined(compare(before, after, steps), before)) if old and new else []
    kept = sum(map(_is_word, before)) - sum(
        sum(map(_is_word, before[change.old_start : change.old_end])) for change in changes
    )
    if not changes or kept < KINSHIP * max(sum(map(_is_word, before)), sum(map(_is_word, after))):
        yield from ([Piece(REMOVED, line)] for line in old)
        yield from ([Piece(ADDED, line)] for line in new)
        return
    row: list[Piece] = []
    for fate, text in _pieces(before, after, changes):
        if text != "\n":
            row.append(Piece(fate, text))
            continue
        yield row if fate == SAME else [*row, Piece(fate, LINE_END)]
        row = []
    yield row


def _joined(changes: Iterator[Change], old: Sequence[str]) -> Iterator[Change]:
    """Changes with no word between them made one: spaces and commas in common make a patchwork, not sense."""
    held: Change | None = None
    for change in changes:
        if held is None:
            held = change
        elif any(_is_word(item) or item == "\n" for item in old[held.old_end : change.old_start]):
            yield held
            held = change
        else:
            held = Change(held.old_start, change.old_end, held.new_start, change.new_end)
    if held is not None:
        yield held


def _pieces(old: Sequence[str], new: Sequence[str], changes: list[Change]) -> Iterator[Piece]:
    end = 0
    for change in changes:
        yield from (Piece(SAME, text) for text in old[end : change.old_start])
        yield from (Piece(REMOVED, text) for text in old[change.old_start : change.old_end])
        yield from (Piece(ADDED, text) for text in new[change.new_start : change.new_end])
        end = change.old_end
    yield from (Piece(SAME, text) for text in old[end:])


def _is_word(item: str) -> bool:
    return item[:1].isalnum() or item[:1] == "_"


def _unchanged(lines: list[str], head: int, tail: int) -> list[SafeString]:
    """The first `head` and the last `tail` lines, and between them a sentence in place of the others."""
    hidden = len(lines) - head - tail
    if hidden <= 1:
        return [_row([Piece(SAME, line)]) for line in lines]
    folded = ngettext("%(n)d unchanged line", "%(n)d unchanged lines", hidden) % {"n": hidden}
    ends = [*lines[:head], *lines[len(lines) - tail :]]
    rows = [_row([Piece(SAME, line)]) for line in ends]
    return [*rows[:head], _fold(folded), *rows[head:]]


def _fold(sentence: str) -> SafeString:
    return format_html('<p class="ck-diff__fold">{}</p>', sentence)


def _row(pieces: list[Piece]) -> SafeString:
    fates = {piece.fate for piece in pieces}
    whole = fates.pop() if len(fates) == 1 else SAME
    if whole != SAME and pieces[-1].text == LINE_END:
        pieces = pieces[:-1]
    body = format_html_join(
        "",
        "{}",
        ((_marked(fate, "".join(piece.text for piece in group)),) for fate, group in groupby(pieces, _fate)),
    )
    return format_html('<p class="ck-diff__line{}">{}</p>', "" if whole == SAME else f" ck-diff__line--{whole}", body)


def _fate(piece: Piece) -> str:
    return piece.fate


def _marked(fate: str, text: str) -> SafeString:
    return format_html({SAME: "{}", REMOVED: "<del>{}</del>", ADDED: "<ins>{}</ins>"}[fate], text)
