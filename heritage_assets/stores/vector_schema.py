"""What a point looks like: its id, its named vectors, its payload fields, and the small language of filters.

Belongs here: names, types and pure translation. Does not belong here: talking to a server (:mod:`.vectors`).
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

ALIAS = "heritage"
"""The alias that always points at the active collection."""
ID_FIELD = "id_object"
"""The payload field that holds the guid."""

FieldType = Literal["keyword", "integer", "bool"]
PAYLOAD_FIELDS: dict[str, FieldType] = {
    ID_FIELD: "keyword",
    "status": "keyword",
    "embedding_status": "keyword",
    "canonical_id": "keyword",
    "batch": "keyword",
    "dataset": "keyword",
    "provider": "keyword",
    "data_provider": "keyword",
    "type": "keyword",
    "language": "keyword",
    "country": "keyword",
    "rights_category": "keyword",
    "year": "integer",
    "creator": "keyword",
    "subject": "keyword",
    "cluster_id": "keyword",
    "is_representative": "bool",
}
"""The indexed payload fields: those that can be filtered by and counted. Points may carry others besides."""

Filters = Mapping[str, Any]
"""Conditions that must all hold, by payload field:

- ``{"provider": "X"}``: the field has (or, for a list, contains) the value;
- ``{"language": ["de", "fr"]}``: one of the values (an empty list matches nothing);
- ``{"year": {"gte": 1800, "lte": 1900}}``: a range over an integer field (``gt``, ``gte``, ``lt``, ``lte``);
- ``{"status": {"not": "pending"}}``: none of the values (points without the field match);
- ``{"canonical_id": None}``: the field is missing, null or empty.
"""

_NAMESPACE = uuid.UUID("8a2d7c1e-5f0b-5d3a-9c64-0e1b7f6a4d92")
_BOUNDS = frozenset(("gt", "gte", "lt", "lte"))
_SLUG_MAX = 60
_PYTHON_TYPES: dict[FieldType, type] = {"keyword": str, "integer": int, "bool": bool}


class FilterError(ValueError):
    """A filter names an unknown field, or asks of a field what its type can't answer."""


def point_id(guid: str) -> str:
    """Return the point id of a record: the UUIDv5 of its guid in a namespace that never changes."""
    return str(uuid.uuid5(_NAMESPACE, guid))


def collection_for(encoder_id: str, family: str = ALIAS) -> str:
    """Return the collection of an encoder: ``heritage__<slug>-<8 hex digits of the whole id>``.

    ``family``: what its name begins with; the platform's own are called as its alias.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", encoder_id.lower()).strip("-")[:_SLUG_MAX].rstrip("-")
    digest = hashlib.sha256(encoder_id.encode()).hexdigest()[:8]
    return f"{family}__{slug}-{digest}" if slug else f"{family}__{digest}"


def build_filter(filters: Filters | None) -> dict[str, Any] | None:
    """Translate friendly conditions into a filter of Qdrant's REST API (also the fields of ``models.Filter``).

    Raises:
        FilterError: unknown field, a value of the wrong type, or a range over a field that is not a number.
    """
    if not filters:
        return None
    must: list[dict[str, Any]] = []
    must_not: list[dict[str, Any]] = []
    for field, wanted in filters.items():
        kind = _field_type(field)
        if isinstance(wanted, Mapping) and wanted.keys() == {"not"}:
            excluded = wanted["not"]
            must_not.append(_empty(field) if excluded is None else _one_of(field, kind, excluded))
        elif isinstance(wanted, Mapping):
            must.append(_range(field, kind, wanted))
        else:
            must.append(_empty(field) if wanted is None else _one_of(field, kind, wanted))
    return {name: conditions for name, conditions in (("must", must), ("must_not", must_not)) if conditions}


def check_field(field: str) -> str:
    """Return the name of a field that can be filtered by and counted.

    Raises:
        FilterError: there is no such field.
    """
    _field_type(field)
    return field


def _field_type(field: str) -> FieldType:
    if field not in PAYLOAD_FIELDS:
        raise FilterError(f"unknown field {field!r}: filter by one of {', '.join(PAYLOAD_FIELDS)}")
    return PAYLOAD_FIELDS[field]


def _empty(field: str) -> dict[str, Any]:
    return {"is_empty": {"key": field}}


def _one_of(field: str, kind: FieldType, wanted: Any) -> dict[str, Any]:
    several = isinstance(wanted, Sequence | set | frozenset) and not isinstance(wanted, str | bytes)
    values = list(wanted) if several else [wanted]
    for value in values:
        if not isinstance(value, _PYTHON_TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
            raise FilterError(f"field {field!r} holds {kind} values, got {value!r}")
    if not several:
        return {"key": field, "match": {"value": wanted}}
    if kind == "bool":  # Qdrant's "any" takes strings and integers only
        return (
            {"should": [{"key": field, "match": {"value": value}} for value in values]} if values else _nothing(field)
        )
    return {"key": field, "match": {"any": values}} if values else _nothing(field)


def _nothing(field: str) -> dict[str, Any]:
    """A condition that no point meets (an empty "any" means different things to different servers)."""
    return {"must": [_empty(field)], "must_not": [_empty(field)]}


def _range(field: str, kind: FieldType, bounds: Mapping[str, Any]) -> dict[str, Any]:
    if kind != "integer":
        raise FilterError(f"field {field!r} holds {kind} values: a range needs a number, such as year")
    numbers = {name: value for name, value in bounds.items() if value is not None}
    if not numbers or not numbers.keys() <= _BOUNDS:
        raise FilterError(f"range over {field!r} takes {', '.join(sorted(_BOUNDS))}, got {sorted(map(str, bounds))}")
    if {"gt", "gte"} <= numbers.keys() or {"lt", "lte"} <= numbers.keys():
        raise FilterError(f"range over {field!r} takes one lower and one upper bound, got {sorted(numbers)}")
    for value in numbers.values():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FilterError(f"range over {field!r} takes numbers, got {value!r}")
    return {"key": field, "range": numbers}
