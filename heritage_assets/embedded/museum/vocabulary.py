"""The words of the demo museum in five languages.

``vocabulary.csv`` holds one concept a row. Words carry no article, so that captions in catalogue style need no agreement.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "de", "fr", "it", "es")
_NUMERALS = (2, 3, 4, 5, 6, 9, 16)


@cache
def _table() -> dict[str, dict[str, str]]:
    text = files(__package__).joinpath("vocabulary.csv").read_text(encoding="utf-8")
    return {row.pop("key"): row for row in csv.DictReader(text.splitlines())}


def has_word(key: str) -> bool:
    """Return whether ``key`` is a concept of the vocabulary."""
    return key in _table()


def word(key: str, language: str) -> str:
    """Return the word for a concept.

    Raises:
        KeyError: the concept or the language is not in ``vocabulary.csv``.
    """
    return _table()[key][language]


def counted(count: int, noun: str, language: str) -> str:
    """Return "three boats" for ``(3, "boat", "en")``; a single thing goes without a numeral (and so without a gender)."""
    if count == 1:
        return word(noun, language)
    if count not in _NUMERALS:
        raise ValueError(f"no numeral for {count} in the vocabulary; there are {_NUMERALS}")
    return f"{word(f'n{count}', language)} {word(noun + '+', language)}"


def sentence(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
