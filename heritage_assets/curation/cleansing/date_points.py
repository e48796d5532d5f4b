"""One point of a date: a year, a decade, a century or a part of one, with its era."""

from __future__ import annotations

from typing import NamedTuple

from heritage_assets.curation.cleansing.date_tokens import DATED, Kind, Token
from heritage_assets.curation.cleansing.date_words import Word

_LAST_CENTURY = 21
_MAX_CENTURIES_BC = 100
_MAX_WORDS_BESIDE_A_YEAR = 8
"""Unknown words that a year may stand among ("Salon of 1850"); a longer text is a story."""


class YearSpan(NamedTuple):
    """Years from and to, both included; None where that side is open."""

    start: int | None
    end: int | None


def read_point(tokens: list[Token], previous: int | None = None) -> YearSpan | None:
    """Return the years of one point of a date, or None when its numbers make no sense as one.

    ``previous`` is the start of the point before it in a range, from which "1850-60" takes its century.
    """
    words = {token.word for token in tokens}
    numbers = [token for token in tokens if token.kind in DATED]
    if words & {Word.CENTURY, Word.MILLENNIUM}:
        span = _century(numbers, words)
    elif any(token.kind is Kind.YEARS for token in numbers):
        span = _given_years(numbers, words, previous)
    else:
        span = _year(tokens, numbers, words, previous)
    if span is None:
        return None
    start, end = _part_of(span, [token for token in tokens if token.kind is Kind.PART])
    if Word.BEFORE in words:
        return YearSpan(None, end)
    if Word.AFTER in words:
        return YearSpan(start, None)
    return YearSpan(start, end)


def _century(numbers: list[Token], words: set[Word | None]) -> tuple[int, int] | None:
    counted = [token for token in numbers if token.kind is not Kind.YEARS]
    if len(counted) != 1 or len(numbers) != 1:
        return None
    number, is_bc = counted[0].value, Word.BC in words
    length = 1000 if Word.MILLENNIUM in words else 100
    last = _MAX_CENTURIES_BC if is_bc else (3 if length == 1000 else _LAST_CENTURY)
    if not 1 <= number <= last:
        return None
    return (-number * length, -(number - 1) * length - 1) if is_bc else ((number - 1) * length + 1, number * length)


def _given_years(numbers: list[Token], words: set[Word | None], previous: int | None) -> tuple[int, int] | None:
    spans = [token for token in numbers if token.kind is Kind.YEARS]
    others = [token for token in numbers if token.kind is not Kind.YEARS]
    if len(spans) != 1 or any(token.value > 31 or Word.MONTH not in words for token in others):
        return None
    start, end = int(spans[0].span[0]), int(spans[0].span[1])
    if 0 <= start < 100 and len(spans[0].text.strip("'")) <= 3:  # "1850s-60s"
        if previous is None or previous < 1000:
            return None
        start, end = start + previous // 100 * 100, end + previous // 100 * 100
    return (-end, -start) if Word.BC in words and start > 0 else (start, end)


def _year(
    tokens: list[Token], numbers: list[Token], words: set[Word | None], previous: int | None
) -> tuple[int, int] | None:
    """Read a single year: four digits, three where nothing else is said, fewer with an era, more only BC."""
    candidates = [token for token in numbers if not _is_day_or_name(token, numbers, words)]
    if len(candidates) != 1 or candidates[0].kind is not Kind.NUMBER:
        return None
    text, value = candidates[0].text, candidates[0].value
    unknown = sum(token.kind is Kind.UNKNOWN for token in tokens)
    has_era = bool(words & {Word.BC, Word.AD})
    if unknown > _MAX_WORDS_BESIDE_A_YEAR or (unknown and not has_era and len(text) != 4):
        return None
    if not has_era and len(text) <= 2:
        return _two_digits(text, value, previous)
    if value == 0 or (len(text) > 4 and Word.BC not in words) or len(text) > 6:
        return None
    year = -value if Word.BC in words else value
    if Word.DECADE in words and value % 10 == 0:  # "annees 1920", "anni 1850"
        return year, year + 9
    return year, year


def _two_digits(text: str, value: int, previous: int | None) -> tuple[int, int] | None:
    """Complete "60" in "1850-60" and "9" in "1798-9"."""
    if previous is None or previous < 1000:
        return None
    unit = 10 ** len(text)
    year = previous // unit * unit + value
    return (year, year) if year > previous else None


def _is_day_or_name(token: Token, numbers: list[Token], words: set[Word | None]) -> bool:
    """Days stand beside a month; Roman numerals without "century" number kings ("Louis XIV, 1680") or months."""
    if token.kind is Kind.ROMAN:
        return True
    return Word.MONTH in words and token.value <= 31 and any(other.value > 31 for other in numbers)


def _part_of(span: tuple[int, int], parts: list[Token]) -> tuple[int, int]:
    start, end = span
    length = end - start + 1
    if not parts or length < 10:
        return span
    low = min(part.span[0] for part in parts)
    high = max(part.span[1] for part in parts)
    return start + round(length * low), start + round(length * high) - 1
