"""Which known word was meant: the one fewest slips away."""

from collections.abc import Iterable

MIN_LENGTH = 4  # letters; shorter words are near too many others


def slips_allowed(word: str) -> int:
    """How many letters may be wrong, missing, superfluous or swapped."""
    if len(word) < MIN_LENGTH or not word.isalpha():
        return 0
    return 1 if len(word) <= 5 else 2


def near(word: str, known: Iterable[str], most: int) -> list[tuple[int, str]]:
    """(slips, word) for those of `known` at most `most` slips away, the nearest first."""
    found = []
    for other in known:
        if other != word and abs(len(other) - len(word)) <= most and other.isalpha():
            distance = slips(word, other, most)
            if distance <= most:
                found.append((distance, other))
    return sorted(found)


def slips(one: str, two: str, most: int) -> int:
    """How many slips make `one` of `two` (optimal string alignment); any number above `most` if more."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, start=1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(two, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
