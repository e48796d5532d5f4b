"""What a catalogue entry declares about *which part* of a thing it describes: page, folio, plate, side, state, volume …

Read from titles, identifiers and descriptions with one table of patterns (English, German, French, Italian, Spanish, and Latin
terms). Two entries that both declare a kind, with no value in common, describe two things however alike they look.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

Declared = Mapping[str, frozenset[str]]
"""Kind of part to the values declared for it."""

# One letter alone is a numeral only as i, v or x: "carte d'Europe", "page M".
_ROMAN = (
    r"(?:(?=[ivxlcdm]{2}|[ivx]\b)m{0,3}(?:cm|cd|d?c{0,3})(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
    r"(?<=[ivxlcdm])(?![a-z'’]))"
)
_NUMBER = rf"(?:\d{{1,5}}|{_ROMAN})"
_ORDINALS = {
    "1": "first erste ersten erster erstes premier premiere primo prima primero primer primera",
    "2": "second zweite zweiten zweiter zweites deuxieme seconde secondo seconda segundo segunda",
    "3": "third dritte dritten dritter drittes troisieme terzo terza tercero tercer tercera",
    "4": "fourth vierte vierten vierter viertes quatrieme quarto quarta cuarto cuarta",
    "5": "fifth funfte funften funfter funftes cinquieme quinto quinta",
    "6": "sixth sechste sechsten sechster sechstes sixieme sesto sesta sexto sexta",
    "7": "seventh siebte siebten siebter siebtes septieme settimo settima septimo septima",
    "8": "eighth achte achten achter achtes huitieme ottavo ottava octavo octava",
    "9": "ninth neunte neunten neunter neuntes neuvieme nono nona noveno novena",
    "10": "tenth zehnte zehnten zehnter zehntes dixieme decimo decima",
}
_ORDINAL_VALUE = {name: value for value, names in _ORDINALS.items() for name in names.split()}
_ORDINAL = rf"(?:{'|'.join(sorted(_ORDINAL_VALUE, key=len, reverse=True))}|\d{{1,2}}\s?(?:st|nd|rd|th|er|re|eme|e|o|a|\.|°|º|ª))"

_WORDS = {
    "page": "pages? seiten? paginas? pagine",
    "folio": "folios? foliums? feuillets? fogli foglio hojas? carta carte leaf leaves",
    "sheet": "sheets? blatt blatter feuille",
    "plate": "plates? tafeln? planches? tavola tavole laminas?",
    "figure": "figures? abbildung abbildungen figuras?",
    "volume": "volumes? bande? band tomes? tomos? tomi volumi volumen",
    "number": "numbers? nummer numeros? numero heft issue ausgabe livraison fascicul[eo]",
    "part": "parts? teile? parties? parti parte partes",
    "state": "states? zustand etats? stato estados?",
    "panel": "panels? panneau panneaux pannello panel fluegel flugel",
}
_SHORT = {
    "page": r"pp?\. pg\. pag\. s\.",
    "folio": r"fols?\. ff?\. f[oº°] cc?\.",
    "sheet": r"bl\.",
    "plate": r"pls?\. taf\. tav\. lam\.",
    "figure": r"figs?\. abb\.",
    "volume": r"vols?\. bde?\. t\.",
    "number": r"no\. nos\. nr\. n[°º] num\. №",
    "part": r"pt\. teil\.",
}
_SIDES = {
    "recto": "recto vorderseite vorderseiten avers anverso obverse obvers diritto dritto",
    "verso": "verso ruckseite ruckseiten revers reverso reverse rovescio",
}
_SIDES_IN_TITLES = {"recto": "front fronte", "verso": "back retro dos"}
"""Words too common in running text to mean a side there."""
_SIDE_VALUE = {name: side for side, names in _SIDES.items() for name in names.split()}
_TITLE_SIDE_VALUE = _SIDE_VALUE | {name: side for side, names in _SIDES_IN_TITLES.items() for name in names.split()}


def _kinds(words: dict[str, str]) -> str:
    """Return one alternative of named groups: which group matched names the kind."""
    return "|".join(f"(?P<{kind}>{'|'.join(names.split())})" for kind, names in words.items())


_FULL = re.compile(
    rf"\b(?:{_kinds(_WORDS)})\b\s*(?:n[°º.]|no\.|nr\.|number|#)?\s*(?P<value>{_NUMBER})(?P<side>r|v|ro|vo|a|b)?\b"
)
_BRIEF = re.compile(rf"(?<![\w.])(?:{_kinds(_SHORT)})\s*(?P<value>{_NUMBER})(?P<side>r|v|ro|vo)?\b")
_ORDERED = re.compile(rf"\b(?P<ordinal>{_ORDINAL})\s+(?:{_kinds(_WORDS)})\b")
_SIDE = re.compile(rf"\b(?:{'|'.join(_SIDE_VALUE)})\b")
_TITLE_SIDE = re.compile(rf"\b(?:{'|'.join(_TITLE_SIDE_VALUE)})\b")
_INVENTORY = re.compile(
    r"\b(?:inv|inventar\w*|inventaire|inventory|accession|acc|cat|kat|catalog\w*|katalog\w*)\b[\s.-]*(?:n[°º.]|no\.|nr\.|num\.|number|nummer|numero)?"
)
_LEAF_SIDE = re.compile(r"(?<![\w.])(?P<value>\d{1,4})(?P<side>r|v)(?![\w])")


def declared_parts(title: str | None, identifiers: Iterable[str] | None, description: str | None) -> Declared:
    """Return what a record declares; empty when it declares no part.

    In descriptions abbreviations are left out ("p. 45" there cites literature), and numbers count in titles only: elsewhere they
    are inventory numbers, which every house gives anew.
    """
    found: dict[str, set[str]] = {}
    for text in identifiers or ():
        if text:
            _read(_fold(text), found, brief=True)
    if description:
        _read(_fold(description), found, brief=False)
    found.pop("number", None)
    if title:
        _read(_INVENTORY.sub(" ", _fold(title)), found, brief=True)
    return {kind: frozenset(values) for kind, values in found.items()}


def differing_parts(a: Declared, b: Declared) -> tuple[str, ...]:
    """Return the kinds that both declare with no value in common, sorted."""
    return tuple(sorted(kind for kind in a.keys() & b.keys() if not a[kind] & b[kind]))


def _read(text: str, found: dict[str, set[str]], *, brief: bool) -> None:
    for pattern in (_FULL, _BRIEF) if brief else (_FULL,):
        for match in pattern.finditer(text):
            _add(found, _kind(match), _value(match["value"]))
            if match["side"] in ("r", "ro", "v", "vo"):
                _add(found, "side", "recto" if match["side"].startswith("r") else "verso")
            elif match["side"]:
                _add(found, "side", match["side"])
    for match in _ORDERED.finditer(text):
        _add(found, _kind(match), _ordinal(match["ordinal"]))
    for match in (_TITLE_SIDE if brief else _SIDE).finditer(text):
        _add(found, "side", _TITLE_SIDE_VALUE[match[0]])
    if brief:
        for match in _LEAF_SIDE.finditer(text):
            _add(found, "folio", match["value"].lstrip("0") or "0")
            _add(found, "side", "recto" if match["side"] == "r" else "verso")


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind, text in match.groupdict().items() if text and kind in _WORDS)


def _add(found: dict[str, set[str]], kind: str, value: str) -> None:
    found.setdefault(kind, set()).add(value)


def _fold(text: str) -> str:
    """Lower-case without accents; separators in identifiers become spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("_", " ")


def _ordinal(text: str) -> str:
    return _ORDINAL_VALUE.get(text) or re.sub(r"\D", "", text).lstrip("0") or "0"


@lru_cache(maxsize=8_192)
def _value(text: str) -> str:
    """Return a number in its shortest Arabic form; "xiv" is 14, "007" is 7."""
    if text.isdigit():
        return text.lstrip("0") or "0"
    values = [{"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}[c] for c in text]
    following = [*values[1:], 0]
    return str(sum(-v if v < after else v for v, after in zip(values, following, strict=True)))
