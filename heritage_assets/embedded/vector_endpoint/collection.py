"""One collection: its folder, its configuration, and the engine's shard, opened when first needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.errors import (
    ApiError,
    format_error,
    from_engine,
    unsupported,
    validation_error,
    wrong_input,
)

QUERIES_AT_ONCE = 64
"""Most queries that go to the engine as one batch: bounds how long everybody else waits."""
_DISTANCES = {
    "Cosine": edge.Distance.Cosine,
    "Euclid": edge.Distance.Euclid,
    "Dot": edge.Distance.Dot,
    "Manhattan": edge.Distance.Manhattan,
}
_MAX_DIM = 65_536
_INDEXED_KB = 1_000
"""Segments of so many kilobytes get an index, once the collection is given one (:mod:`.indexing`)."""
_log = logging.getLogger(__name__)


class Collection:
    """A collection of points. All calls come from the event loop's thread: the engine holds the interpreter anyway."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.dims = vector_dims(config)
        self.operations = 0
        self.dirty = False
        self._shard: Any = None
        self._waiting: list[tuple[list[Any], asyncio.Future[list[Any]]]] = []

    @classmethod
    def create(cls, folder: Path, config: dict[str, Any]) -> Collection:
        """Make a new, empty shard in ``folder``."""
        collection = cls(folder, config)
        folder.mkdir(parents=True)
        try:
            collection._shard = edge.EdgeShard.create(str(folder), _edge_config(config))
        except BaseException as error:
            raise from_engine(error) from error
        return collection

    @property
    def shard(self) -> Any:
        """The open shard; the engine replays its write-ahead log when it opens."""
        if self._shard is None:
            try:
                self._shard = edge.EdgeShard.load(str(self.folder))
            except Exception as error:
                _log.exception("can't open %s", self.folder)
                raise ApiError(500, f"Service internal error: can't open the collection's files: {error}") from error
        return self._shard

    def update(self, operation: Any) -> dict[str, Any]:
        """Apply one write. It is in the write-ahead log, and so survives the end of this process, when this returns."""
        shard = self.shard
        try:
            shard.update(operation)
        except BaseException as error:
            raise from_engine(error) from error
        finally:
            self.dirty = True
        self.operations += 1
        return {"operation_id": self.operations, "status": "completed"}

    def read(self, method: str, *arguments: Any) -> Any:
        """Call one of the shard's reading methods."""
        shard = self.shard
        try:
            return getattr(shard, method)(*arguments)
        except BaseException as error:
            raise from_engine(error) from error

    async def query(self, requests: Sequence[Any]) -> list[list[Any]]:
        """Run queries; those that arrive in the same turn of the event loop go to the engine as one batch."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._answer_waiting)
        self._waiting.append((list(requests), answer))
        return await answer

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        everything = [request for requests, _ in waiting for request in requests]
        try:
            found = self._run(everything)
        except BaseException:  # the engine's panics too: a future left alone would let its caller wait for ever
            self._answer_one_by_one(waiting)
            return
        start = 0
        for requests, answer in waiting:
            if not answer.cancelled():
                answer.set_result(found[start : start + len(requests)])
            start += len(requests)

    def _answer_one_by_one(self, waiting: list[tuple[list[Any], asyncio.Future[list[Any]]]]) -> None:
        """A batch fails as a whole: find out whose query it was, so that nobody else gets its error."""
        for requests, answer in waiting:
            if answer.cancelled():
                continue
            try:
                answer.set_result(self._run(requests))
            except ApiError as error:
                answer.set_exception(error)
            except BaseException as error:
                answer.set_exception(from_engine(error))

    def _run(self, requests: list[Any]) -> list[list[Any]]:
        shard = self.shard
        found: list[list[Any]] = []
        for start in range(0, len(requests), QUERIES_AT_ONCE):
            found += shard.query_batch(edge.QueryBatchRequest(requests[start : start + QUERIES_AT_ONCE]))
        return found

    def take(self, other: Collection) -> None:
        """Close this shard and go on with the open one of ``other``, which holds the same points."""
        closing, self._shard, self.folder, self.dirty = self._shard, other.shard, other.folder, False
        if closing is not None:
            closing.close()

    def flush(self) -> None:
        """Write everything to disk (power loss) and shorten the write-ahead log."""
        if self._shard is not None and self.dirty:
            self._shard.flush()
            self.dirty = False

    def close(self) -> None:
        """Flush and release the files."""
        if self._shard is not None:
            self.flush()
            self._shard.close()
            self._shard = None


def vector_dims(config: dict[str, Any]) -> dict[str, int]:
    """Read the vectors of a collection from the body that created it."""
    if config.get("sparse_vectors"):
        raise unsupported("a collection with sparse vectors")
    vectors = config.get("vectors") or {}
    if not isinstance(vectors, dict):
        raise format_error("vectors must be an object")
    named = {"": vectors} if "size" in vectors else vectors
    dims: dict[str, int] = {}
    for name, params in named.items():
        if not isinstance(params, dict) or not isinstance(params.get("size"), int):
            raise format_error(f"vector {name!r} needs size and distance")
        if params.get("distance") not in _DISTANCES:
            raise format_error(f"distance of vector {name!r} must be one of {sorted(_DISTANCES)}")
        if not 1 <= params["size"] <= _MAX_DIM:
            raise validation_error(f"vectors.size: value {params['size']} invalid, must be from 1 to {_MAX_DIM}")
        if params.get("multivector_config"):
            raise unsupported("a multi-vector")
        dims[name] = params["size"]
    return dims


def _edge_config(config: dict[str, Any]) -> Any:
    vectors = config.get("vectors") or {}
    dims = vector_dims(config)
    if not dims:
        raise wrong_input("a collection needs at least one vector")
    params = {"": vectors} if "" in dims and "size" in vectors else vectors
    built = {
        name: edge.EdgeVectorParams(dims[name], _DISTANCES[one["distance"]], on_disk=one.get("on_disk"))
        for name, one in params.items()
    }
    return edge.EdgeConfig(
        vectors=built.get("", built),
        on_disk_payload=config.get("on_disk_payload"),
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=_INDEXED_KB),
    )
