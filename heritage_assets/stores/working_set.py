"""The working set of canonicalization: what it reads of every batch, laid out for reading a few rows out of many.

A lake answers "all vectors" well and "these rows" badly: a Parquet column is decoded whole. So each batch's records, pictures'
properties and vectors are also kept as one uncompressed Arrow file, memory mapped, with the short forms of its vectors
(:class:`~heritage_assets.curation.duplicates.reduction.Reduction`) beside it. A run then touches the pages of the rows that it
compares, and no table but that of what is new.

Never a source of truth: a file is named by the files of the lake that it was made from, so another state of the lake has other
names, and whoever deletes the folder loses time only. Two runs at once write the same file under the same name, each whole.

Disk: 4.3 KB a record with 512 + 512 dimensions, and 0.5 KB of text. Memory: about 100 bytes a record; mapped pages belong to
the system's cache. Building holds one batch.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from heritage_assets.curation.duplicates.archive import RECORDS, vector_column, vector_matrix
from heritage_assets.curation.duplicates.attributes import EVIDENCE
from heritage_assets.curation.duplicates.reduction import Reduction, normal_rows
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS, SOURCE_IMAGES, VECTOR, TableSpec
from heritage_assets.stores.lake import Lake, text

VERSION = b"2"
"""Changes whenever the layout of the files does."""
SEGMENT = pa.schema([*RECORDS, ("withdrawn", pa.bool_()), ("norm", pa.float64())])
"""``norm``: length of ``embedding_image`` in float64, null where there is none."""
NAME = b"name"
ROWS = 16_384
SAMPLED = 32
"""Rows of a file that are looked at before it is believed."""
ABANDONED = 86_400
"""Seconds after which a file that is still being written never will be."""
GROWN = 4
"""The projection is fitted again when there are so many times the vectors it was fitted to: it is never wrong, only longer
than it need be."""

Opened = Mapping[str, DeltaTable]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_OF_RECORDS = [name for name in EVIDENCE.names if name in CLEANSED_RECORDS.schema.names]
_OF_IMAGES = ["perceptual_hash", "sha256", "width", "height"]
_OF_EMBEDDINGS = ["embedding_text", "embedding_image"]
_SOURCES = (CLEANSED_RECORDS, SOURCE_IMAGES, CLIP_EMBEDDINGS)


@dataclass(frozen=True)
class Segment:
    """Some rows of one batch: ``rows`` (:data:`SEGMENT`); of those with an image vector their numbers ``at``, (n,), their
    vectors, (n, d) float32, and norms, (n,) float64; and the files' name."""

    name: str
    number: int
    rows: pa.RecordBatch
    at: Index
    vectors: Floats
    norms: Doubles


