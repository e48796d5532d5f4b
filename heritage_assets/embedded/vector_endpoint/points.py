"""Points between JSON and the engine: vectors, payload selectors, records and scored points."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.errors import format_error, unsupported, wrong_input
from heritage_assets.embedded.vector_endpoint.filters import point_id

Dims = Mapping[str, int]
"""Length of each named vector of a collection; the unnamed vector has the name ``""``."""


def check_vector(values: Any, name: str, dims: Dims) -> list[float]:
    """Check one dense vector before it reaches the engine, which would log a bad one and apply half of its batch."""
    if name not in dims:
        raise wrong_input(f"Not existing vector name error: {name}")
    if not isinstance(values, list):
        raise unsupported("a vector that is not a list of numbers (sparse, multi-vector or inference)")
    if len(values) != dims[name]:
        raise wrong_input(f"Vector dimension error: expected dim: {dims[name]}, got {len(values)}")
    try:
        if math.isfinite(sum(values)):
            return values
    except (TypeError, OverflowError):
        pass  # told below, as for any other value that is no finite number
    raise format_error(f"vector {name!r} must hold finite numbers only")


def check_vectors(body: Any, dims: Dims) -> Any:
    """Check a point's vectors: a list for the unnamed vector, or a mapping of names."""
    if isinstance(body, dict):
        return {name: check_vector(values, name, dims) for name, values in body.items() if values is not None}
    return check_vector(body, "", dims)


def build_points(body: dict[str, Any], dims: Dims) -> list[edge.Point]:
    """Build the points of an upsert, from its list form or its batch form (columns)."""
    rows = _batch_rows(body["batch"]) if "batch" in body else _list_rows(body.get("points"))
    return [
        edge.Point(point_id(ident), check_vectors(vector, dims), _payload(payload)) for ident, vector, payload in rows
    ]


def _list_rows(points: Any) -> Iterator[tuple[Any, Any, Any]]:
    if not isinstance(points, list):
        raise format_error("expected points (a list) or batch")
    for point in points:
        if not isinstance(point, dict) or "id" not in point or "vector" not in point:
            raise format_error("a point needs id and vector")
        yield point["id"], point["vector"], point.get("payload")


def _batch_rows(batch: Any) -> Iterator[tuple[Any, Any, Any]]:
    if not isinstance(batch, dict) or not isinstance(batch.get("ids"), list) or batch.get("vectors") is None:
        raise format_error("a batch needs ids and vectors")
    ids, vectors, payloads = batch["ids"], batch["vectors"], batch.get("payloads")
    columns = list(vectors.values()) if isinstance(vectors, dict) else [vectors]
    if any(not isinstance(column, list) or len(column) != len(ids) for column in columns):
        raise wrong_input("Batch has different numbers of ids and vectors")
    if payloads is None:
        payloads = [None] * len(ids)
    elif len(payloads) != len(ids):
        raise wrong_input("Batch has different numbers of ids and payloads")
    if not isinstance(vectors, dict):
        yield from zip(ids, vectors, payloads, strict=True)
        return
    names = list(vectors)
    for row, ident in enumerate(ids):
        yield ident, {name: column[row] for name, column in zip(names, columns, strict=True)}, payloads[row]


def build_point_vectors(body: dict[str, Any], dims: Dims) -> list[edge.PointVectors]:
    """Build the points of a vector update."""
    rows = list(_list_rows(body.get("points")))
    return [edge.PointVectors(point_id(ident), check_vectors(vector, dims)) for ident, vector, _ in rows]


def _payload(body: Any) -> dict[str, Any] | None:
    if body is None or isinstance(body, dict):
        return body
    raise format_error("a payload is an object")


def payload_selector(body: Any, *, default: bool) -> Any:
    """Build what ``with_payload`` asks for: a flag, a list of fields, or include/exclude."""
    if body is None:
        return default
    if isinstance(body, bool | list):
        return body
    if isinstance(body, dict) and len(body) == 1:
        ((kind, fields),) = body.items()
        if kind == "include":
            return edge.PayloadSelector.Include(fields)
        if kind == "exclude":
            return edge.PayloadSelector.Exclude(fields)
    raise format_error("with_payload takes a flag, a list of fields, include or exclude")


def vector_selector(body: Any, dims: Dims) -> bool | list[str]:
    """Build what ``with_vector`` asks for: a flag, or vector names."""
    if body is None:
        return False
    if isinstance(body, str):
        body = [body]
    if isinstance(body, bool):
        return body
    if not isinstance(body, list):
        raise format_error("with_vector takes a flag or vector names")
    for name in body:
        if not isinstance(name, str) or name not in dims:
            raise wrong_input(f"Not existing vector name error: {name}")
    return list(body)


def render_vectors(vectors: Any) -> Any:
    """Make vectors ready for JSON: float32 arrays print in half the characters of the same numbers as doubles."""
    if isinstance(vectors, dict):
        return {name: np.asarray(values, np.float32) for name, values in vectors.items()}
    return None if vectors is None else np.asarray(vectors, np.float32)


def render_record(record: Any) -> dict[str, Any]:
    """Make one retrieved or scrolled point ready for JSON."""
    rendered = {"id": record.id, "payload": record.payload}
    if record.vector is not None:
        rendered["vector"] = render_vectors(record.vector)
    if record.order_value is not None:
        rendered["order_value"] = record.order_value
    return rendered


def render_scored(point: Any) -> dict[str, Any]:
    """Make one found point ready for JSON."""
    return {**render_record(point), "version": point.version, "score": point.score}
