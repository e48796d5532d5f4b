"""The lines of the landing zone: one raw record as JSON, written and read.

A record that JSON can't hold as an object lands as text; one that is too large or unreadable lands as a marker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from heritage_assets.curation.schemas import RAW_RECORDS

MAX_RECORD_BYTES = 10 * 2**20
"""A raw record above this size lands as a marker: the largest real ones (books with thousands of pages) stay below 3 MiB."""
_HEAD_CHARS = 500


@dataclass(frozen=True)
class LandedRecord:
    """One raw record: the guid its source declares, the untouched record, and whether the source withdrew it."""

    guid: str | None
    raw: dict[str, Any] | str
    deleted: bool = False


def oversized_marker(guid: str | None, size_bytes: int | None, head: str = "", detail: str = "") -> LandedRecord:
    """Stand in for a record that is too large (``size_bytes`` None: nobody counted to its end)."""
    marker: dict[str, Any] = {
        "guid": guid,
        "oversized": True,
        "size_bytes": size_bytes,
        "limit_bytes": MAX_RECORD_BYTES,
    }
    return LandedRecord(guid, marker | {"detail": detail, "head": head[:_HEAD_CHARS]})


def unreadable_marker(guid: str | None, detail: str) -> LandedRecord:
    """Stand in for a record whose bytes could not be read."""
    return LandedRecord(guid, {"guid": guid, "unreadable": True, "detail": detail[:_HEAD_CHARS]})


def encode(record: LandedRecord) -> bytes:
    """Return a record's line. Too large records and ones that JSON can't hold become markers or plain text."""
    guid = None if record.guid is None else _valid_unicode(record.guid)
    raw: dict[str, Any] | str = _valid_unicode(record.raw) if isinstance(record.raw, str) else record.raw
    line = _line(guid, record.deleted, raw)
    if line is None:
        raw = _as_text(raw) or unreadable_marker(guid, "nested too deeply for JSON").raw
        line = _line(guid, record.deleted, raw)
    if line is None:
        raise ValueError(f"record {guid!r} can't be stored as JSON")
    if len(line) > MAX_RECORD_BYTES:
        return encode(oversized_marker(guid, len(line), raw if isinstance(raw, str) else ""))
    return line


def _line(guid: str | None, deleted: bool, raw: dict[str, Any] | str) -> bytes | None:
    try:
        return orjson.dumps(
            {"guid": guid, "deleted": deleted, "raw": raw}, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        )
    except orjson.JSONEncodeError:
        return None


def _as_text(raw: dict[str, Any] | str) -> str | None:
    try:
        return json.dumps(raw, default=str)
    except (RecursionError, ValueError):
        return None


def _valid_unicode(text: str) -> str:
    """Replace lone surrogates, which UTF-8 can't hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def decode_part(lines: bytes, *, first_line: int = 1) -> pa.RecordBatch:
    """Turn a part's lines into one RAW_RECORDS batch whose ``line`` counts from ``first_line``."""
    rows = [orjson.loads(line) for line in lines.splitlines()]
    columns = [
        pa.array(range(first_line, first_line + len(rows)), pa.int64()),
        pa.array([row["guid"] for row in rows], pa.string()),
        pa.array([row["deleted"] for row in rows], pa.bool_()),
        pa.array([_raw_text(row["raw"]) for row in rows], pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=RAW_RECORDS)


def _raw_text(raw: dict[str, Any] | str) -> str:
    return raw if isinstance(raw, str) else orjson.dumps(raw).decode()
