"""The scanning order: names as people sort them, with numbers by value (``page_9`` before ``page_10``)."""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(r"(\d+)")
_MOST_DIGITS = 18

Key = tuple[tuple[int, int, str], ...]


def natural_key(name: str) -> Key:
    """Return a sort key: text without regard to case and accents' form, numbers by value; the name itself breaks ties.

    Longer runs of digits than a 64-bit number are compared as text, so that no name costs more than its length.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    parts: list[tuple[int, int, str]] = []
    for part in _NUMBER.split(folded):
        if part.isdecimal() and len(part) <= _MOST_DIGITS:
            parts.append((0, int(part), ""))
        elif part:
            parts.append((1, 0, part))
    return (*parts, (2, 0, name))
