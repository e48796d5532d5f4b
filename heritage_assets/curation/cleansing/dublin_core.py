"""Dublin Core records as OAI-PMH exchanges them (``oai_dc``), and qualified ones (``oai_qdc``, ``dcterms``).

Source: DCMI Metadata Terms. They leave open what an identifier is: image, landing page and shelf mark all come as
``dc:identifier`` (or ``dc:relation``, ``dc:source``), so addresses are told apart by what they look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from heritage_assets.curation.cleansing.parsing import RejectionError
from heritage_assets.curation.cleansing.urls import iiif_service, web_address
from heritage_assets.curation.cleansing.xml import LANG, parse_xml

_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_MAX_ELEMENTS = 5_000
"""Elements of one record that are read; the richest real ones have a few hundred."""

_FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "alternative"),
    "creator": ("creator",),
    "subject": ("subject", "spatial", "coverage"),
    "type": ("type", "medium"),
    "description": ("description", "abstract", "tableOfContents"),
    "language": ("language",),
    "provider": ("provenance",),
    "rights": ("license", "rights", "accessRights"),
    "date": ("created", "date", "issued", "temporal", "coverage"),
    "identifiers": ("identifier",),
}
"""Ours to theirs, in order of preference."""
_FIRST_ONLY = frozenset({"title"})
_LINKS = ("identifier", "relation", "source", "hasFormat", "isFormatOf", "references", "isReferencedBy", "format")
_IMAGE = re.compile(r"\.(?:jpe?g|png|gif|webp|tiff?|jp2|bmp|avif)$", re.IGNORECASE)
_THUMBNAIL = re.compile(r"thumb|preview|vignette|small|/square", re.IGNORECASE)
_DCMI_TYPES = {
    **dict.fromkeys(("image", "stillimage", "still image"), "IMAGE"),
    **dict.fromkeys(("movingimage", "moving image"), "VIDEO"),
    "sound": "SOUND",
    "text": "TEXT",
}
"""DCMI Type Vocabulary, for what the image of a record is."""
_DATED = re.compile(r"\d{3,4}|cent|siè?cle|jahrh|secolo|siglo", re.IGNORECASE)


def parse(raw: str) -> dict[str, Any]:
    """Return the fields of one Dublin Core record, with or without the OAI-PMH record around it.

    Raises :class:`RejectionError`: ``malformed_xml``, ``not_a_record``, and the reasons of landing's markers.
    """
    root = parse_xml(raw, "Dublin Core in XML")
    elements = _elements(root)
    if not elements:
        raise RejectionError("not_a_record", f"no element of Dublin Core in {str(root.tag)[:100]}", _guid(root))
    fields: dict[str, Any] = {"guid": _guid(root) or _first_identifier(elements)}
    for ours, theirs in _FIELDS.items():
        fields[ours] = _values(elements, theirs, only_first=ours in _FIRST_ONLY)
    fields["date"] = [value for value in fields["date"] if _DATED.search(value["@value"])] or _values(
        elements, ("date", "created", "issued"), only_first=False
    )
    fields["edm_type"] = next(
        (found for value in fields["type"] if (found := _DCMI_TYPES.get(value["@value"].casefold()))), None
    )
    return fields | _links(elements)


def _elements(root: etree._Element) -> dict[str, list[etree._Element]]:
    """Group the elements of Dublin Core by their local name; that of a wrapper is none of them."""
    found: dict[str, list[etree._Element]] = {}
    for _, element in zip(range(_MAX_ELEMENTS), root.iter(f"{{{_DC}}}*", f"{{{_DCTERMS}}}*"), strict=False):
        found.setdefault(etree.QName(element).localname, []).append(element)
    found.pop("dc", None)
    return found


def _guid(root: etree._Element) -> str | None:
    text = root.findtext(f"{_OAI}header/{_OAI}identifier")
    return text.strip() or None if text else None


def _first_identifier(elements: dict[str, list[etree._Element]]) -> str | None:
    return next((text for element in elements.get("identifier", ()) if (text := _text(element))), None)


def _values(
    elements: dict[str, list[etree._Element]], names: tuple[str, ...], *, only_first: bool
) -> list[dict[str, str]]:
    values: list[dict[str, str]] = []
    for name in names:
        for element in elements.get(name, ()):
            if text := _text(element):
                values.append({"@value": text, "@language": element.get(LANG) or ""})
        if values and only_first:
            break
    return values


def _text(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()


def _links(elements: dict[str, list[etree._Element]]) -> dict[str, Any]:
    """Tell images, thumbnails, image services and pages apart among the record's addresses."""
    images: list[str] = []
    thumbnails: list[str] = []
    pages: list[str] = []
    for name, address in _addresses(elements):
        path = urlsplit(address).path
        if _IMAGE.search(path) or iiif_service((), address):
            (thumbnails if _THUMBNAIL.search(path) else images).append(address)
        elif name == "identifier":
            pages.append(address)
    return {"is_shown_by": images, "previews": thumbnails, "is_shown_at": pages}


def _addresses(elements: dict[str, list[etree._Element]]) -> Iterator[tuple[str, str]]:
    for name in _LINKS:
        for element in elements.get(name, ()):
            text = _text(element)
            if text[:5].lower().startswith("http") and (address := web_address(text)):
                yield name, address
