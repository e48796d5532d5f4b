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


def written_date(year: int, language: str, rng: np.random.Generator) -> str:
    """Return a year as a catalogue writes it: mostly plain, else circa, a century, a split year, a day, a range."""
    chance = float(rng.random())
    century = (year - 1) // 100 + 1
    if chance < 0.62:
        return str(year)
    if chance < 0.72:
        return _CIRCA[language].format(y=year)
    if chance < 0.81:
        return _CENTURY[language].format(n=century, r=_ROMAN[century - 10])
    if chance < 0.86:
        return f"{year}/{(year + 1) % 100:02d}"
    if chance < 0.92:
        return f"{int(rng.integers(1, 28)):02d}.{int(rng.integers(1, 13)):02d}.{year}"
    if chance < 0.96:
        return f"{year}-{year + int(rng.integers(2, 12))}"
    return f"[{year}?]"
