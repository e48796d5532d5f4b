"""Filters of the REST API as filters of the engine.

A condition of unknown shape is refused: reading it as "no condition" would delete or show too much.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.errors import format_error, wrong_input

_FIELD_KEYS = frozenset(("key", "match", "range", "values_count", "is_empty", "is_null"))
_FILTER_KEYS = frozenset(("must", "should", "must_not", "min_should"))
_BOUNDS = frozenset(("gt", "gte", "lt", "lte"))


def _match_value(value: Any) -> Any:
    """The binding tries "integer" before "bool", and a plain bool is an integer; numpy's is not."""
    exact: Any = np.bool_(value) if isinstance(value, bool) else value
    return edge.MatchValue(exact)


_MATCHES: dict[str, Callable[[Any], Any]] = {
    "value": _match_value,
    "any": edge.MatchAny,
    "except": edge.MatchExcept,
    "text": edge.MatchText,
    "text_any": edge.MatchTextAny,
    "phrase": edge.MatchPhrase,
}


def point_id(value: Any) -> int | str:
    """Check a point id: an unsigned integer or a UUID (any of its spellings), returned in the engine's spelling."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64:
        return value
    if isinstance(value, str):
        try:
            return str(uuid.UUID(value))
        except ValueError:
            pass  # told below, together with the other wrong types
    raise format_error(
        f"value {value!r} is not a valid point ID, valid values are either an unsigned integer or a UUID"
    )


def point_ids(values: Any) -> list[int | str]:
    """Check a list of point ids."""
    if not isinstance(values, list):
        raise format_error("expected a list of point IDs")
    return [point_id(value) for value in values]


def build_filter(body: Any) -> edge.Filter | None:
    """Build the engine's filter; None or an empty one means every point."""
    if body is None:
        return None
    if not isinstance(body, dict) or not body.keys() <= _FILTER_KEYS:
        raise format_error(f"a filter has the keys {sorted(_FILTER_KEYS)}, got {_shape(body)}")
    parts: dict[str, Any] = {name: _conditions(body.get(name)) for name in ("must", "should", "must_not")}
    at_least = body.get("min_should")
    if at_least is not None:
        if not isinstance(at_least, dict) or at_least.keys() != {"conditions", "min_count"}:
            raise format_error("min_should needs conditions and min_count")
        parts["min_should"] = edge.MinShould(_conditions(at_least["conditions"]) or [], at_least["min_count"])
    return edge.Filter(**parts)


def excluding(base: edge.Filter | None, ids: list[int | str]) -> edge.Filter | None:
    """Narrow ``base`` to points other than ``ids``."""
    if not ids:
        return base
    return edge.Filter(must=[base] if base is not None else None, must_not=[edge.HasIdCondition(set(ids))])


def _conditions(body: Any) -> list[Any] | None:
    if body is None:
        return None
    return [_condition(one) for one in (body if isinstance(body, list) else [body])]


def _condition(body: Any) -> Any:
    if not isinstance(body, dict):
        raise format_error(f"expected a filter condition, got {_shape(body)}")
    if body.keys() <= _FILTER_KEYS:
        return build_filter(body)
    if "key" in body:
        return _field(body)
    if len(body) == 1:
        ((kind, value),) = body.items()
        if kind == "has_id":
            return edge.HasIdCondition(set(point_ids(value)))
        if kind == "has_vector" and isinstance(value, str):
            return edge.HasVectorCondition(value)
        if kind in ("is_empty", "is_null") and isinstance(value, dict) and isinstance(value.get("key"), str):
            return (edge.IsEmptyCondition if kind == "is_empty" else edge.IsNullCondition)(value["key"])
        if kind == "nested" and isinstance(value, dict) and value.keys() == {"key", "filter"}:
            return edge.NestedCondition(value["key"], build_filter(value["filter"]) or edge.Filter())
    raise format_error(f"unknown filter condition {_shape(body)}")


def _field(body: dict[str, Any]) -> Any:
    given = {name: value for name, value in body.items() if value is not None and name != "key"}
    unknown = body.keys() - _FIELD_KEYS
    if unknown or not given or not isinstance(body["key"], str):
        raise format_error(f"expected a condition on one field, got {_shape(body)}")
    built: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("is_empty", "is_null"):
            built[name] = value
        else:
            built[name] = _FIELD_PARTS[name](value)
    try:
        return edge.FieldCondition(body["key"], **built)
    except (TypeError, ValueError) as error:
        raise wrong_input(f"condition on {body['key']!r}: {error}") from error


def _match(body: Any) -> Any:
    if isinstance(body, dict) and len(body) == 1:
        ((kind, value),) = body.items()
        if kind in _MATCHES:
            try:
                return _MATCHES[kind](value)
            except (TypeError, ValueError) as error:
                raise format_error(f"match {kind} can't take {value!r}") from error
    raise format_error(f"match takes one of {sorted(_MATCHES)}, got {_shape(body)}")


def _range(body: Any) -> Any:
    bounds = {name: value for name, value in _object(body, _BOUNDS, "range").items() if value is not None}
    kind = edge.RangeDateTime if any(isinstance(value, str) for value in bounds.values()) else edge.RangeFloat
    try:
        return kind(**bounds)
    except (TypeError, ValueError) as error:
        raise format_error(f"range {body!r}: {error}") from error


def _values_count(body: Any) -> Any:
    return edge.ValuesCount(**_object(body, _BOUNDS, "values_count"))


_FIELD_PARTS: dict[str, Callable[[Any], Any]] = {
    "match": _match,
    "range": _range,
    "values_count": _values_count,
}


def _object(body: Any, allowed: frozenset[str], what: str) -> dict[str, Any]:
    if not isinstance(body, dict) or not body.keys() <= allowed:
        raise format_error(f"{what} has the keys {sorted(allowed)}, got {_shape(body)}")
    return body


def _shape(body: Any) -> str:
    return (
        f"an object with {sorted(map(str, body))}" if isinstance(body, dict) else f"{type(body).__name__} {body!r:.80}"
    )
