"""From the text of a date to tokens: numbers, spans of years, and words with a role."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from heritage_assets.curation.cleansing.date_words import ITALIAN_CENTURIES, ORDINAL_WORDS, PARTS, PHRASES, WORDS, Word


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    ORDINAL = "ordinal"
    ROMAN = "roman"
    YEARS = "years"
    WORD = "word"
    PART = "part"
    BREAK = "break"
    UNKNOWN = "unknown"
    JUNK = "junk"


class Token(NamedTuple):
    """One token. ``value``: the number; ``span``: first and last year (YEARS), or share of a period (PART)."""

    kind: Kind
    text: str
    value: int = 0
    span: tuple[float, float] = (0, 0)
    word: Word | None = None


DATED = frozenset({Kind.NUMBER, Kind.ORDINAL, Kind.ROMAN, Kind.YEARS})
"""Kinds of tokens that stand for a number of any sort."""

_ROMAN = re.compile(r"(m{0,2})(cm|cd|d?c{0,4})(xc|xl|l?x{0,4})(ix|iv|v?i{0,4})")
_ROMAN_ORDINAL = re.compile(r"([ivx]+)(?:e|eme|ieme|er|de|th|o|a)?$")
_LAST_CENTURY = 21
_SEMIUM = re.compile(r"https?://semium\.org/time/(\w+)")
"""Time spans that Europeana assigned as URIs: 1850, 18xx, 18xx_2_half, 17xx_3_third."""
_MONTHS_AND_SEASONS = (*range(1, 13), *range(21, 25))


def tokenise(text: str) -> list[Token]:
    """Return the tokens of ``text``; characters without meaning for dates (question marks, quotes) are dropped."""
    plain = _plain(text)
    tokens: list[Token] = []
    position = 0
    while position < len(plain):
        match = _LEXER.match(plain, position)
        if match is None:  # white space and punctuation that says nothing
            position += 1
            continue
        tokens.extend(_READERS[str(match.lastgroup)](match, tokens))
        position = match.end()
    return _in_context(tokens)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    plain = re.sub(r"[\u2010\u2011]", "-", plain)
    plain = re.sub(r"[\u2012-\u2015\u2212]", "–", plain).replace("\u2019", "'")
    plain = _SEMIUM.sub(lambda match: match[1].replace("_", " "), plain)
    plain = re.sub(r"^(\d{3,4})\.0$", r"\1", plain)  # a year that went through a spreadsheet
    plain = re.sub(r"[\[\]{}]|(?<=\d)[?~%](?=[\d/-])", "", plain)
    for pattern, replacement in PHRASES:
        plain = pattern.sub(replacement, plain)
    return re.sub(r"(?<=\d)[,.](?=\d{3} +bc\b)", "", plain)


def _number(match: re.Match[str], _: list[Token]) -> list[Token]:
    return [Token(Kind.NUMBER, match[0], int(match[0][:9]))]


def _negative(match: re.Match[str], before: list[Token]) -> list[Token]:
    """Read "-500" as a year at the start of the date or of the end of an interval; elsewhere the dash is a range."""
    value = int(match["negative"][1:])
    if not before or before[-1].word is Word.RANGE:
        return [_years(match[0], -value, -value)]
    return [_range("-"), Token(Kind.NUMBER, str(value), value)]


def _full_date(match: re.Match[str], _: list[Token]) -> list[Token]:
    """Keep the year of a date in numbers when month and day can be such; which is which does not matter here."""
    parts = [part for part in re.split(r"[-./ ]+", match[0].split("t")[0]) if part]
    year = next(part for part in parts if len(part) == 4)
    others = sorted(int(part) for part in parts if part is not year and part.isdigit())
    plausible = int(year) > 0 and all(part <= 31 for part in others) and (not others or others[0] <= 12)
    return [_years(match[0], int(year), int(year)) if plausible else _junk(match[0])]


def _year_and_two_digits(match: re.Match[str], _: list[Token]) -> list[Token]:
    """Tell "1888-03" (a month) from "1850-60" and "1901-02" (a range)."""
    year, tail = int(match[0][:4]), match[0][5:]
    if tail == "xx":
        return [_years(match[0], year, year)]
    number = int(tail)
    is_range = number > year % 100 and (number not in _MONTHS_AND_SEASONS or number == year % 100 + 1 or number > 12)
    if is_range:
        return [Token(Kind.NUMBER, match[0][:4], year), _range("-"), Token(Kind.NUMBER, tail, number)]
    return [_years(match[0], year, year) if number in _MONTHS_AND_SEASONS else _junk(match[0])]


def _unspecified(match: re.Match[str], _: list[Token]) -> list[Token]:
    digits = re.match(r"\d+", match[0])
    known = digits[0] if digits else ""
    unit = 10 ** (4 - len(known))
    return [_years(match[0], int(known) * unit, int(known) * unit + unit - 1)]


def _decade(match: re.Match[str], _: list[Token]) -> list[Token]:
    digits = re.findall(r"\d+", match[0])[0]
    start = int(digits)
    if start % 10:
        return [_junk(match[0])]
    length = 100 if start % 100 == 0 and start else 10
    return [_years(match[0], start, start + length - 1)]


def _ordinal(match: re.Match[str], _: list[Token]) -> list[Token]:
    number = re.findall(r"\d+", match[0])[0]
    return [Token(Kind.ORDINAL, match[0], int(number))]


def _long_year(match: re.Match[str], _: list[Token]) -> list[Token]:
    year = int(match[0][1:])
    return [_years(match[0], year, year)]


def _dash(match: re.Match[str], before: list[Token]) -> list[Token]:
    """A hyphen inside a word ("mid-19th", "Jean-Marie") is none between dates ("XVIe-XVIIe")."""
    if before and _century_number(before[-1].text):
        return [_range(match[0])]
    inside_word = match.start() > 0 and match.string[match.start() - 1].isalpha() and match[0] == "-"
    dated = bool(before) and (
        before[-1].kind in DATED or before[-1].word in (Word.CENTURY, Word.BC, Word.AD, Word.MONTH)
    )
    return [] if inside_word and not dated else [_range(match[0])]


def _word(match: re.Match[str], _: list[Token]) -> list[Token]:
    text = match[0]
    if text in PARTS:
        return [Token(Kind.PART, text, span=PARTS[text])]
    if text in WORDS:
        return [Token(Kind.WORD, text, word=WORDS[text])]
    if text in ORDINAL_WORDS:
        return [Token(Kind.ORDINAL, text, ORDINAL_WORDS[text])]
    if text in ITALIAN_CENTURIES:
        return [_years(text, ITALIAN_CENTURIES[text], ITALIAN_CENTURIES[text] + 99)]
    if len(text) >= 4 and text[0] == "m" and (year := roman_value(text)) >= 1000:
        return [Token(Kind.NUMBER, str(year), year)]
    return [Token(Kind.UNKNOWN, text)]


def roman_value(text: str) -> int:
    """Return the value of a Roman numeral in lower case (also the additive MDCCCC of old prints), 0 when it is none."""
    match = _ROMAN.fullmatch(text)
    if match is None or not text:
        return 0
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    numbers = [values[char] for char in text]
    following = [*numbers[1:], 0]
    return sum(-number if number < after else number for number, after in zip(numbers, following, strict=True))


def _in_context(tokens: list[Token]) -> list[Token]:
    """Decide what short words mean by their neighbours: "19th c.", "s. XVI", "20 w.", "1850 a 1860", "XVIIe"."""
    resolved: list[Token] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        resolved.append(_by_neighbours(token, resolved[-1] if resolved else None, following))
    return resolved


def _by_neighbours(token: Token, before: Token | None, after: Token | None) -> Token:
    text = token.text
    before_number = before is not None and before.kind in DATED and 0 < before.value <= _LAST_CENTURY
    if text in ("c", "s", "w", "st", "sc", "cen") and before_number:
        return Token(Kind.WORD, text, word=Word.CENTURY)
    if token.word in (Word.RANGE, Word.OR) and before and after and before.kind is after.kind is Kind.PART:
        return Token(Kind.WORD, text, word=Word.SKIP)  # "early to mid 19th century" is one point
    if text == "s" and after is not None and _century_number(after.text):
        return Token(Kind.WORD, text, word=Word.CENTURY)
    if text == "a" and before is not None and (before.kind in DATED or before.word in (Word.CENTURY, Word.BC)):
        return _range("a")
    if token.kind is Kind.UNKNOWN and (number := _century_number(text)):
        return Token(Kind.ROMAN, text, number)
    return token


def _century_number(text: str) -> int:
    match = _ROMAN_ORDINAL.match(text)
    number = roman_value(match[1]) if match else 0
    return number if number <= _LAST_CENTURY else 0


def _years(text: str, start: int, end: int) -> Token:
    return Token(Kind.YEARS, text, start, (start, end))


def _range(text: str) -> Token:
    return Token(Kind.WORD, text, word=Word.RANGE)


def _junk(text: str) -> Token:
    return Token(Kind.JUNK, text)


_READERS: dict[str, Callable[[re.Match[str], list[Token]], list[Token]]] = {
    "full": _full_date,
    "month": _year_and_two_digits,
    "unspecified": _unspecified,
    "decade": _decade,
    "ordinal": _ordinal,
    "long": _long_year,
    "circa": lambda match, _: [Token(Kind.WORD, match[0], word=Word.CIRCA)],
    "junk": lambda match, _: [_junk(match[0])],
    "negative": _negative,
    "number": _number,
    "dots": lambda match, _: [_range("..")],
    "dash": _dash,
    "ampersand": lambda match, _: [Token(Kind.WORD, "&", word=Word.OR)],
    "break": lambda match, _: [Token(Kind.BREAK, match[0])],
    "mixed": lambda match, _: [_junk(match[0])],
    "word": _word,
}
_LEXER = re.compile(
    r"""
      (?P<full>    \d{4}-(?:\d\d|xx)-(?:\d\d|xx)(?:t[\d:.]+(?:z|[+-]\d\d:?\d\d)?)?(?![\w-])
                 | \d{4}[/.]\d{1,2}[/.]\d{1,2}(?![\w./])
                 | \d{1,2}\.[ ]?\d{1,2}\.[ ]?\d{4}(?!\w)
                 | \d{1,2}(?P<mark>[/-])\d{1,2}(?P=mark)\d{4}(?![\w-])
                 | \d{1,2}[/.]\d{4}(?![\w-]|[/.]\d) )
    | (?P<month>   \d{4}-(?:\d\d|xx)(?![\w-]) )
    | (?P<unspecified> \d{3}[xu_](?!\w) | \d\d(?:xx|uu|__)(?!\w) | \dxxx(?!\w) | \d\d--(?!\d)
                 | \d\d\.\.(?![\d.]) | \d{3}-(?=\?|\)|,|$) )
    | (?P<decade>  \d{2,4}'?(?:s|ies)(?!\w) | \d{3,4}-?er(?!\w) )
    | (?P<ordinal> \d{1,2}(?:st|nd|rd|th|er|e|eme|ieme|nde|de|te|ten|ste|o|a|°)(?!\w) | \d{1,2}\.(?!\d) )
    | (?P<long>    y-?\d{5,6}(?!\w) )
    | (?P<circa>   (?:circa|ca|ci|c)\.?(?=\d) )
    | (?P<junk>    [+\#\u2116]\s?\d+ | \d+(?:[.,:]\d+)+ )
    | (?P<negative> -\d{3,6}(?![\w-]) )
    | (?P<number>  \d+(?=(?:bce?|ad|ce)\b) | \d+(?!\w) )
    | (?P<dots>    \.{2,} )
    | (?P<dash>    [-–]+ | / )
    | (?P<ampersand> & )
    | (?P<break>   [,;()|\n] )
    | (?P<mixed>   \w*\d\w* )
    | (?P<word>    [^\W\d_]+ )
    """,
    re.VERBOSE,
)
"""Order matters: what reads more of the text comes first."""
