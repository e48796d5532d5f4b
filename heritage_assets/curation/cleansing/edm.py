"""EDM records as RDF/XML, external (ProvidedCHO, Aggregation) and internal (with proxies), as Europeana exchanges them.

Source: Europeana Data Model definition 5.2.8. What is described about the object is gathered from every node that speaks
for it, in this order: the provider's proxies, the ProvidedCHO itself, Europeana's own proxy (enrichments, so last).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lxml import etree

from heritage_assets.curation.cleansing.parsing import RejectionError
from heritage_assets.curation.cleansing.xml import LANG, parse_xml

_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "edm": "http://www.europeana.eu/schemas/edm/",
    "ore": "http://www.openarchives.org/ore/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "svcs": "http://rdfs.org/sioc/services#",
    "foaf": "http://xmlns.com/foaf/0.1/",
}
_MAX_NODES = 20_000
"""Children of rdf:RDF that are read; the richest real records have a few hundred."""

_DESCRIBED: dict[str, tuple[str, ...]] = {
    "title": ("dc:title", "dcterms:alternative"),
    "creator": ("dc:creator",),
    "subject": ("dc:subject",),
    "type": ("dc:type", "edm:hasType"),
    "description": ("dc:description",),
    "language": ("dc:language",),
    "date": ("dcterms:created", "dc:date", "dcterms:issued", "edm:year", "dcterms:temporal"),
    "identifiers": ("dc:identifier",),
    "edm_type": ("edm:type",),
}
"""Ours to properties of the object, in order of preference."""

_OWN_ONLY = frozenset({"dc:identifier"})
"""Properties that Europeana's proxy repeats in a form of its own."""

_ALTERNATIVES = frozenset({"title", "edm_type"})
"""Fields of which the first property that has a value is used alone."""


class _Record(NamedTuple):
    """The nodes of one document."""

    guid: str
    described_by: list[etree._Element]
    enriched_by: list[etree._Element]
    aggregations: list[etree._Element]
    by_about: dict[str, list[etree._Element]]


def parse(raw: str) -> dict[str, Any]:
    """Return the fields of one EDM record.

    References to agents, concepts, places, time spans and organisations of the same document are replaced by their labels. Other
    web addresses are kept (cleansing drops them where people expect text), other references dropped. Of several provided
    objects the first counts.
    Raises :class:`RejectionError`: ``malformed_xml`` (also for a document type declaration: entities are an attack),
    ``not_a_record``, ``no_guid``, and the reasons of landing's markers. No entities, no network;
    libxml2's limits on depth and size hold.
    """
    record = _read(_rdf(raw))
    fields: dict[str, Any] = {"guid": record.guid}
    for ours, properties in _DESCRIBED.items():
        fields[ours] = _described(record, properties, only_first=ours in _ALTERNATIVES)
    fields |= _aggregated(record)
    return fields


def _rdf(raw: str) -> etree._Element:
    root = parse_xml(raw, "RDF/XML")
    rdf = root if root.tag == _name("rdf:RDF") else root.find(f".//{_name('rdf:RDF')}")
    if rdf is None:
        raise RejectionError("not_a_record", f"expected rdf:RDF, found {str(root.tag)[:100]}")
    return rdf


def _read(rdf: etree._Element) -> _Record:
    nodes = [node for _, node in zip(range(_MAX_NODES), rdf, strict=False) if isinstance(node.tag, str)]
    by_type: dict[str, list[etree._Element]] = {}
    by_about: dict[str, list[etree._Element]] = {}
    for node in nodes:
        by_type.setdefault(_type_of(node), []).append(node)
        if about := node.get(_name("rdf:about")):
            by_about.setdefault(about, []).append(node)
    aggregations = by_type.get(_name("ore:Aggregation"), [])
    europeana = by_type.get(_name("edm:EuropeanaAggregation"), [])
    proxies = by_type.get(_name("ore:Proxy"), [])
    objects = by_type.get(_name("edm:ProvidedCHO"), [])
    guid = _guid(objects, aggregations + europeana, proxies)
    if guid is None:
        kinds = ", ".join(sorted({etree.QName(kind).localname for kind in by_type})[:12])
        raise RejectionError(
            "no_guid", f"no edm:ProvidedCHO and no edm:aggregatedCHO names the object; found: {kinds or 'nothing'}"
        )
    about = by_about.get(guid, [])
    own = [proxy for proxy in proxies if _first_text(proxy, "edm:europeanaProxy") != "true"]
    enriched = [proxy for proxy in proxies if _first_text(proxy, "edm:europeanaProxy") == "true"]
    return _Record(guid, [*own, *about], enriched, aggregations + europeana, by_about)


def _guid(
    objects: list[etree._Element], aggregations: list[etree._Element], proxies: list[etree._Element]
) -> str | None:
    """Return the address of the object: of itself, else as its aggregation or proxy names it."""
    found = [node.get(_name("rdf:about")) for node in objects]
    found += [
        child.get(_name("rdf:resource")) for node in aggregations for child in node.findall(_name("edm:aggregatedCHO"))
    ]
    found += [child.get(_name("rdf:resource")) for node in proxies for child in node.findall(_name("ore:proxyFor"))]
    return next((str(value) for value in found if value and value.strip()), None)


