"""Invented names of the demo museum: places, makers and museums. None is meant to be real."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = (
    "Valdoro", "Kirchwald", "Montclar", "Aldermoor", "Portosereno", "Sanktalban", "Rocaviva", "Belrive", "Harrowick", "Lindenau",
    "Torrealta", "Castelbruno", "Vieuxpont", "Eschental", "Puertoclaro", "Wintermere", "Fontebianca", "Grandval", "Hohenried",
    "Miravega", "Thornbury", "Acquascura", "Clairmont", "Valleseca",
)  # fmt: skip
"""Places written in pictures (maps, coins, posters) and in titles."""

MAKERS = (
    "Anna van Eschen", "Jakob Lindner", "Élise Marchand", "Pietro Valdesi", "Lucía Montero", "Thomas Harrow", "Margarethe Holl",
    "Antoine Grandval", "Caterina Bruni", "Diego Rocafuerte", "William Thorne", "Friedrich Ahrens", "Jeanne Clairet",
    "Giovanni Serafini", "Inés Valverde", "Edith Wren", "Kaspar Reuter", "Mathieu Belloc", "Lorenzo Fontana", "Teresa Altamira",
    "Henry Alder", "Ursula Brandt", "Camille Verdier", "Bianca Torri", "Ramón Sotomayor", "Grace Winter", "Otto Kirchner",
    "Lucien Pontois", "Marco Acerbi", "Beatriz Lucena",
)  # fmt: skip
"""Painters, printers and photographers; the maker of a thing follows from its style and motif, as in a school."""


@dataclass(frozen=True)
class Provider:
    """One data provider of the demo museum."""

    slug: str
    name: str
    country: str
    language: str
    inventory: str
    """Format of its inventory numbers: ``{year}`` and ``{number}`` are filled in."""


PROVIDERS = (
    Provider("aldermoor", "Aldermoor Museum of Art", "United Kingdom", "en", "AM.{year}.{number}"),
    Provider("harrowick", "Harrowick University Library", "Ireland", "en", "HUL MS/{number}/{year}"),
    Provider("lindenau", "Stadtmuseum Lindenau", "Germany", "de", "SML {year}/{number}"),
    Provider("kirchwald", "Landesbibliothek Kirchwald", "Austria", "de", "LBK-{number}-{year}"),
    Provider("belrive", "Musée des Beaux-Arts de Belrive", "France", "fr", "{year}-{number}-BR"),
    Provider("grandval", "Archives de Grandval", "Belgium", "fr", "AG {number}.{year}"),
    Provider("castelbruno", "Museo Civico di Castelbruno", "Italy", "it", "MCC {number}/{year}"),
    Provider("valdoro", "Galleria Valdoro", "Italy", "it", "GV{year}{number}"),
    Provider("rocaviva", "Museo Provincial de Rocaviva", "Spain", "es", "MPR-{year}-{number}"),
    Provider("miravega", "Biblioteca de Miravega", "Spain", "es", "BM/{number}/{year}"),
)
