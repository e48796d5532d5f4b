"""Dates as catalogues write them, to spans of years.

Years count as catalogues count: -500 is 500 BC and there is no year 0; years that arrive as signed numbers (EDTF, edm:begin) are
taken as written. A century is 1601-1700, "1600s" and EDTF "16XX" are 1600-1699. "c. 1850" is 1850: museums that publish both text
and span (Tate) give the same span with and without "c.". "before 1800" and "after 1900" keep the named year as the bound.
Of a work and its later printing ("1852, printed 1890") the first date counts.

Reading is strict: a text with digits that don't make sense as a date (telephone numbers, inventory numbers, sizes) has no
span; a missing year costs less than a wrong one. Source for machine-written dates: EDTF (ISO 8601-2:2019), levels 0-1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from heritage_assets.curation.cleansing.date_points import YearSpan, read_point
from heritage_assets.curation.cleansing.date_tokens import DATED, Kind, Token, tokenise
from heritage_assets.curation.cleansing.date_words import Word

EARLIEST_YEAR = -100_000
MAX_DATE_LENGTH = 200
"""Characters of a date that are read; longer texts are descriptions."""

_SEPARATORS = (Word.RANGE, Word.OR)
_MAX_PLAIN_RANGE = 500
"""Years a range may span that starts before 1000 without an era or "c.": 960-1279 is a dynasty, 555-1234 a telephone."""


def first_span(dates: Iterable[str]) -> tuple[str, YearSpan] | None:
    """Return the first of several dates that can be read, with its span."""
    for text in dates:
        span = year_span(text)
        if span is not None:
            return text, span
    return None


def says_nothing(text: str) -> bool:
    """Say whether a date only says that there is none: "date not known", "n.d.", "?"."""
    return len(text) <= MAX_DATE_LENGTH and not tokenise(text)


@lru_cache(maxsize=32_768)
def year_span(text: str) -> YearSpan | None:
    """Return the years that ``text`` names, or None where it names none or cannot be trusted.

    The years lie between -100000 and next year, and start ≤ end where both are given.
    """
    if not text or len(text) > MAX_DATE_LENGTH:
        return None
    tokens = tokenise(text)
    if not _dated(tokens) or any(token.kind is Kind.JUNK or token.word is Word.NOT_A_DATE for token in tokens):
        return None
    return _sane(_clauses(tokens))


def _sane(span: YearSpan | None) -> YearSpan | None:
    if span is None:
        return None
    latest = datetime.now(UTC).year + 1
    years = [year for year in span if year is not None]
    if not years or min(years) < EARLIEST_YEAR or max(years) > latest:
        return None
    return span if years == sorted(years) else None


def _clauses(tokens: list[Token]) -> YearSpan | None:
    """Join the spans of the clauses; printings count less than a date of making, later ones less than the first."""
    making: list[YearSpan] = []
    events: list[YearSpan] = []
    for clause in _split(tokens, lambda token: token.kind is Kind.BREAK):
        span = _clause(clause)
        if span is not None:
            is_event = any(token.word is Word.EVENT for token in clause)
            (events if is_event else making).append(span)
        elif _unread(clause):
            return None
    spans = making or events[:1]
    if any(_is_open(span) for span in spans):
        return spans[0]
    return _hull(spans) if spans else None


def _unread(clause: list[Token]) -> bool:
    """A day beside its month ("March 19, 1888") is no date of its own, and no mystery either; nor is Louis XIV."""
    has_month = any(token.word is Word.MONTH for token in clause)
    return any(
        token.kind in DATED and token.kind is not Kind.ROMAN and not (has_month and token.value <= 31)
        for token in clause
    )


def _clause(clause: list[Token]) -> YearSpan | None:
    """Read a point ("c. 1850"), a range or an alternative ("1850-60", "1850 or 1860", "until 1900", "1900-")."""
    separators = [token.word for token in clause if token.word in _SEPARATORS]
    parts = _split(clause, lambda token: token.word in _SEPARATORS)
    dated = [index for index, part in enumerate(parts) if _dated(part)]
    if not dated:
        return None
    points = _points([parts[index] for index in dated])
    if points is None:
        return None
    first, last = points[0], points[-1]
    if len(points) == 1:
        return _half_open(parts, separators, dated[0], first)
    if _is_open(first) or _is_open(last):
        return YearSpan(first.start, last.end)
    is_range = Word.RANGE in separators[dated[0] : dated[-1]]
    if is_range and _is_no_range([parts[index] for index in dated], first, last):
        return None
    return _hull(points)


def _half_open(parts: list[list[Token]], separators: Sequence[Word | None], index: int, point: YearSpan) -> YearSpan:
    """Read a range with one end: "until 1900", "../1900", "1900-"; other words around ("Rome to 1900") change nothing."""
    if index > 0 and separators[index - 1] is Word.RANGE and not any(_says_something(part) for part in parts[:index]):
        return YearSpan(None, point.end)
    if index + 1 < len(parts) and separators[index] is Word.RANGE and not any(map(_says_something, parts[index + 1 :])):
        return YearSpan(point.start, None)
    return point


def _says_something(part: list[Token]) -> bool:
    return any(token.kind is Kind.UNKNOWN for token in part)


def _points(parts: list[list[Token]]) -> list[YearSpan] | None:
    """Read the points of a range; each borrows what it leaves out: the unit from the next, the century from the last."""
    borrowed: list[list[Token]] = []
    for part in reversed(parts):
        borrowed.append(part + (_borrowable(borrowed[-1], part) if borrowed else []))
    spans: list[YearSpan] = []
    for part in reversed(borrowed):
        span = read_point(part, spans[-1].start if spans else None)
        if span is None:
            return None
        spans.append(span)
    return spans


def _borrowable(following: list[Token], part: list[Token]) -> list[Token]:
    """Return the unit of the next point that holds for this one too: "16th-17th century", "3rd-2nd century BC", "500-400 BC"."""
    own = {token.word for token in part}
    wanted = set() if own & {Word.BC, Word.AD} else {Word.BC}
    if not own & {Word.CENTURY, Word.MILLENNIUM} and all(token.value <= 31 for token in part if token.kind in DATED):
        wanted |= {Word.CENTURY, Word.MILLENNIUM}
    return [token for token in following if token.word in wanted]


def _is_no_range(parts: list[list[Token]], first: YearSpan, last: YearSpan) -> bool:
    start, end = first.start, last.end
    if start is None or end is None or start > end:
        return True
    plain = all(token.kind is Kind.NUMBER for part in parts for token in part)
    return plain and 0 < start < 1000 and end - start > _MAX_PLAIN_RANGE


def _is_open(span: YearSpan) -> bool:
    return span.start is None or span.end is None


def _hull(spans: list[YearSpan]) -> YearSpan:
    return YearSpan(
        min(span.start for span in spans if span.start is not None),
        max(span.end for span in spans if span.end is not None),
    )


def _dated(tokens: list[Token]) -> bool:
    return any(token.kind in DATED for token in tokens)


def _split(tokens: list[Token], at: Callable[[Token], bool]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if at(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
