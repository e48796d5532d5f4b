"""Writes of the REST API as operations of the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.collection import Collection
from heritage_assets.embedded.vector_endpoint.errors import format_error, unsupported, wrong_input
from heritage_assets.embedded.vector_endpoint.filters import build_filter, point_ids
from heritage_assets.embedded.vector_endpoint.points import build_point_vectors, build_points

_MODES = {
    "upsert": edge.UpdateMode.Upsert,
    "insert_only": edge.UpdateMode.InsertOnly,
    "update_only": edge.UpdateMode.UpdateOnly,
}
_SCHEMAS = {
    "keyword": (edge.PayloadSchemaType.Keyword, edge.KeywordIndexParams),
    "integer": (edge.PayloadSchemaType.Integer, edge.IntegerIndexParams),
    "float": (edge.PayloadSchemaType.Float, edge.FloatIndexParams),
    "bool": (edge.PayloadSchemaType.Bool, edge.BoolIndexParams),
    "datetime": (edge.PayloadSchemaType.Datetime, edge.DatetimeIndexParams),
    "uuid": (edge.PayloadSchemaType.Uuid, edge.UuidIndexParams),
    "text": (edge.PayloadSchemaType.Text, None),
}

Operation = edge.UpdateOperation


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise format_error("expected an object")
    return body


def _selected(body: dict[str, Any], by_ids: Callable[..., Any], by_filter: Callable[..., Any], *arguments: Any) -> Any:
    """Build an operation on the points named by ``points`` or found by ``filter``."""
    if body.get("points") is not None:
        return by_ids(point_ids(body["points"]), *arguments)
    if body.get("filter") is not None:
        return by_filter(build_filter(body["filter"]), *arguments)
    raise format_error("either points or filter must be given")


def upsert(collection: Collection, body: Any) -> Any:
    """``PUT …/points``: insert points, or replace them whole."""
    body = _object(body)
    mode = body.get("update_mode")
    if mode is not None and (not isinstance(mode, str) or mode not in _MODES):
        raise format_error(f"update_mode must be one of {sorted(_MODES)}")
    points = build_points(body, collection.dims)
    return Operation.upsert_points(points, build_filter(body.get("update_filter")), _MODES[mode] if mode else None)


def delete(_: Collection, body: Any) -> Any:
    """``POST …/points/delete``."""
    return _selected(_object(body), Operation.delete_points, Operation.delete_points_by_filter)


def _with_payload(body: Any, by_ids: Callable[..., Any], by_filter: Callable[..., Any]) -> Any:
    body = _object(body)
    if not isinstance(body.get("payload"), dict):
        raise format_error("payload must be an object")
    return _selected(body, by_ids, by_filter, body["payload"], body.get("key"))


def set_payload(_: Collection, body: Any) -> Any:
    """``POST …/points/payload``: set the given fields, keep the others."""
    return _with_payload(body, Operation.set_payload, Operation.set_payload_by_filter)


def overwrite_payload(_: Collection, body: Any) -> Any:
    """``PUT …/points/payload``: replace the payload."""
    return _with_payload(body, Operation.overwrite_payload, Operation.overwrite_payload_by_filter)


def delete_payload(_: Collection, body: Any) -> Any:
    """``POST …/points/payload/delete``."""
    body = _object(body)
    if not isinstance(body.get("keys"), list):
        raise format_error("keys must be a list")
    return _selected(body, Operation.delete_payload, Operation.delete_payload_by_filter, body["keys"])


def clear_payload(_: Collection, body: Any) -> Any:
    """``POST …/points/payload/clear``."""
    return _selected(_object(body), Operation.clear_payload, Operation.clear_payload_by_filter)


def update_vectors(collection: Collection, body: Any) -> Any:
    """``PUT …/points/vectors``: set the given vectors, keep the others."""
    body = _object(body)
    points = build_point_vectors(body, collection.dims)
    return Operation.update_vectors(points, build_filter(body.get("update_filter")))


def delete_vectors(collection: Collection, body: Any) -> Any:
    """``POST …/points/vectors/delete``."""
    body = _object(body)
    names = body.get("vector")
    if not isinstance(names, list):
        raise format_error("vector must be a list of names")
    for name in names:
        if not isinstance(name, str) or name not in collection.dims:
            raise wrong_input(f"Not existing vector name error: {name}")
    return _selected(body, Operation.delete_vectors, Operation.delete_vectors_by_filter, names)


def create_index(_: Collection, body: Any) -> Any:
    """``PUT …/index``: index a payload field."""
    body = _object(body)
    name, schema = body.get("field_name"), body.get("field_schema") or body.get("field_type")
    if not isinstance(name, str) or not name:
        raise format_error("field_name is missing")
    params = dict(schema) if isinstance(schema, dict) else {"type": schema}
    kind = params.pop("type", None)
    if not isinstance(kind, str) or kind not in _SCHEMAS:
        raise unsupported(f"a payload index of type {kind!r}")
    plain, parametrised = _SCHEMAS[kind]
    params = {key: value for key, value in params.items() if value is not None}
    if not params:
        return Operation.create_field_index(name, plain)
    if parametrised is None:
        raise unsupported(f"a payload index of type {kind!r} with parameters")
    try:
        return Operation.create_field_index(name, parametrised(**params))
    except (TypeError, ValueError) as error:
        raise format_error(f"field_schema: {error}") from error


OPERATIONS: dict[str, Callable[[Collection, Any], Any]] = {
    "upsert": upsert,
    "delete": delete,
    "set_payload": set_payload,
    "overwrite_payload": overwrite_payload,
    "delete_payload": delete_payload,
    "clear_payload": clear_payload,
    "update_vectors": update_vectors,
    "delete_vectors": delete_vectors,
}


def apply_batch(collection: Collection, body: Any) -> list[dict[str, Any]]:
    """``POST …/points/batch``: check every operation first, then apply them in order, up to the first that fails."""
    operations = _object(body).get("operations")
    if not isinstance(operations, list):
        raise format_error("operations must be a list")
    built = []
    for operation in operations:
        if not isinstance(operation, dict) or len(operation) != 1 or next(iter(operation)) not in OPERATIONS:
            raise format_error(f"an operation is one of {sorted(OPERATIONS)}")
        ((kind, arguments),) = operation.items()
        built.append(OPERATIONS[kind](collection, arguments))
    return [collection.update(operation) for operation in built]
