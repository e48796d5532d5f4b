"""An HNSW index for big collections, built beside the running endpoint.

Up to :data:`INDEX_FROM` points every search compares all of them: exact, and quick enough. Beyond, the engine's optimizer
makes an index (Malkov & Yashunin 2016) in minutes, and holds the interpreter meanwhile. So a quiet collection is copied, a
process of low priority optimizes the copy, and the copy takes the collection's place if nothing was written in the meantime;
else it is thrown away and made anew later. What is written afterwards is searched by comparing, until it is a fifth of the
collection. A search with ``params.exact`` compares all points, index or not.

Costs: the collection's size on disk once more, and in the other process the memory of its vectors.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import qdrant_edge as edge

if TYPE_CHECKING:
    from heritage_assets.embedded.vector_endpoint.catalog import Catalog
    from heritage_assets.embedded.vector_endpoint.collection import Collection

INDEX_FROM = 150_000
"""Points from which on a collection gets an index: one query over 512 numbers each costs about 15 ms without."""
QUIET_SECONDS = 60.0
"""Nothing was written for so long before an index is begun."""
GROWN = 1.2
"""An index is made anew when the collection has grown by so much since, or so much of it was written anew."""
_MARK = "indexed.json"
_NICE = 15
_log = logging.getLogger(__name__)


class Indexer:
    """Looks after the indexes of one catalog. All calls but the copying come from the event loop's thread."""

    def __init__(self, catalog: Catalog, *, points: int = INDEX_FROM, quiet_seconds: float = QUIET_SECONDS) -> None:
        self.catalog = catalog
        self.points = points
        self.quiet_seconds = quiet_seconds
        self._seen: dict[str, tuple[int, float]] = {}
        self._at_work: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether an index is being made."""
        return self._at_work is not None and not self._at_work.done()

    def look(self) -> None:
        """Begin an index where one is due and none is being made."""
        now = time.monotonic()
        for name, collection in self.catalog.collections.items():
            known = self._seen.get(name)
            if known is None or known[0] != collection.operations:
                self._seen[name] = collection.operations, now
            elif not self.busy and now - known[1] >= self.quiet_seconds and is_due(collection, self.points):
                self._at_work = asyncio.get_running_loop().create_task(self._index(name, collection))

    async def stop(self) -> None:
        """Give up what is being made."""
        if self._at_work is not None:
            self._at_work.cancel()
            with suppress(asyncio.CancelledError):
                await self._at_work

    async def _index(self, name: str, collection: Collection) -> None:
        started, operations = time.monotonic(), collection.operations
        copy = collection.folder.with_name(uuid.uuid4().hex)
        try:
            collection.flush()
            await asyncio.to_thread(shutil.copytree, collection.folder, copy)
            if collection.operations == operations:
                await _optimize_aside(copy)
            if collection.operations != operations or self.catalog.collections.get(name) is not collection:
                _log.info("%s was written while its index was made: later again", name)
                return
            self.catalog.move(name, copy)
            _log.info("made the index of %s in %.0f s", name, time.monotonic() - started)
        except Exception:
            _log.exception("could not make the index of %s; it is searched without", name)
            self._seen[name] = operations, time.monotonic() + 3_600  # not again at once
        finally:
            if collection.folder != copy:
                await asyncio.to_thread(shutil.rmtree, copy, ignore_errors=True)


def is_due(collection: Collection, points: int) -> bool:
    """Tell whether a collection is big enough for an index and has none, or one that it has outgrown."""
    info = collection.read("info")
    if info.points_count < points:
        return False
    mark = collection.folder / _MARK
    if not mark.exists():
        return True
    made = json.loads(mark.read_bytes())
    return bool(info.points_count > GROWN * made["points"] or info.indexed_vectors_count * GROWN < made["vectors"])


async def _optimize_aside(folder: Path) -> None:
    """Optimize a shard that nobody else has open, in a process of its own.

    Raises:
        RuntimeError: that process failed.
    """
    command = (sys.executable, "-m", "heritage_assets.embedded.vector_endpoint.indexing", str(folder))
    child = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        _, said = await child.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode}: {said.decode(errors='replace')[-500:]}")


def optimize(folder: Path) -> None:
    """Make the index of a shard, and note how much it covers."""
    shard = edge.EdgeShard.load(str(folder))
    shard.optimize()
    shard.flush()
    info = shard.info()
    shard.close()
    (folder / _MARK).write_text(json.dumps({"points": info.points_count, "vectors": info.indexed_vectors_count}))


if __name__ == "__main__":
    os.nice(_NICE)
    optimize(Path(sys.argv[1]))
