"""A record as an item of Europeana's Search API (``profile=rich``), with the dirt that real metadata carries."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heritage_assets.embedded.museum.kinds import KINDS
from heritage_assets.embedded.museum.objects import caption
from heritage_assets.embedded.museum.records import ProviderRecord
from heritage_assets.embedded.museum.vocabulary import word

PLACEHOLDERS = {
    "en": ("Untitled", "[no title]", "[title not known]"),
    "de": ("Ohne Titel", "[ohne Titel]"),
    "fr": ("Sans titre", "[sans titre]"),
    "it": ("Senza titolo", "[senza titolo]"),
    "es": ("Sin título", "[sin título]"),
}
_REVISED = {
    "en": "Description revised after conservation.",
    "de": "Beschreibung nach der Restaurierung überarbeitet.",
    "fr": "Notice révisée après restauration.",
    "it": "Scheda rivista dopo il restauro.",
    "es": "Descripción revisada tras la restauración.",
}
_EPOCH = 1_600_000_000_000


def item(record: ProviderRecord, number: int, image: str, preview: str, page: str) -> dict[str, Any]:
    """Return the item of a record in a harvest round.

    Args:
        number: 1 or 2.
        image, preview, page: addresses of the image file, its thumbnail and the provider's web page.
    """
    words = caption(record.thing, record.language)
    language = record.language
    title, description = str(words["title"]), str(words["description"])
    if record.suffix:
        title = f"{title}, {record.suffix}"
    description = (
        f"{description} {word('inventory', language)[:1].upper()}{word('inventory', language)[1:]} {record.inventory}."
    )
    if record.revised == "metadata" and number >= 2:
        description = f"{description} {_REVISED[language]}"
    titles = {language: [title]}
    if record.second_language:
        other = str(caption(record.thing, record.second_language)["title"])
        titles[record.second_language] = [f"{other}, {record.suffix}" if record.suffix else other]
    subjects = words["subject"]
    updated = _EPOCH + (86_400_000 * 400 if record.revised and number >= 2 else 0)
    built: dict[str, Any] = {
        "id": record.guid,
        "guid": f"https://www.europeana.eu/item{record.guid}",
        "type": "IMAGE" if record.thing.klass != "manuscript" else "TEXT",
        "title": [title],
        "dcTitleLangAware": titles,
        "dcCreator": [record.thing.maker],
        "dcCreatorLangAware": {"def": [record.thing.maker]},
        "dcDescription": [description],
        "dcDescriptionLangAware": {language: [description]},
        "dcSubjectLangAware": {language: subjects},
        "edmConceptPrefLabelLangAware": {
            language: [words["type"]],
            "en": [word(KINDS[record.thing.klass].type_word or record.thing.klass, "en")],
        },
        "dcTypeLangAware": {language: [words["type"]]},
        "dcLanguage": [language],
        "language": [language],
        "dcIdentifier": [record.inventory],
        "dataProvider": [record.provider.name],
        "provider": ["Demo Museum Aggregator"],
        "country": [record.provider.country],
        "rights": [record.rights],
        "edmDatasetName": [f"{record.collection}_Demo_Museum"],
        "europeanaCollectionName": [f"{record.collection}_Demo_Museum"],
        "dcDate": [record.date],
        "edmIsShownAt": [page],
        "timestamp_created_epoch": _EPOCH,
        "timestamp_update_epoch": updated,
        "timestamp": updated,
        "completeness": 10,
        "index": 0,
        "score": 1.0,
        "ugc": [False],
    }
    if record.date.isdigit():
        built["year"] = [record.date]
    if image:
        built |= {"edmIsShownBy": [image], "edmPreview": [preview]}
    dirt = _DIRT.get(record.metadata_fault)
    return dirt(_Clean(built, language, titles, description, record.thing.seed)) if dirt else built


@dataclass(frozen=True)
class _Clean:
    """An item before it is soiled, with the words that dirt goes into."""

    item: Mapping[str, Any]
    language: str
    titles: Mapping[str, list[str]]
    description: str
    variety: int
    """Chooses among several forms of the same dirt."""

    @property
    def title(self) -> str:
        return self.titles[self.language][0]

    def without(self, *keys: str) -> dict[str, Any]:
        return {key: value for key, value in self.item.items() if key not in keys}

    def retitled(self, title: str, description: str) -> dict[str, Any]:
        return {
            **self.item,
            "title": [title],
            "dcTitleLangAware": {self.language: [title]},
            "dcDescription": [description],
            "dcDescriptionLangAware": {self.language: [description]},
        }


_LANGUAGE_MAPS = ("dcTitleLangAware", "dcDescriptionLangAware", "dcCreatorLangAware")


def _html_and_entities(clean: _Clean) -> dict[str, Any]:
    twice = html.escape(html.escape(clean.description))
    return clean.retitled(f"<b>{html.escape(clean.title)}</b>&nbsp;", f"<p>{twice}</p><br/>")


def _mojibake(clean: _Clean) -> dict[str, Any]:
    return clean.retitled(_garbled(clean.title), _garbled(clean.description))


def _control_characters(clean: _Clean) -> dict[str, Any]:
    title = clean.title.replace(" ", "\u200b \x07", 1) + "\x0b"
    return clean.retitled(title, clean.description.replace(". ", ".\x00 \x1f", 1))


def _placeholder_title(clean: _Clean) -> dict[str, Any]:
    names = PLACEHOLDERS[clean.language]
    return clean.retitled(names[clean.variety % len(names)], clean.description)


def _plain_strings(clean: _Clean) -> dict[str, Any]:
    single = (
        "title",
        "dcCreator",
        "dcDescription",
        "dataProvider",
        "rights",
        "country",
        "edmIsShownBy",
        "edmIsShownAt",
        "language",
    )
    kept = clean.without(*_LANGUAGE_MAPS)
    return kept | {key: kept[key][0] for key in single if key in kept}


def _untyped_lists(clean: _Clean) -> dict[str, Any]:
    return clean.without(*_LANGUAGE_MAPS)


def _string_language_map(clean: _Clean) -> dict[str, Any]:
    titles = {code: values[0] for code, values in clean.titles.items()}
    return {**clean.item, "dcTitleLangAware": titles, "dcDescriptionLangAware": {clean.language: clean.description}}


def _missing_guid(clean: _Clean) -> dict[str, Any]:
    return clean.without("id", "guid")


_DIRT: dict[str, Callable[[_Clean], dict[str, Any]]] = {
    "html_and_entities": _html_and_entities,
    "mojibake": _mojibake,
    "control_characters": _control_characters,
    "placeholder_title": _placeholder_title,
    "plain_strings": _plain_strings,
    "untyped_lists": _untyped_lists,
    "string_language_map": _string_language_map,
    "missing_guid": _missing_guid,
}
"""Metadata fault -> what it does to an item; a repeated record is listed twice and stays clean."""


def _garbled(text: str) -> str:
    """Return UTF-8 read as Windows-1252, as careless exports do; text without accents gets a dash that shows it."""
    text = text if not text.isascii() else f"{text} – “{text.split(maxsplit=1)[0]}”"
    return text.encode("utf-8").decode("cp1252", errors="replace").replace("\ufffd", "")
