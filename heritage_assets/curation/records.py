"""Cleansing of harvested records: raw text in, rows of ``cleansed_records`` or rejects with a reason out.

Belongs here: the record batches of cleansing, outcomes, and their counts. How a value is cleaned is in ``cleansing``.

Reasons of rejection: ``no_guid``, ``guid_too_long``, ``malformed_json``, ``malformed_xml``, ``not_a_record``, ``too_large``,
``unreadable``, ``mapping_failed``, ``empty`` (no text at all), ``unexpected`` (a fault of this code; the detail names it).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.cleansing.fields import clean_guid, normalise
from heritage_assets.curation.cleansing.parsing import MAX_RECORD_LENGTH, RejectionError
from heritage_assets.curation.schemas import CLEANSED_RECORDS, REJECTED_RECORDS

CLEANSED = "cleansed"
REPEATED = "repeated"
REJECTED = "rejected"
OUTCOMES = (CLEANSED, REPEATED, REJECTED)

CLEANSING_OUTCOMES: pa.Schema = pa.schema(
    [
        *CLEANSED_RECORDS.schema,
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
    ]
)
"""One row for each landed record. ``raw`` is kept for rejects only."""

MAX_RAW_BYTES = 64 * 1024
"""UTF-8 bytes of the raw text that a reject keeps."""

MAX_DETAIL_LENGTH = 500
ROWS_PER_BATCH = 1_024
"""Rows that are held as Python objects at a time; a larger input batch is worked through in slices."""

FORMATS = ("europeana", "edm", "oai_dc", "iiif", "mapped")

Parser = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class CleansingContext:
    """What every record of a batch shares; plain data, so that it can be shipped to other processes.

    ``mapping``: a ``RecordMapping`` as a dict, needed for the format "mapped". ``harvested_at``: with time zone. ``image_root``:
    folder below which file addresses of images are allowed, or None for none.
    """

    dataset: str
    batch: str
    format: str
    mapping: dict[str, Any] | None
    harvested_at: datetime
    image_root: str | None = None

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ValueError(
                f"unknown record format {self.format!r} of batch {self.batch!r}; known: {', '.join(FORMATS)}"
            )
        if self.format == "mapped" and self.mapping is None:
            raise ValueError(f"batch {self.batch!r} has the format 'mapped' but no mapping; harvest it again with one")
        if self.harvested_at.tzinfo is None:
            raise ValueError(f"harvested_at of batch {self.batch!r} has no time zone; give it in UTC")


def cleanse(raw: Iterable[pa.RecordBatch], context: CleansingContext) -> Iterator[pa.RecordBatch]:
    """Cleanse batches of ``RAW_RECORDS``; yield batches of :data:`CLEANSING_OUTCOMES` of at most 1,024 rows.

    Each row in gives one row out, in order, "cleansed" or "rejected"; no record raises. Stateless: batches may be split and
    spread over processes. Memory: the input batch and 1,024 outcomes. The guid that the source declared (``guid`` of the
    raw row) comes before the one inside the record, so that a later withdrawal finds its record.
    Raises ValueError (pydantic's) for a mapping that is none.
    """
    parse = _parser(context)
    for batch in raw:
        for start in range(0, batch.num_rows, ROWS_PER_BATCH):
            rows = batch.slice(start, ROWS_PER_BATCH).to_pylist()
            yield _to_batch([_outcome(row, parse, context) for row in rows])


def mark_repeats(outcomes: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Turn "cleansed" into "repeated" for every guid that an earlier row of the batch has; the first stays.

    The outcomes of one harvest batch must come in the order of their lines. Memory: about 100 bytes for each guid.
    Raises ValueError when lines run backwards, since then another row than the first would stay.
    """
    seen: set[bytes] = set()
    last_line = 0
    for batch in outcomes:
        lines = batch.column("line").to_pylist()
        guids = batch.column("guid").to_pylist()
        marks = batch.column("outcome").to_pylist()
        for index, (line, guid, outcome) in enumerate(zip(lines, guids, marks, strict=True)):
            if line <= last_line:
                raise ValueError(
                    f"line {line} comes after line {last_line}: sort the outcomes of a batch by line first"
                )
            last_line = line
            if outcome != CLEANSED:
                continue
            key = hashlib.blake2b(guid.encode(), digest_size=16).digest()
            if key in seen:
                marks[index] = REPEATED
            seen.add(key)
        position = batch.schema.get_field_index("outcome")
        yield batch.set_column(position, "outcome", pa.array(marks, pa.string()))


def cleansed_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the cleansed rows of a batch of outcomes with the schema of ``cleansed_records``."""
    return _select(batch, CLEANSED, CLEANSED_RECORDS.schema)


def rejected_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rejected rows of a batch of outcomes with the schema of ``rejected_records``."""
    return _select(batch, REJECTED, REJECTED_RECORDS.schema)


def outcome_counts(batch: pa.RecordBatch) -> dict[str, int]:
    """Return how many rows of a batch have each outcome; the three add up to the rows of the batch."""
    counted = Counter(batch.column("outcome").to_pylist())
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def reason_counts(batch: pa.RecordBatch) -> dict[str, int]:
    """Return how many rows of a batch were rejected for each reason."""
    return dict(Counter(rejected_rows(batch).column("reason").to_pylist()))


def _parser(context: CleansingContext) -> Parser:
    if context.format == "europeana":
        from heritage_assets.curation.cleansing import europeana

        return europeana.parse
    if context.format == "edm":
        from heritage_assets.curation.cleansing import edm

        return edm.parse
    if context.format == "oai_dc":
        from heritage_assets.curation.cleansing import dublin_core

        return dublin_core.parse
    if context.format == "iiif":
        from heritage_assets.curation.cleansing import iiif

        return iiif.parse
    from heritage_assets.curation.cleansing import mapped
    from heritage_assets.curation.mapping import RecordMapping

    apply: mapped.Mapping = RecordMapping.model_validate(context.mapping).apply
    return partial(mapped.parse, mapping=apply)


def _outcome(row: dict[str, Any], parse: Parser, context: CleansingContext) -> dict[str, Any]:
    try:
        described = _tombstone(row, parse) if row["deleted"] else _described(row, parse, context)
    except RejectionError as rejection:
        return _rejected(row, rejection, context)
    except Exception as error:  # one record must never stop a batch; the reject says what happened
        return _rejected(row, RejectionError("unexpected", f"{type(error).__name__}: {error}"), context)
    return {**_shared(row, context), "outcome": CLEANSED, **described}


def _described(row: dict[str, Any], parse: Parser, context: CleansingContext) -> dict[str, Any]:
    fields = parse(_raw_text(row))
    guid = clean_guid(row["guid"]) or clean_guid(fields.get("guid"))
    if guid is None:
        raise RejectionError("no_guid", "neither the source nor the record gives an identifier")
    return {"guid": guid, "withdrawn": False, **normalise(fields, context.image_root)}


def _tombstone(row: dict[str, Any], parse: Parser) -> dict[str, Any]:
    guid = clean_guid(row["guid"])
    if guid is None:
        guid = clean_guid(parse(_raw_text(row)).get("guid"))
    if guid is None:
        raise RejectionError("no_guid", "a record is withdrawn, but neither the source nor the record says which")
    return {"guid": guid, "withdrawn": True}


def _raw_text(row: dict[str, Any]) -> str:
    raw: str | None = row["raw"]
    if raw is None or not raw.strip():
        raise RejectionError("empty", "the record has no text")
    if len(raw) > MAX_RECORD_LENGTH:
        raise RejectionError("too_large", f"the record has {len(raw)} characters; {MAX_RECORD_LENGTH} are allowed")
    return raw


def _shared(row: dict[str, Any], context: CleansingContext) -> dict[str, Any]:
    return {
        "line": row["line"],
        "batch": context.batch,
        "dataset": context.dataset,
        "harvested_at": context.harvested_at,
    }


def _rejected(row: dict[str, Any], rejection: RejectionError, context: CleansingContext) -> dict[str, Any]:
    guid = rejection.guid or row["guid"]
    return {
        **_shared(row, context),
        "outcome": REJECTED,
        "guid": _encodable(guid)[:256] if guid else None,
        "reason": rejection.reason,
        "detail": _encodable(rejection.detail)[:MAX_DETAIL_LENGTH],
        "raw": (row["raw"] or "")[:MAX_RAW_BYTES].encode("utf-8", "replace")[:MAX_RAW_BYTES].decode("utf-8", "ignore"),
    }


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _to_batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in CLEANSING_OUTCOMES]
    return pa.RecordBatch.from_arrays(columns, schema=CLEANSING_OUTCOMES)


def _select(batch: pa.RecordBatch, outcome: str, schema: pa.Schema) -> pa.RecordBatch:
    chosen = batch.filter(pc.equal(batch.column("outcome"), outcome))
    return pa.RecordBatch.from_arrays([chosen.column(name) for name in schema.names], schema=schema)
