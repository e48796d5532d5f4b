"""The map of the archive as columns: small enough to send 100,000 places at once."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.search.questions import HARVEST_FIRST
from heritage_assets.search.snapshot import Snapshot

NO_MAP = "there is no map yet: run `heritage materialize` to the end (clusters)"
_GZIP_LEVEL = 5


@dataclass(frozen=True)
class Packed:
    """A finished answer, plain and compressed."""

    plain: bytes
    gzipped: bytes
    etag: str


class MapBook:
    """Makes the map once for each snapshot. Memory: about 100 bytes for each object, in both formats."""

    def __init__(self) -> None:
        self._made: dict[str, Packed] = {}
        self._of: Snapshot | None = None

    def page(self, snapshot: Snapshot, form: str) -> Packed:
        """Return the map as ``json`` or ``arrow`` (an IPC stream whose schema metadata hold ``clusters`` as JSON)."""
        if self._of is not snapshot:
            self._of, self._made = snapshot, {}
        if form not in self._made:
            data = _arrow(snapshot) if form == "arrow" else _json(snapshot)
            etag = f'"map-{form}-{snapshot.tag}"'
            self._made[form] = Packed(data, gzip.compress(data, _GZIP_LEVEL, mtime=0), etag)
        return self._made[form]


def _columns(snapshot: Snapshot) -> pa.Table:
    """Return guid, x, y, cluster (index), ratio of one row for each object that has a place."""
    heads = np.sort(snapshot.representative_rows[snapshot.representative_rows >= 0])
    rows = snapshot.table.select(["guid", "x", "y", "cluster_id", "width", "height", "image_status"]).take(heads)
    rows = rows.filter(pc.and_(rows["x"].is_valid(), rows["y"].is_valid()))
    ids = pa.array([one["cluster_id"] for one in snapshot.clusters], pa.string())
    with_image = pc.and_(
        pc.equal(pc.fill_null(rows["image_status"], ""), "OK"), pc.greater(pc.fill_null(rows["height"], 0), 0)
    )
    ratio = pc.divide(pc.cast(rows["width"], pa.float32()), pc.cast(rows["height"], pa.float32()))
    return pa.table(
        {
            "guid": rows["guid"],
            "x": _rounded(rows["x"], 3),
            "y": _rounded(rows["y"], 3),
            "cluster": pc.fill_null(pc.index_in(rows["cluster_id"], value_set=ids), -1),
            "ratio": _rounded(pc.if_else(with_image, pc.fill_null(ratio, 0.0), 0.0), 2),
        }
    )


def _rounded(column: pa.ChunkedArray, digits: int) -> pa.Array:
    values = column.to_numpy().astype(np.float64)
    return pa.array(np.round(np.nan_to_num(values, posinf=0.0, neginf=0.0), digits).astype(np.float32))


def _clusters(snapshot: Snapshot) -> list[dict[str, Any]]:
    names = ("cluster_id", "label", "terms", "size", "x", "y")
    return [{name: row[name] for name in names} for row in snapshot.clusters]


def _hint(snapshot: Snapshot, rows: int) -> str | None:
    return None if rows else HARVEST_FIRST if snapshot.size == 0 else NO_MAP


def _json(snapshot: Snapshot) -> bytes:
    table = _columns(snapshot)
    columns: dict[str, Any] = {
        name: table[name].to_pylist() if name == "guid" else np.ascontiguousarray(table[name].to_numpy())
        for name in table.column_names
    }
    answer = {**columns, "clusters": _clusters(snapshot), "hint": _hint(snapshot, table.num_rows)}
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def _arrow(snapshot: Snapshot) -> bytes:
    table = _columns(snapshot).combine_chunks()
    about = {"clusters": orjson.dumps(_clusters(snapshot)), "hint": orjson.dumps(_hint(snapshot, table.num_rows))}
    table = table.replace_schema_metadata(about)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data
