"""What the text of a page tells: its words, language, page number, running head, size of type.

Works on recognised lines, whatever engine read them. Belongs here: lines to facts. Does not belong here: running an engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MOST_TEXT = 20_000
"""Characters of a page's text that are kept."""
_ROMAN = re.compile(r"(?=[ivxlcdm])m{0,3}(cm|cd|d?c{0,4})(xc|xl|l?x{0,4})(ix|iv|v?i{0,4})", re.IGNORECASE)
_NUMBER = re.compile(
    r"[\[(—–\-.\s]*(?:p(?:age)?\.?|s(?:eite)?\.?|f(?:ol)?\.?)?\s*(\d{1,4}|[ivxlcdm]{1,8})[\])—–\-.\s]*", re.I
)
_BAND = 0.12
"""Share of the page's height at the top (heads and numbers) and at the bottom (numbers)."""
_WORDS = re.compile(r"[^\W\d_]{2,}", re.UNICODE)

_COMMONEST = {
    "de": "der die das und den von zu dem mit sich des auf für ist im nicht ein eine als auch es an werden aus er hat",
    "en": "the of and to in that is was for it with as his on be at by had not are but from or have an they which one",
    "es": "de la que el en los se del las un por con una su para es al lo como más pero sus le ya este sí porque",
    "fr": "de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce sont avec son il",
    "it": "di che la il un in per non una sono del da con le si al dei come più lo nel alla gli ma anche della",
    "la": "et in est non ad ut cum quod qui sed si quae ex per autem de enim quam esse nec aut ab hoc eius sunt",
    "nl": "de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij uit nog naar door",
}
_COMMON = {code: frozenset(words.split()) for code, words in _COMMONEST.items()}
_LEAST_COMMON = 3


@dataclass(frozen=True)
class Line:
    """One recognised line: text, confidence (0 to 1), and its box as shares of the page's sides, top left origin."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Reading:
    """What a page's lines tell; everything is None where nothing was read.

    ``confidence``: mean over characters, 0 to 1. ``font_size``: median height of a line, thousandths of the page's height.
    """

    text: str | None
    language: str | None
    confidence: float | None
    page_number: str | None
    running_head: str | None
    font_size: float | None


NOTHING = Reading(None, None, None, None, None, None)


def read_lines(lines: Sequence[Line]) -> Reading:
    """Gather what the lines of one page tell."""
    kept = sorted((line for line in lines if line.text.strip()), key=lambda line: (line.top, line.left))
    if not kept:
        return NOTHING
    text = "\n".join(line.text.strip() for line in kept)[:MOST_TEXT]
    letters = sum(len(line.text) for line in kept)
    return Reading(
        text,
        language_of(text),
        sum(line.confidence * len(line.text) for line in kept) / letters,
        page_number(kept),
        running_head(kept),
        round(1_000 * median(line.bottom - line.top for line in kept), 2),
    )


def page_number(lines: Sequence[Line]) -> str | None:
    """Return the printed page number as written, from the top or bottom of the page; arabic before roman."""
    edge = [line for line in lines if line.top < _BAND or line.bottom > 1 - _BAND]
    found = [match[1] for line in edge if (match := _NUMBER.fullmatch(line.text.strip()))]
    arabic = [number for number in found if number.isdecimal()]
    roman = [number for number in found if not number.isdecimal() and _ROMAN.fullmatch(number)]
    return next(iter([*arabic, *roman]), None)


def number_value(number: str | None) -> int | None:
    """Return the value of an arabic or roman page number; None for none."""
    if number is None:
        return None
    if number.isdecimal():
        return int(number)
    if not _ROMAN.fullmatch(number):
        return None
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1_000}[letter] for letter in number.lower()]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def running_head(lines: Sequence[Line]) -> str | None:
    """Return the words of the first line when it stands apart at the top of the page, without numbers, in lower case."""
    ordered = sorted(lines, key=lambda line: line.top)
    first = ordered[0]
    if first.top > _BAND or len(ordered) < 4:
        return None
    row = [line for line in ordered if line.top < first.bottom]
    body = [line for line in ordered if line.top >= first.bottom]
    if not body or body[0].top - first.bottom < 0.5 * (first.bottom - first.top):
        return None
    words = _WORDS.findall(" ".join(line.text for line in sorted(row, key=lambda line: line.left)).lower())
    return " ".join(words)[:120] or None if len(words) <= 12 else None


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language whose commonest words the text holds most; None when unsure.

    Seven languages of Latin script. A text must hold three of the words, and half as many again as for any other language.
    """
    words = [word.lower() for word in _WORDS.findall(text)]
    counts = sorted(((sum(word in common for word in words), code) for code, common in _COMMON.items()), reverse=True)
    (best, code), (second, _) = counts[:2]
    return code if best >= _LEAST_COMMON and best >= 1.5 * second else None