class WorkingSet:
    """The segments of all batches of a lake for one encoder, as the lake is now."""

    def __init__(self, folder: Path, segments: list[Segment]) -> None:
        self.folder = folder
        self.segments = segments

    @classmethod
    def open(cls, lake: Lake, encoder: str, folder: Path, *, anew: bool = False) -> WorkingSet:
        """Map the files under ``folder``, make those that are missing, and delete those of former states of the lake.

        With ``anew`` no file is believed: all are made from the lake again.
        """
        mine = folder / hashlib.sha256(f"{lake.root}\n{encoder}".encode()).hexdigest()[:16]
        mine.mkdir(parents=True, exist_ok=True)
        if anew:
            for file in _files(mine, "*"):
                _remove(file)
        tables = {table.name: opened for table in _SOURCES if (opened := lake.open(table)) is not None}
        names = _names(tables)
        found = [part for batch, name in names.items() for part in _segments(tables, encoder, batch, mine / name)]
        for file in _files(mine, "*.arrow"):
            if file.stem not in names.values():
                _remove(file)
        return cls(mine, found)

    @property
    def vectors(self) -> int:
        """How many image vectors there are."""
        return sum(len(segment.at) for segment in self.segments)

    def reduction(self, threshold: float) -> tuple[Reduction, str]:
        """Return the projection for joins at ``threshold``, and its name; fitted again after the collection has grown."""
        file = self.folder / "projection.npz"
        try:
            with np.load(file, allow_pickle=False) as stored:
                basis, rows, fitted = stored["basis"], int(stored["rows"]), float(stored["threshold"])
            width = {segment.vectors.shape[1] for segment in self.segments if len(segment.at)}
            grown = self.vectors > GROWN * rows
            # Pruning is by proof only where the directions are orthonormal, so that is not taken on trust.
            sound = np.allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-9)
            if fitted == threshold and not grown and width <= {basis.shape[0]} and sound:
                return Reduction(basis), _digest(basis.tobytes())
        except (OSError, ValueError, KeyError, EOFError, IndexError, zipfile.BadZipFile):
            pass  # absent, cut short or damaged: made anew below
        sample, norms = self._sample()
        fitted_now = Reduction.fit(sample, norms, threshold)
        basis = fitted_now.basis
        _replace(file, lambda path: np.savez(path, basis=basis, rows=self.vectors, threshold=threshold))
        return fitted_now, _digest(basis.tobytes())

    def short(self, segment: Segment, reduction: Reduction, name: str, pool: ThreadPoolExecutor) -> Floats:
        """Return the (n, m + 1) float32 short forms of a segment's vectors."""
        file = self.folder / f"{segment.name}.{segment.number}.{name}.npy"
        shape = (len(segment.at), reduction.basis.shape[1] + 1)
        try:
            stored: Floats = np.load(file, mmap_mode="r", allow_pickle=False)
            if stored.shape == shape and stored.dtype == np.float32:
                some = _some(shape[0])
                if np.allclose(
                    stored[some], reduction.apply(segment.vectors[some], segment.norms[some], pool), atol=1e-6
                ):
                    return stored
        except (OSError, ValueError, EOFError):
            pass  # absent, cut short or damaged: made anew below
        made = reduction.apply(segment.vectors, segment.norms, pool)
        _replace(file, lambda path: np.save(path, made))
        return made

    def forget_shorts(self, name: str) -> None:
        """Delete the short forms by other projections than ``name``, and of segments that are no more."""
        kept = {f"{segment.name}.{segment.number}.{name}.npy" for segment in self.segments}
        for file in _files(self.folder, "*.npy"):
            if file.name not in kept:
                _remove(file)

    def _sample(self) -> tuple[Floats, Doubles]:
        """Return vectors from all over the collection, and their norms."""
        step = max(1, self.vectors // 4_096)
        parts = [(s.vectors[::step], s.norms[::step]) for s in self.segments if len(s.at)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _names(tables: Opened) -> dict[str, str]:
    """Return each batch's file name: a digest of the lake's files that hold its slices."""
    files: dict[str, list[str]] = {}
    for table, opened in tables.items():
        actions = pa.table(opened.get_add_actions(flatten=True))
        for path, batch in zip(actions["path"].to_pylist(), actions["partition.batch"].to_pylist(), strict=True):
            files.setdefault(batch, []).append(f"{table}/{path}")
    return {batch: _digest("\n".join(sorted(files[batch])).encode()) for batch in sorted(files)}


def _segments(tables: Opened, encoder: str, batch: str, stem: Path) -> list[Segment]:
    """Map a batch's file, made first where it is missing, damaged, or not what its name says."""
    file = stem.with_name(stem.name + ".arrow")
    # ArrowInvalid is a ValueError; a damaged footer may also name buffers that are not there.
    with contextlib.suppress(OSError, ValueError, pa.ArrowException):
        return _mapped(file)
    _replace(file, lambda path: _write(path, stem.name, _joined(tables, encoder, batch)))
    return _mapped(file)


def _mapped(file: Path) -> list[Segment]:
    """Map a file.

    Raises:
        OSError, ValueError, pyarrow.ArrowException: it is not there, not whole, or not what was written under this name. A sample
            of the vectors is held against their norms: pages that never reached the disk are noticed, a flipped bit is not.
    """
    reader = pa.ipc.open_file(pa.memory_map(str(file)))
    if reader.schema != SEGMENT or (reader.schema.metadata or {}).get(NAME) != file.stem.encode():
        raise pa.ArrowInvalid(f"{file}: not what this version writes under this name")
    found = []
    for number in range(reader.num_record_batches):
        rows = reader.get_batch(number)
        rows.validate()
        vectors, has = vector_matrix(rows["embedding_image"])
        norms = rows["norm"].drop_null().to_numpy()
        some = _some(len(vectors))
        if len(norms) != len(vectors) or not np.allclose(normal_rows(vectors[some]), norms[some], rtol=1e-9):
            raise pa.ArrowInvalid(f"{file}: vectors that are not those that were written")
        found.append(Segment(file.stem, number, rows, np.flatnonzero(has), vectors, norms))
    return found


def _some(rows: int) -> Index:
    """Return some row numbers, from first to last."""
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, SAMPLED)).astype(np.int64))


