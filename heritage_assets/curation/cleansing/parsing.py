"""What the parsers of the raw forms share: reading JSON that real exports send, and saying why a record is refused."""

from __future__ import annotations

import json
from typing import Any

import orjson

MAX_RECORD_LENGTH = 16 * 1024 * 1024
"""Characters of one raw record; landing already marks what is larger than 10 MiB."""

_SHOWN_KEYS = 12


class RejectionError(Exception):
    """A record that cannot become a row: a reason for machines (a slug) and a sentence for people."""

    def __init__(self, reason: str, detail: str, guid: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.guid = guid


def load_object(raw: str) -> dict[str, Any]:
    """Return the JSON object in ``raw``.

    Raises :class:`RejectionError`: ``malformed_json``, ``not_a_record`` (JSON, but no object) ``too_large`` or
    ``unreadable`` (the markers that landing leaves). NaN, raw control characters and unpaired surrogates are let through,
    since real exports contain them; cleansing removes them.
    """
    try:
        value = orjson.loads(raw)
    except ValueError:
        value = _leniently(raw)
    if not isinstance(value, dict):
        raise RejectionError("not_a_record", f"expected a JSON object, found {_kind(value)}")
    _refuse_marker(value)
    return value


def _refuse_marker(value: dict[str, Any]) -> None:
    """Landing leaves {"oversized": true} or {"unreadable": true} with guid and detail where a record could not be kept."""
    guid = value.get("guid") if isinstance(value.get("guid"), str) else None
    if value.get("oversized") is True:
        size = value.get("size_bytes")
        size_text = f" ({size} bytes)" if isinstance(size, int) else ""
        raise RejectionError("too_large", f"the record{size_text} is larger than the landing zone keeps", guid)
    if value.get("unreadable") is True:
        raise RejectionError("unreadable", f"the source could not read the record: {value.get('detail')}", guid)


def keys_of(value: dict[str, Any]) -> str:
    """Return the first keys of an object for a message."""
    shown = ", ".join(str(key)[:40] for key in list(value)[:_SHOWN_KEYS])
    return f"{shown}, …" if len(value) > _SHOWN_KEYS else shown or "none"


def _leniently(raw: str) -> Any:
    try:
        return json.loads(raw.lstrip("\ufeff"), strict=False)
    except RecursionError as error:
        raise RejectionError("malformed_json", "the JSON is nested too deeply") from error
    except ValueError as error:
        raise RejectionError("malformed_json", f"not JSON: {error}") from error


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), type(value).__name__)
