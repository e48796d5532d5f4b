"""How catalogues write a year, and the rights statements they use."""

from __future__ import annotations

import numpy as np

RIGHTS = (
    ("http://creativecommons.org/publicdomain/mark/1.0/", 0.34, "open"),
    ("http://creativecommons.org/publicdomain/zero/1.0/", 0.16, "open"),
    ("http://creativecommons.org/licenses/by/4.0/", 0.1, "open"),
    ("https://creativecommons.org/licenses/by-sa/3.0/de/", 0.08, "open"),
    ("http://creativecommons.org/licenses/by-nc-sa/4.0/", 0.07, "restricted"),
    ("http://creativecommons.org/licenses/by-nc-nd/3.0/", 0.04, "restricted"),
    ("http://rightsstatements.org/vocab/InC/1.0/", 0.07, "permission"),
    ("http://rightsstatements.org/vocab/NoC-NC/1.0/", 0.05, "restricted"),
    ("http://rightsstatements.org/vocab/NoC-OKLR/1.0/", 0.04, "restricted"),
    ("http://rightsstatements.org/vocab/CNE/1.0/", 0.05, "permission"),
)
"""Rights statement, share of the records, reusability as the Search API groups it."""

REUSABILITY = {uri: group for uri, _, group in RIGHTS}

_CENTURY = {
    "en": "{n}th century",
    "de": "{n}. Jahrhundert",
    "fr": "{r}e siècle",
    "it": "sec. {r}",
    "es": "siglo {r}",
}
_CIRCA = {"en": "c. {y}", "de": "um {y}", "fr": "vers {y}", "it": "circa {y}", "es": "hacia {y}"}
_ROMAN = ("X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX")


def _plain(year: int, language: str, rng: np.random.Generator) -> str:
    return str(year)


def _circa(year: int, language: str, rng: np.random.Generator) -> str:
    return _CIRCA[language].format(y=year)


def _century(year: int, language: str, rng: np.random.Generator) -> str:
    century = (year - 1) // 100 + 1
    return _CENTURY[language].format(n=century, r=_ROMAN[century - 10])


def _split(year: int, language: str, rng: np.random.Generator) -> str:
    return f"{year}/{(year + 1) % 100:02d}"


def _day(year: int, language: str, rng: np.random.Generator) -> str:
    return f"{int(rng.integers(1, 28)):02d}.{int(rng.integers(1, 13)):02d}.{year}"


def _range(year: int, language: str, rng: np.random.Generator) -> str:
    return f"{year}-{year + int(rng.integers(2, 12))}"


def _doubted(year: int, language: str, rng: np.random.Generator) -> str:
    return f"[{year}?]"


_FORMS = (
    (0.62, _plain),
    (0.72, _circa),
    (0.81, _century),
    (0.86, _split),
    (0.92, _day),
    (0.96, _range),
    (1.0, _doubted),
)
"""Cumulated shares of the ways to write a date."""


def written_date(year: int, language: str, rng: np.random.Generator) -> str:
    """Return a year as a catalogue writes it: mostly plain, else circa, a century, a split year, a day, a range."""
    chance = float(rng.random())
    form = next(write for share, write in _FORMS if chance < share)
    return form(year, language, rng)
