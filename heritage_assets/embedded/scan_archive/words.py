"""Words of the papers: names, places, titles and running text in three languages, drawn at random, always grammatical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_THEMES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "Harbour Works": ("quays", "cranes", "ferries", "barges", "pilots", "warehouses", "breakwaters", "customs officers"),
        "Elementary Schools": ("teachers", "pupils", "classrooms", "inspectors", "readers", "school gardens", "evening classes"),
        "Light Railways": ("engines", "carriages", "signals", "stations", "sleepers", "drivers", "timetables", "bridges"),
        "Public Gardens": ("gardeners", "avenues", "glasshouses", "fountains", "seedlings", "visitors", "rose beds"),
        "Town Waterworks": ("reservoirs", "pumps", "engineers", "filters", "pipes", "springs", "water towers", "meters"),
    },
    "de": {
        "Feuerwehren": ("Spritzen", "Leitern", "Kameraden", "Wachen", "Brunnen", "Signale", "Hauptleute", "Schläuche"),
        "Gartenbauvereine": ("Gärtner", "Obstbäume", "Beete", "Ausstellungen", "Mitglieder", "Rosen", "Preisrichter"),
        "Volksbüchereien": ("Bücher", "Leser", "Kataloge", "Lesesäle", "Zeitschriften", "Bibliothekare", "Spenden"),
    },
    "fr": {
        "musées communaux": ("tableaux", "gravures", "visiteurs", "conservateurs", "salles", "vitrines", "catalogues"),
        "chemins de fer": ("gares", "locomotives", "voyageurs", "ponts", "horaires", "mécaniciens", "wagons"),
        "sociétés de musique": ("concerts", "trompettes", "partitions", "musiciens", "répétitions", "chanteurs", "médailles"),
    },
}  # fmt: skip
_GRAMMAR: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "verb": ("serve", "replace", "await", "support", "surround", "require", "follow", "supply", "delay", "outnumber"),
        "where": (
            "near the old market", "in the northern district", "since the flood", "with great care", "at small expense",
            "according to the council", "before the first frost", "as in former years", "without any complaint",
        ),
        "adjective": ("new", "older", "finest", "remaining", "municipal", "northern", "first", "wooden", "well-kept"),
    },
    "de": {
        "verb": ("brauchen", "ersetzen", "erwarten", "umgeben", "begleiten", "versorgen", "übertreffen", "fördern"),
        "where": (
            "am alten Markt", "seit dem Hochwasser", "mit großer Sorgfalt", "nach dem Beschluss des Rates",
            "im nördlichen Bezirk", "wie in früheren Jahren", "ohne jede Klage", "vor dem ersten Frost",
        ),
        "adjective": ("neuen", "älteren", "schönsten", "übrigen", "städtischen", "nördlichen", "ersten"),
    },
    "fr": {
        "verb": ("attendent", "remplacent", "entourent", "accompagnent", "demandent", "suivent", "dépassent"),
        "where": (
            "près du vieux marché", "depuis la crue", "avec grand soin", "selon le conseil", "dans le quartier nord",
            "comme les autres années", "sans aucune plainte", "avant les premières gelées",
        ),
        "adjective": ("nouveaux", "autres", "derniers", "grands", "anciens", "nombreux"),
    },
}  # fmt: skip
_SENTENCES: dict[str, tuple[str, ...]] = {
    "en": (
        "The {a} {n} {v} the {m} {w}.",
        "In {y} the {n} {v} the {a} {m}.",
        "The {n} {v} the {m} {w}, and {k} remain.",
    ),
    "de": ("Die {a} {n} {v} die {m} {w}.", "Die {n} {v} die {a} {m} {w}.", "Im Jahr {y} {v} die {n} die {m} {w}."),
    "fr": ("Les {n} {v} les {a} {m} {w}.", "En {y} les {n} {v} les {m}.", "Les {a} {n} {v} les {m} {w}."),
}
_TITLES: dict[str, dict[str, str]] = {
    "en": {
        "report": "Report on the {t} of {p}", "flyer": "{t} of {p}", "leaflet": "A Guide to the {t} of {p}",
        "ledger": "Accounts of the {t}", "minutes": "Minutes of the Committee on {t}", "letter": "{t} of {p}",
    },
    "de": {
        "report": "Bericht über die {t} von {p}", "flyer": "{t} von {p}", "leaflet": "Führer durch die {t} von {p}",
        "ledger": "Rechnungen der {t}", "minutes": "Sitzung des Ausschusses der {t}", "letter": "{t} von {p}",
    },
    "fr": {
        "report": "Rapport sur les {t} de {p}", "flyer": "Les {t} de {p}", "leaflet": "Guide des {t} de {p}",
        "ledger": "Comptes des {t}", "minutes": "Séance du comité des {t}", "letter": "Les {t} de {p}",
    },
}  # fmt: skip
PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "dear": "Dear Sir,", "yours": "Yours faithfully,", "contents": "Contents", "table": "Table", "plan": "Plan",
        "chapter": "Chapter", "saturday": "Saturday", "free": "Admission free", "item": "Item", "total": "Total",
    },
    "de": {
        "dear": "Sehr geehrter Herr,", "yours": "Hochachtungsvoll", "contents": "Inhalt", "table": "Tabelle",
        "plan": "Plan", "chapter": "Kapitel", "saturday": "Samstag", "free": "Eintritt frei", "item": "Posten",
        "total": "Summe",
    },
    "fr": {
        "dear": "Monsieur,", "yours": "Veuillez agréer nos salutations", "contents": "Sommaire", "table": "Tableau",
        "plan": "Plan", "chapter": "Chapitre", "saturday": "Samedi", "free": "Entrée libre", "item": "Article",
        "total": "Total",
    },
}  # fmt: skip
_PLACES = ("Alderwick", "Brunnhofen", "Castelvieux", "Dunmere", "Ebersfeld", "Fontclair", "Grimsholt", "Hallbruck")
_PEOPLE = ("A. Marchand", "E. Lindqvist", "H. Brenner", "J. Whitlock", "M. Okonjo", "R. Delacroix", "T. Vasari")


@dataclass(frozen=True)
class Subject:
    """What a document is about. ``language``: en, de or fr."""

    language: str
    theme: str
    place: str
    year: int
    person: str

    def title(self, kind: str) -> str:
        """Return the document's title, without its year."""
        return _TITLES[self.language][kind].format(t=self.theme, p=self.place)

    def phrase(self, name: str) -> str:
        """Return a fixed phrase in the document's language."""
        return PHRASES[self.language][name]

    @property
    def nouns(self) -> tuple[str, ...]:
        """The things that it speaks of (plural)."""
        return _THEMES[self.language][self.theme]


