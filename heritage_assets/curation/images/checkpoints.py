"""What a run has fetched so far, kept in small pieces, so that a run that was killed goes on where it stopped.

A step writes its table in one commit at its end. Until then its rows lie below ``checkpoints/source_images/<batch>/<base>/``;
``base`` names the state of the table's slice that the run started from. After the commit the slice is another one, so pieces that
a kill left behind are never taken for work of a later run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from heritage_assets.curation.images.policy import DERIVATIVE_SIDE
from heritage_assets.curation.images.wanted import wanted_of
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.objects import ObjectStore

FOLDER = "checkpoints/source_images"


class Checkpoint:
    """The rows of one batch that are finished, but not in the table yet.

    Memory: one piece of rows at a time, and about 300 bytes for each record of the batch (its guid and address).

    Args:
        store: where the pieces lie.
        batch: harvest batch.
        base: the state of the table's slice that the rows are to replace.
        side: long side in pixels that image services are asked for.
    """

    def __init__(self, store: ObjectStore, batch: str, base: str, side: int = DERIVATIVE_SIDE) -> None:
        self._given = (store, batch, base, side)
        self._side = side
        self._store = store
        self._folder = f"{FOLDER}/{batch}"
        self._own = f"{self._folder}/{base}"
        self._run = secrets.token_hex(4)
        self._pieces = 0

    def __reduce__(self) -> tuple[type[Checkpoint], tuple[ObjectStore, str, str, int]]:
        """Travel to other processes as what it was made of: each writes pieces with names of its own."""
        return Checkpoint, self._given

    def left(self, tasks: pa.Table) -> Iterator[pa.RecordBatch]:
        """Yield the tasks (IMAGE_TASKS) for which there is no finished row with the same guid and address."""
        done = {(row["guid"], row["url"]) for piece in self._read(["guid", "url"]) for row in piece.to_pylist()}
        for part in tasks.to_batches(max_chunksize=1_024):
            mask = [(guid, address) not in done for guid, address in self._addresses(part)]
            yield part.filter(pa.array(mask, pa.bool_()))

    def record(self, rows: Iterable[pa.RecordBatch]) -> int:
        """Keep finished rows (SOURCE_IMAGES), one piece for each record batch as it comes; return how many there were."""
        return sum(piece.num_rows for piece in self.recorded(rows))

    def recorded(self, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Keep finished rows as :meth:`record`, and pass them on."""
        for piece in rows:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, piece.schema) as writer:
                writer.write_batch(piece)
            self._store.put(f"{self._own}/{self._pieces:06d}-{self._run}.arrow", sink.getvalue().to_pybytes())
            self._pieces += 1
            yield piece

    def rows(self, tasks: pa.Table) -> Iterator[pa.RecordBatch]:
        """Yield the finished rows of ``tasks``, each record once; rows of records that have changed since are passed over."""
        wanted = {key for part in tasks.to_batches() for key in self._addresses(part)}
        for piece in self._read(SOURCE_IMAGES.schema.names):
            mask = []
            for key in zip(piece["guid"].to_pylist(), piece["url"].to_pylist(), strict=True):
                mask.append(key in wanted)
                wanted.discard(key)
            yield piece.filter(pa.array(mask, pa.bool_()))

    def clear(self) -> None:
        """Remove the batch's pieces, of this run and of any other; call when the table has the rows."""
        for item in list(self._store.list(self._folder)):
            self._store.delete(item.key)

    def _addresses(self, tasks: pa.RecordBatch) -> Iterator[tuple[str, str | None]]:
        return ((guid, wanted.url if wanted else None) for guid, wanted in wanted_of(tasks, self._side))

    def _read(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        for item in list(self._store.list(self._own)):
            with pa.ipc.open_stream(self._store.get(item.key)) as reader:
                if not reader.schema.equals(SOURCE_IMAGES.schema):
                    continue  # of another version of this program: its rows are fetched again
                for piece in reader:
                    yield piece.select(columns)


def fetched_and_kept(
    tasks: Iterator[pa.RecordBatch],
    fetch: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    checkpoint: Checkpoint,
) -> Iterator[pa.RecordBatch]:
    """Fetch, and keep each piece as soon as it is there; picklable when ``fetch`` is."""
    return checkpoint.recorded(fetch(tasks))
