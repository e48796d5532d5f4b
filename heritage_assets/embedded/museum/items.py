"""A record as an item of Europeana's Search API (``profile=rich``), with the dirt that real metadata carries."""

from __future__ import annotations

import html
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
    return _soil(built, record, titles, language)


def _soil(built: dict[str, Any], record: ProviderRecord, titles: dict[str, list[str]], language: str) -> dict[str, Any]:
    fault, title = record.metadata_fault, titles[language][0]
    description = built["dcDescription"][0]
    if fault == "html_and_entities":
        return _retitled(
            built,
            language,
            f"<b>{html.escape(title)}</b>&nbsp;",
            f"<p>{html.escape(html.escape(description))}</p><br/>",
        )
    if fault == "mojibake":
        return _retitled(built, language, _garbled(title), _garbled(description))
    if fault == "control_characters":
        return _retitled(
            built, language, title.replace(" ", "\u200b \x07", 1) + "\x0b", description.replace(". ", ".\x00 \x1f", 1)
        )
    if fault == "placeholder_title":
        names = PLACEHOLDERS[language]
        return _retitled(built, language, names[record.thing.seed % len(names)], description)
    if fault == "plain_strings":
        flat = {
            "title": title,
            "dcCreator": record.thing.maker,
            "dcDescription": description,
            "dataProvider": record.provider.name,
        }
        single = {
            key: built[key][0]
            for key in ("rights", "country", "edmIsShownBy", "edmIsShownAt", "language")
            if key in built
        }
        kept = {
            key: value
            for key, value in built.items()
            if key not in ("dcTitleLangAware", "dcDescriptionLangAware", "dcCreatorLangAware")
        }
        return kept | flat | single
    if fault == "untyped_lists":
        return {
            key: value
            for key, value in built.items()
            if key not in ("dcTitleLangAware", "dcDescriptionLangAware", "dcCreatorLangAware")
        }
    if fault == "string_language_map":
        return built | {
            "dcTitleLangAware": {code: values[0] for code, values in titles.items()},
            "dcDescriptionLangAware": {language: description},
        }
    if fault == "missing_guid":
        return {key: value for key, value in built.items() if key not in ("id", "guid")}
    return built


def _garbled(text: str) -> str:
    """Return UTF-8 read as Windows-1252, as careless exports do; text without accents gets a dash that shows it."""
    text = text if not text.isascii() else f"{text} – “{text.split()[0]}”"
    return text.encode("utf-8").decode("cp1252", errors="replace").replace("\ufffd", "")


def _retitled(built: dict[str, Any], language: str, title: str, description: str) -> dict[str, Any]:
    return built | {
        "title": [title],
        "dcTitleLangAware": {language: [title]},
        "dcDescription": [description],
        "dcDescriptionLangAware": {language: [description]},
    }