def _type_of(node: etree._Element) -> str:
    """Return the class of a node; a typed rdf:Description is what its rdf:type says."""
    if node.tag != _name("rdf:Description"):
        return str(node.tag)
    kind = node.find(_name("rdf:type"))
    resource = (kind.get(_name("rdf:resource")) or "") if kind is not None else ""
    namespace, name = re.match(r"(.*[#/])?([^#/]*)$", resource.strip()[:500]).groups()  # type: ignore[union-attr]
    return f"{{{namespace}}}{name}" if namespace and name else str(node.tag)


def _described(record: _Record, properties: tuple[str, ...], *, only_first: bool) -> Any:
    values: list[Any] = []
    for name in properties:
        for node in (*record.described_by, *(record.enriched_by if name not in _OWN_ONLY else ())):
            values.extend(value for child in node.findall(_name(name)) if (value := _value(child, record.by_about)))
        if values and only_first:
            return values
    return values


def _aggregated(record: _Record) -> dict[str, Any]:
    """Return what the aggregations say. Provider's first: Europeana's aggregation names Europeana as the provider."""
    nodes, labels = record.aggregations, record.by_about
    shown_by = _resources(nodes, "edm:isShownBy")
    previews = [*_resources(nodes, "edm:object"), *_resources(nodes, "edm:hasView"), *_resources(nodes, "edm:preview")]
    return {
        "provider": _first_values(nodes, "edm:provider", labels),
        "data_provider": _first_values(nodes, "edm:dataProvider", labels),
        "country": _first_values(nodes, "edm:country", labels),
        "rights": _rights(record, shown_by),
        "is_shown_by": shown_by,
        "is_shown_at": _resources(nodes, "edm:isShownAt"),
        "previews": previews,
        "iiif_service": _services(record, [*shown_by, *previews]),
    }


def _rights(record: _Record, shown_by: list[str]) -> list[str]:
    """Return rights of the aggregation, then of the image, then as free text: edm:rights is the one that EDM requires."""
    images = [node for address in shown_by for node in record.by_about.get(address, [])]
    everyone = [*record.aggregations, *images, *record.described_by]
    return [
        *_resources(record.aggregations, "edm:rights"),
        *_resources(images, "edm:rights"),
        *_resources(everyone, "dc:rights"),
    ]


def _services(record: _Record, images: list[str]) -> list[str]:
    """Return IIIF image services of the shown images (not of other views: they may be other pages)."""
    nodes = [node for address in images[:2] for node in record.by_about.get(address, [])]
    return _resources(nodes, "svcs:has_service")


def _first_values(nodes: list[etree._Element], name: str, labels: dict[str, list[etree._Element]]) -> list[Any]:
    for node in nodes:
        values = [value for child in node.findall(_name(name)) if (value := _value(child, labels))]
        if values:
            return values
    return []


def _resources(nodes: list[etree._Element], name: str) -> list[str]:
    """Return what a property points to: rdf:resource, the rdf:about of a node inside, or plain text."""
    found: dict[str, None] = {}
    for node in nodes:
        for child in node.findall(_name(name)):
            inner = next((sub.get(_name("rdf:about")) for sub in child if isinstance(sub.tag, str)), None)
            value = child.get(_name("rdf:resource")) or inner or child.text
            if value and value.strip():
                found[value.strip()] = None
    return list(found)


def _value(child: etree._Element, by_about: dict[str, list[etree._Element]]) -> Any:
    """Return a literal as {"@value", "@language"}, labels for a reference that the document resolves, else the URI."""
    resource = child.get(_name("rdf:resource"))
    if resource:
        labels = _labels([node for node in by_about.get(resource, []) if node is not child])
        return labels or (resource if resource.startswith(("http://", "https://")) else None)
    inner = [sub for sub in child if isinstance(sub.tag, str)]
    if inner:
        return _labels(inner) or inner[0].get(_name("rdf:about"))
    text = "".join(child.itertext()).strip()
    return {"@value": text, "@language": child.get(LANG) or ""} if text else None


def _labels(nodes: list[etree._Element]) -> list[Any]:
    """Return begin and end of a time span, or the preferred labels of any other resource."""
    for node in nodes:
        begin, end = _first_text(node, "edm:begin"), _first_text(node, "edm:end")
        if begin or end:
            return [{"begin": begin, "end": end}]
    for name in ("skos:prefLabel", "rdfs:label", "foaf:name"):
        found = [
            {"@value": label.text, "@language": label.get(LANG) or ""}
            for node in nodes
            for label in node.findall(_name(name))
            if label.text and label.text.strip()
        ]
        if found:
            return found
    return []


def _first_text(node: etree._Element, name: str) -> str | None:
    text = node.findtext(_name(name))
    return text.strip() or None if text else None


def _name(qualified: str) -> str:
    prefix, local = qualified.split(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"
