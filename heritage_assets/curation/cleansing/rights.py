"""Rights statements to a category that people can filter by.

Categories, from free to closed: ``public_domain`` (no known copyright anywhere: Public Domain Mark), ``cc0``, ``cc_by``,
``cc_by_sa``, ``cc_by_nd``, ``cc_by_nc``, ``cc_by_nc_sa``, ``cc_by_nc_nd``; ``no_copyright_other`` (no copyright but contract,
law or a named country restricts: NoC-*, NKC, out of copyright with conditions); ``in_copyright`` (InC and its variants);
``copyright_not_evaluated`` (CNE); ``copyright_undetermined`` (UND); ``orphan_work`` (InC-OW-EU); ``restricted`` (a statement that
restricts use without naming copyright); ``unknown`` (none, or not understood).
Sources: rightsstatements.org 1.0, Creative Commons licences 1.0-4.0 with ports, the older europeana.eu/rights pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

PUBLIC_DOMAIN = "public_domain"
CC0 = "cc0"
NO_COPYRIGHT_OTHER = "no_copyright_other"
IN_COPYRIGHT = "in_copyright"
NOT_EVALUATED = "copyright_not_evaluated"
UNDETERMINED = "copyright_undetermined"
ORPHAN_WORK = "orphan_work"
RESTRICTED = "restricted"
UNKNOWN = "unknown"
CC_LICENCES = ("cc_by", "cc_by_sa", "cc_by_nd", "cc_by_nc", "cc_by_nc_sa", "cc_by_nc_nd")
CATEGORIES = (
    PUBLIC_DOMAIN,
    CC0,
    *CC_LICENCES,
    NO_COPYRIGHT_OTHER,
    IN_COPYRIGHT,
    NOT_EVALUATED,
    UNDETERMINED,
    ORPHAN_WORK,
    RESTRICTED,
    UNKNOWN,
)

_CC_URI = re.compile(r"creativecommons\.org/(licenses|licences|publicdomain)/([a-z+-]+)", re.IGNORECASE)
_RS_URI = re.compile(r"rightsstatements\.org/(?:vocab|page|data)/([A-Za-z-]+)", re.IGNORECASE)
_EUROPEANA_URI = re.compile(r"europeana\.eu/(?:portal/)?(?:\w\w/)?rights/([a-z-]+)", re.IGNORECASE)
_BY_RIGHTS_STATEMENT = {
    "inc": IN_COPYRIGHT,
    "inc-ow-eu": ORPHAN_WORK,
    "inc-edu": IN_COPYRIGHT,
    "inc-nc": IN_COPYRIGHT,
    "inc-ruu": IN_COPYRIGHT,
    "noc-cr": NO_COPYRIGHT_OTHER,
    "noc-nc": NO_COPYRIGHT_OTHER,
    "noc-oklr": NO_COPYRIGHT_OTHER,
    "noc-us": NO_COPYRIGHT_OTHER,
    "nkc": NO_COPYRIGHT_OTHER,
    "cne": NOT_EVALUATED,
    "und": UNDETERMINED,
}
_BY_EUROPEANA_PAGE = {
    "rr-f": IN_COPYRIGHT,
    "rr-p": IN_COPYRIGHT,
    "rr-r": IN_COPYRIGHT,
    "out-of-copyright-non-commercial": NO_COPYRIGHT_OTHER,
    "orphan-work-eu": ORPHAN_WORK,
    "test-orphan-work-test": ORPHAN_WORK,
    "unknown": UNDETERMINED,
}
_CC_TEXT = re.compile(
    r"\b(?:cc|creative\s*commons)[\s:_-]*(?:licen[sc]e\s*)?(by(?:[\s_/-]*(?:nc|nd|sa))*)\b(?!\s*[a-z]{3})",
    re.IGNORECASE,
)
_CC_WORDS = re.compile(
    r"\b(?:creative\s*commons|cc)\b.*\b(?:attribution|namensnennung|attribuzione|atribuci[oó]n)\b", re.I
)
_TEXT_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\bcc[\s-]?0\b|\bcc[\s-]?zero\b|creative commons zero", re.I), CC0),
    (re.compile(r"\borphan(?:ed)? work|verwaiste[sr]? werk|[œo]e?uvre orpheline|obra hu[eé]rfana", re.I), ORPHAN_WORK),
    (re.compile(r"copyright (?:status )?(?:is )?not (?:been )?evaluated|\bcne\b", re.I), NOT_EVALUATED),
    (re.compile(r"copyright (?:status )?(?:is )?(?:undetermined|unknown)", re.I), UNDETERMINED),
    (
        re.compile(r"no known copyright|no copyright|out of copyright|not in copyright|copyright expired", re.I),
        NO_COPYRIGHT_OTHER,
    ),
    (re.compile(r"(?:not|nicht|pas|non)\b.{0,20}\b(?:public domain|gemeinfrei|domaine public)", re.I), RESTRICTED),
    (
        re.compile(
            r"public[\s-]domain|gemeinfrei|domaine public|dominio p[uú]bblico|pubblico dominio|dom[ií]nio p[uú]blico"
            r"|publiek domein"
            r"|domini p[uú]blic|\bpdm\b|domena publiczna|domeną publiczną|javna (?:domena|last)|public domain mark",
            re.I,
        ),
        PUBLIC_DOMAIN,
    ),
    (
        re.compile(
            r"©|\(c\)|copyright|all rights reserved|alle rechte vorbehalten|tous droits r[eé]serv[eé]s|tutti i diritti riservati"
            r"|todos los derechos|todos os direitos|alle rechten voorbehouden|urheberrecht|droits? d.auteur|diritto d.autore"
            r"|derechos? de autor|\bvg bild-kunst\b|\bdacs\b|\badagp\b|\bars, ny\b|wszelkie prawa zastrze[zż]one",
            re.I,
        ),
        IN_COPYRIGHT,
    ),
    (
        re.compile(
            r"restricted|permission|(?:by|on) request|terms (?:of use|and conditions)|nutzungs|non[\s-]commercial",
            re.I,
        ),
        RESTRICTED,
    ),
)
"""Tried in order: the first that matches decides."""


def rights_statement(candidates: Sequence[str]) -> str | None:
    """Return the statement to keep: the first whose category is known, URIs before texts, else the first of any kind."""
    ordered = sorted(candidates, key=lambda text: 0 if text.startswith(("http://", "https://")) else 1)
    known = (text for text in ordered if rights_category(text) != UNKNOWN)
    return next(known, ordered[0] if ordered else None)


@lru_cache(maxsize=4096)
def rights_category(statement: str | None) -> str:
    """Return the category (one of :data:`CATEGORIES`) of a rights URI or of free text in one of the common languages."""
    if not statement:
        return UNKNOWN
    if match := _CC_URI.search(statement):
        return _creative_commons(match[1].lower(), match[2].lower())
    if match := _RS_URI.search(statement):
        return _BY_RIGHTS_STATEMENT.get(match[1].lower(), UNKNOWN)
    if match := _EUROPEANA_URI.search(statement):
        return _BY_EUROPEANA_PAGE.get(match[1].lower(), UNKNOWN)
    return _from_text(statement)


def _creative_commons(kind: str, code: str) -> str:
    if kind == "publicdomain":
        return {"zero": CC0, "mark": PUBLIC_DOMAIN, "certification": PUBLIC_DOMAIN}.get(code, PUBLIC_DOMAIN)
    if code in ("publicdomain", "mark"):
        return PUBLIC_DOMAIN
    if code == "zero":
        return CC0
    return _licence(re.split(r"[-+]", code))


def _licence(elements: Sequence[str]) -> str:
    """Put the elements of a Creative Commons code into one order (old licences say "nd-nc"); SA and ND exclude each other."""
    name = "cc_" + "_".join(part for part in ("by", "nc", "nd", "sa") if part in elements)
    return name if name in CC_LICENCES else UNKNOWN


def _from_text(statement: str) -> str:
    if match := _CC_TEXT.search(statement):
        return _licence(re.findall(r"by|nc|nd|sa", match[1].lower()))
    if _CC_WORDS.search(statement):
        return _licence(_licence_words(statement.lower()))
    return next((category for pattern, category in _TEXT_RULES if pattern.search(statement)), UNKNOWN)


def _licence_words(statement: str) -> list[str]:
    elements = ["by"]
    if re.search(
        r"non[\s-]?commercial|nicht[\s-]?kommerziell|non commerciale|pas d.utilisation commerciale|no ?comercial",
        statement,
    ):
        elements.append("nc")
    if re.search(
        r"no[\s-]?deriv|keine bearbeitung|pas de modification|sin ?(?:obra)?deriv|non opere derivate", statement
    ):
        elements.append("nd")
    if re.search(
        r"share[\s-]?alike|gleichen bedingungen|conditions? identiques?|condividi|compartir ?igual", statement
    ):
        elements.append("sa")
    return elements
