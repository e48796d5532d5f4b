"""Titles: which one is the main one, and which are placeholders for a title nobody knows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from heritage_assets.curation.cleansing.values import Literal, choose_language

TITLE_LIMIT = 1_000
"""Characters of a title; the longest real ones (early printed books) stay below."""

_PLACEHOLDERS = frozenset(
    """
    untitled; no title; no title available; title not known; title unknown; unknown title; unknown; title; blank; blank page
    blank leaf; not titled; without title; title not available; no title given; no title recorded; not available
    not known; none; null; nil; nan; na; n a; n d; nd; tbc; tbd; tba; unnamed; unidentified; undefined; test; void; no name
    not specified; not provided; not applicable; empty; verso blank; recto blank; blank verso; blank recto
    ohne titel; o t; ohne bezeichnung; titel unbekannt; unbekannt; unbekannter titel; kein titel; unbetitelt; leer
    leere seite; ohne titelangabe; titel nicht bekannt; nicht bekannt; keine angabe; k a; vakat
    sans titre; titre inconnu; inconnu; sans nom; page blanche; titre non renseigne; non renseigne; non titre; s t; vierge
    senza titolo; titolo sconosciuto; sconosciuto; ignoto; titolo non disponibile; pagina bianca; bianca; non titolato
    sin titulo; titulo desconocido; desconocido; sin nombre; pagina en blanco; en blanco; titulo no disponible
    sem titulo; desconhecido; titulo desconhecido; em branco; sense titol; desconegut; fara titlu
    zonder titel; titel onbekend; onbekend; geen titel; naamloos; blanco; utan titel; okand titel; uden titel; ukendt titel
    uten tittel; ukjent; ukjent tittel; nimeton; nimetu; bez tytułu; bez tytulu; nieznany; tytuł nieznany; bez nazvu; bez nazwy
    bez naslova; brez naslova; neznan naslov; neznano; cim nelkul; isimsiz; adsız; без названия; без назви; неизвестно
    без наслова; χωρίς τίτλο; ατιτλο; 無題; 无题; 무제
    """.replace("\n", ";").split(";")
)
_FOLDED = frozenset(
    " ".join("".join(c for c in unicodedata.normalize("NFKD", p.casefold()) if not unicodedata.combining(c)).split())
    for p in _PLACEHOLDERS
) - {""}
_SIDES = re.compile(r"[.:;/|]|\b(?:recto|verso)\b")
"""What joins the titles of two sides of a sheet: "Untitled. Verso: [blank]"."""
_WORDS = re.compile(r"\w+")


def titles_by_language(titles: Iterable[Literal]) -> dict[str, list[str]]:
    """Return the real titles grouped by BCP 47 tag ("und": none stated), placeholders left out, order kept."""
    grouped: dict[str, list[str]] = {}
    for language, text in titles:
        if not is_placeholder(text):
            grouped.setdefault(language, []).append(text)
    return grouped


def main_title(titles: dict[str, list[str]], language: str | None) -> str | None:
    """Return the first title in the record's language, else in English, else in any; None where there is none."""
    chosen = choose_language(titles, language)
    return titles[chosen][0] if chosen is not None else None


@lru_cache(maxsize=16_384)
def is_placeholder(title: str) -> bool:
    """Say whether ``title`` only says that there is no title: "[title not known]", "Ohne Titel", "?", "---", "[blank]".

    "Untitled (Blue)" and "Blank Signature" are titles; "Untitled No. 3" is one too, since it tells objects apart.
    """
    folded = "".join(c for c in unicodedata.normalize("NFKD", title.casefold()) if not unicodedata.combining(c))
    return _is_empty(folded) or all(_is_empty(part) for part in _SIDES.split(folded))


def _is_empty(part: str) -> bool:
    words = " ".join(_WORDS.findall(part.replace("_", " ")))
    return not words or words in _FOLDED