def _joined(tables: Opened, encoder: str, batch: str) -> pa.Table:
    """Return a batch's :data:`SEGMENT`."""
    mine = text("encoder") == encoder
    with ThreadPoolExecutor(3) as pool:
        wanted = (
            pool.submit(_slice, tables, CLEANSED_RECORDS, batch, [*_OF_RECORDS, "withdrawn"]),
            pool.submit(_slice, tables, SOURCE_IMAGES, batch, ["guid", *_OF_IMAGES]),
            pool.submit(_slice, tables, CLIP_EMBEDDINGS, batch, ["guid", *_OF_EMBEDDINGS], mine),
        )
        records, images, embeddings = (slice_.result() for slice_ in wanted)
    columns = {name: records[name] for name in records.column_names}
    columns |= _in_order(images, records["guid"])
    columns |= _in_order(embeddings, records["guid"])
    columns["image_sha256"] = columns.pop("sha256")
    vectors, has = vector_matrix(columns["embedding_image"])
    norms = np.zeros(len(has))
    norms[has] = normal_rows(vectors, f"image vectors of batch {batch}")
    columns["norm"] = pa.array(norms, mask=~has)
    return pa.table([columns[name].cast(SEGMENT.field(name).type) for name in SEGMENT.names], schema=SEGMENT)


def _in_order(rows: pa.Table, guids: pa.ChunkedArray) -> dict[str, pa.Array]:
    """Return the other columns of a slice in the order of ``guids``; null where it has no row."""
    at = pc.index_in(guids.combine_chunks(), value_set=rows["guid"].combine_chunks())
    return {name: taken(rows[name].combine_chunks(), at) for name in rows.column_names if name != "guid"}


def _slice(
    tables: Opened, table: TableSpec, batch: str, columns: list[str], where: pc.Expression | None = None
) -> pa.Table:
    """Read a batch's slice of a table at the version that was opened: the one that the file is named by."""
    schema = pa.schema([table.schema.field(name) for name in columns])
    if table.name not in tables:
        return schema.empty_table()
    data = tables[table.name].to_pyarrow_dataset(file_pruning_predicate=[("batch", "=", batch)])
    return data.to_table(columns=columns, filter=where).cast(schema)


def taken(column: pa.Array, at: pa.Array) -> pa.Array:
    """Take rows (null: null) of a column; vectors by NumPy, many times as fast as Arrow's take of lists."""
    if column.type != VECTOR:
        return column.take(at)
    matrix, has = vector_matrix(column)
    wanted = pc.fill_null(at, -1).to_numpy(zero_copy_only=False)
    valid = wanted >= 0
    valid[valid] = has[wanted[valid]]
    return vector_column(matrix[(np.cumsum(has) - 1)[wanted[valid]]], valid)


def _write(path: Path, name: str, rows: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SEGMENT.with_metadata({NAME: name})) as writer:
        writer.write_table(rows.combine_chunks(), max_chunksize=ROWS)


def _files(folder: Path, pattern: str) -> list[Path]:
    """List files, but not those that another run is writing; what a killed run left of those is deleted after a day."""
    found = list(folder.glob(pattern))
    for file in found:
        with contextlib.suppress(FileNotFoundError):
            if file.name.startswith(".") and time.time() - file.stat().st_mtime > ABANDONED:
                _remove(file)
    return [file for file in found if not file.name.startswith(".")]


def _replace(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there whole."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=file.suffix)
    os.close(descriptor)
    path = Path(name)
    try:
        write(path)
        path.replace(file)
    except BaseException:
        _remove(path)
        raise


def _remove(file: Path) -> None:
    # Another run may have been quicker.
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


def _digest(content: bytes) -> str:
    return hashlib.sha256(VERSION + b"\n" + content).hexdigest()[:24]
