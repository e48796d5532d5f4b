"""Records of Europeana's Search API (``profile=rich``): field names as the API documents them."""

from __future__ import annotations

from typing import Any

from heritage_assets.curation.cleansing.parsing import RejectionError, keys_of, load_object

_FIELDS: dict[str, tuple[str, ...]] = {
    "guid": ("id",),
    "title": ("dcTitleLangAware", "title"),
    "creator": ("dcCreatorLangAware", "dcCreator"),
    "subject": ("dcSubjectLangAware", "edmConceptPrefLabelLangAware", "edmConceptLabel"),
    "type": ("dcTypeLangAware", "dcType"),
    "description": ("dcDescriptionLangAware", "dcDescription"),
    "language": ("dcLanguage", "dcLanguageLangAware", "language"),
    "provider": ("provider",),
    "data_provider": ("dataProvider",),
    "country": ("country",),
    "rights": ("rights",),
    "date": (
        "year",
        "dctermsCreatedLangAware",
        "dctermsCreated",
        "dcDateLangAware",
        "dcDate",
        "dctermsIssued",
        "edmTimespanLabelLangAware",
        "edmTimespanLabel",
    ),
    "identifiers": ("dcIdentifier", "dcIdentifierLangAware"),
    "edm_type": ("type",),
    "is_shown_by": ("edmIsShownBy",),
    "is_shown_at": ("edmIsShownAt",),
    "previews": ("edmObject", "edmPreview"),
    "iiif_service": ("svcsHasService",),
}
"""Ours to theirs, in order of preference. The plain fields repeat the language-aware ones without saying the language."""

_FIRST_ONLY = frozenset({"title", "creator", "type", "description", "language"})
"""Fields of which the first filled form is used alone: the others repeat it."""


def parse(raw: str) -> dict[str, Any]:
    """Return the fields of one item of a search response.

    Raises :class:`RejectionError`: ``malformed_json``, ``not_a_record``, ``too_large``.
    """
    item = load_object(raw)
    if not any(key in item for keys in _FIELDS.values() for key in keys):
        raise RejectionError("not_a_record", f"no field of a Europeana item among the keys: {keys_of(item)}")
    fields = {
        ours: _first(item, theirs) if ours in _FIRST_ONLY else _all(item, theirs) for ours, theirs in _FIELDS.items()
    }
    if not fields["creator"] or _only_uris(fields["creator"]):
        fields["creator"] = _all(item, ("edmAgentLabelLangAware", "edmAgentLabel"))
    return fields


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key)), None)


def _all(item: dict[str, Any], keys: tuple[str, ...]) -> list[Any]:
    return [item[key] for key in keys if item.get(key)]


def _only_uris(value: Any) -> bool:
    from heritage_assets.curation.cleansing.values import literals

    return not literals(value, 200)
