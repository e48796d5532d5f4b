"""Features of made-up scans, written to a lake batch by batch: a document has its paper, hand and layout; pages vary."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.pages.colours import COLOUR_SIZE
from heritage_assets.curation.pages.ink_layout import LAYOUT_PARTS, LAYOUT_SIZE
from heritage_assets.curation.pages.schemas import MEASURES, PAGE_FEATURES
from heritage_assets.curation.schemas import CLEANSED_RECORDS, VECTOR
from heritage_assets.stores.lake import Lake

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

DATASET = "benchmark"
ENCODER = "made-up"
BATCH = 2_000
LONGEST = 24
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_USUAL = {"paper_l": 75.0, "ground_l": 30.0, "ink_l": 30.0, "line_pitch": 0.03, "ink_share": 0.1, "contrast": 20.0}
_SPREAD = (
    dict.fromkeys(MEASURES, 0.05)
    | {"ink_share": 0.01, "log_aspect": 0.2, "log_area": 0.5, "columns": 0.5}
    | dict.fromkeys(("paper_l", "ground_l", "ink_l", "contrast"), 12.0)
    | dict.fromkeys(("paper_a", "paper_b", "ground_a", "ground_b"), 6.0)
)


def write_scans(lake: Lake, scans: int, dimensions: int) -> list[int]:
    """Write records and features of ``scans`` scans in batches of 2,000; return the true document of each."""
    documents: list[int] = []
    for number, first in enumerate(range(0, scans, BATCH)):
        count = min(BATCH, scans - first)
        mine = write_batch(lake, number, first, count, dimensions)
        documents += (mine + (documents[-1] + 1 if documents else 0)).tolist()
    return documents


def write_batch(
    lake: Lake, number: int, first: int, count: int, dimensions: int, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Write one batch; another ``seed`` makes other documents of the same scans. Returns the document of each scan, from 0."""
    chance = np.random.default_rng((seed, number))
    document = _documents(chance, count)
    batch = f"b{number:06d}"
    guids = [f"scan-{place:08d}" for place in range(first, first + count)]
    shared = {"batch": batch, "dataset": DATASET}
    columns: dict[str, pa.Array] = {name: _same(value, count) for name, value in shared.items()}
    columns |= {
        "guid": pa.array(guids),
        "scan": pa.array(guids),
        "sequence": pa.array([f"/scans/{guid}.jpg" for guid in guids]),
        "status": _same("OK", count),
        "encoder": _same(ENCODER, count),
        "made_by": _same("made-up", count),
        "defects": pa.array([[]] * count, PAGE_FEATURES.schema.field("defects").type),
        "computed_at": pa.array([NOW] * count, PAGE_FEATURES.schema.field("computed_at").type),
    }
    columns |= {name: _lists(values) for name, values in _features(chance, document, dimensions).items()}
    nothing = {field.name: pa.nulls(count, field.type) for field in PAGE_FEATURES.schema if field.name not in columns}
    rows = pa.table(columns | nothing).select(PAGE_FEATURES.schema.names).cast(PAGE_FEATURES.schema)
    lake.replace_batch(PAGE_FEATURES, batch, rows.to_batches(max_chunksize=256))
    lake.replace_batch(CLEANSED_RECORDS, batch, _records(guids, shared))
    return document


def _documents(chance: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    lengths = np.clip(np.exp(chance.normal(1.6, 0.8, count)).astype(np.int64), 1, LONGEST)
    return np.repeat(np.arange(count), lengths)[:count]


def _features(chance: np.random.Generator, document: npt.NDArray[np.int64], dimensions: int) -> dict[str, Floats]:
    """Return the vectors of each scan: what its document looks like, and a little of its own."""
    documents, count = int(document[-1]) + 1, len(document)

    def looks(size: int, own: float) -> Doubles:
        found: Doubles = chance.normal(size=(documents, size))[document] + own * chance.normal(size=(count, size))
        return found

    spread = np.array([_SPREAD[name] for name in MEASURES])
    usual = np.array([_USUAL.get(name, 0.1) for name in MEASURES])
    layout = np.abs(looks(LAYOUT_SIZE, 0.3))
    for part in LAYOUT_PARTS.values():
        layout[:, part] = _unit(layout[:, part])
    return {
        "embedding_page": _unit(looks(dimensions, 0.5)),
        "embedding_detail": _unit(looks(dimensions, 0.5)),
        "layout": layout.astype(np.float32),
        "colour": _unit(np.abs(looks(COLOUR_SIZE, 0.2))),
        "measures": (usual + spread * looks(len(MEASURES), 0.2)).astype(np.float32),
    }


def _unit(rows: Doubles) -> Floats:
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _lists(rows: Floats) -> pa.Array:
    offsets = np.arange(0, rows.size + 1, rows.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.ravel())).cast(VECTOR)


def _same(value: str, count: int) -> pa.Array:
    return pa.array([value] * count, pa.string())


def _records(guids: list[str], shared: dict[str, str]) -> Iterator[pa.RecordBatch]:
    rows = [{"guid": guid, "withdrawn": False, "harvested_at": NOW, **shared} for guid in guids]
    yield pa.RecordBatch.from_pylist(rows, schema=CLEANSED_RECORDS.schema)