def subject(rng: np.random.Generator) -> Subject:
    """Draw a subject."""
    language = str(rng.choice(("en", "en", "de", "fr")))
    return Subject(
        language,
        _pick(rng, tuple(_THEMES[language])),
        _pick(rng, _PLACES),
        int(rng.integers(1896, 1964)),
        _pick(rng, _PEOPLE),
    )


def sentence(about: Subject, rng: np.random.Generator) -> str:
    """Return one sentence."""
    grammar = _GRAMMAR[about.language]
    nouns = about.nouns
    first = int(rng.integers(len(nouns)))
    second = (first + 1 + int(rng.integers(len(nouns) - 1))) % len(nouns)
    return _pick(rng, _SENTENCES[about.language]).format(
        n=nouns[first],
        m=nouns[second],
        v=_pick(rng, grammar["verb"]),
        a=_pick(rng, grammar["adjective"]),
        w=_pick(rng, grammar["where"]),
        y=about.year - int(rng.integers(1, 30)),
        k=int(rng.integers(3, 900)),
    )


def paragraph(about: Subject, rng: np.random.Generator, sentences: int) -> str:
    """Return running text."""
    return " ".join(sentence(about, rng) for _ in range(sentences))


def heading(about: Subject, rng: np.random.Generator) -> str:
    """Return the heading of a chapter."""
    noun = _pick(rng, about.nouns)
    return noun[:1].upper() + noun[1:]


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]
