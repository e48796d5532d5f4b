"""Points by guid: writing, reading, counting. Searching is in :mod:`.vectors`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import orjson

from heritage_assets.stores.vector_collections import COLLECTION_PATH as _PATH
from heritage_assets.stores.vector_collections import CollectionStore
from heritage_assets.stores.vector_schema import ID_FIELD, Filters, build_filter, check_field, point_id
from heritage_assets.stores.vector_transport import VectorStoreError, VectorStoreUnavailableError

REQUEST_BYTES = 8 * 2**20
"""Size that requests with vectors aim at; a server takes 32 MiB by default."""
_BYTES_PER_NUMBER = 12
_BYTES_PER_POINT = 2_000
_POINTS_PER_REQUEST = 1_000
NORM_MIN = 1e-12

Matrix = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
T = TypeVar("T")


class PointsNotFoundError(VectorStoreError):
    """No points (or no such vectors) for these guids."""


class PointStore(CollectionStore):
    """The points of one collection."""

    # -- writing ------------------------------------------------------------------------------------------------------

    def upsert(
        self,
        guids: Sequence[str],
        vectors: Mapping[str, Matrix],
        present: Mapping[str, Flags] | None = None,
        payloads: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """Insert points, or replace them whole (vectors and payload).

        Args:
            guids: n guids.
            vectors: by name, float32 of shape (n, d).
            present: by name, bool of shape (n,): which points have this vector (all, where a name is absent here).
            payloads: n payloads; ``id_object`` is added to each.

        Raises:
            ValueError: shapes that don't agree, or a present vector that is not finite or is zero.
        """
        count = len(guids)
        payloads = [{}] * count if payloads is None else payloads
        if len(payloads) != count:
            raise ValueError(f"{count} guids but {len(payloads)} payloads")
        columns = [
            (name, *_checked_column(name, matrix, (present or {}).get(name), count)) for name, matrix in vectors.items()
        ]
        width = sum(matrix.shape[1] for _, matrix, _ in columns)
        step = points_per_request(width)
        self._put_all(
            [
                {
                    "id": point_id(guids[row]),
                    "vector": {name: matrix[row] for name, matrix, flags in columns if flags[row]},
                    "payload": {**payloads[row], ID_FIELD: guids[row]},
                }
                for row in range(start, min(start + step, count))
            ]
            for start in range(0, count, step)
        )

    def _put_all(self, requests: Iterable[list[dict[str, Any]]]) -> None:
        """Send requests, as many at a time as the settings allow; what failed first is raised when those in flight are done."""
        if self._server.parallel == 1:
            for points in requests:
                self._put_points(points)
            return
        flying: deque[Future[None]] = deque()
        with ThreadPoolExecutor(self._server.parallel, thread_name_prefix="upload") as pool:
            for points in requests:
                if len(flying) == self._server.parallel:
                    flying.popleft().result()
                flying.append(pool.submit(self._put_points, points))
            for one in flying:
                one.result()

    def _put_points(self, points: list[dict[str, Any]]) -> None:
        """Send points in one request, or in halves when their payloads make it too large for a server."""
        if self._grpc is not None:
            self._grpc.upsert(self.collection, points)
            return
        body = orjson.dumps({"points": points}, option=orjson.OPT_SERIALIZE_NUMPY)
        if len(body) > 3 * REQUEST_BYTES and len(points) > 1:
            half = len(points) // 2
            self._put_points(points[:half])
            self._put_points(points[half:])
            return
        self._transport.send("PUT", f"{_PATH}/points", body, {"collection": self.collection})

    def set_payloads(self, items: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Set payload fields of points; fields not named stay. Returns how many points were named.

        Args:
            items: pairs of guid and fields, of any number: 1,000 points travel at a time, equal fields once.

        Raises:
            PointsNotFoundError: some points don't exist; what came before them was set.
        """
        named = 0
        for chunk in chunks(items, _POINTS_PER_REQUEST):
            merged: dict[str, dict[str, Any]] = {}
            for guid, fields in chunk:
                merged.setdefault(guid, {}).update(fields)
            same: dict[bytes, list[str]] = {}
            for guid, fields in merged.items():
                key = orjson.dumps(fields, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS)
                same.setdefault(key, []).append(guid)
            operations = [
                {"set_payload": {"payload": orjson.Fragment(fields), "points": [point_id(guid) for guid in guids]}}
                for fields, guids in same.items()
            ]
            try:
                self._call("POST", f"{_PATH}/points/batch", {"operations": operations})
            except VectorStoreError as error:
                if error.not_found:
                    self._explain_missing(list(merged), error)
                raise
            named += len(merged)
        return named

    def delete(self, guids: Iterable[str]) -> None:
        """Delete points; nothing happens for those that don't exist."""
        for chunk in chunks(guids, _POINTS_PER_REQUEST):
            self._call("POST", f"{_PATH}/points/delete", {"points": [point_id(guid) for guid in chunk]})

    # -- reading ------------------------------------------------------------------------------------------------------

    def payloads(self, guids: Iterable[str], fields: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return the payloads of points by guid; points that don't exist are left out.

        Args:
            guids: which points.
            fields: which payload fields (all by default; ``id_object`` is always there).
        """
        found: dict[str, dict[str, Any]] = {}
        for chunk in chunks(guids, _POINTS_PER_REQUEST):
            for point in self._retrieve(chunk, with_payload=payload_fields(fields)):
                found[point["payload"][ID_FIELD]] = point["payload"]
        return found

    def vectors(self, guids: Iterable[str], name: str) -> dict[str, Matrix]:
        """Return the vectors ``name`` (float32, shape (d,), unit length) by guid; points without one are left out."""
        found: dict[str, Matrix] = {}
        for chunk in chunks(guids, points_per_request(self.dims().get(name, 0))):
            for point in self._retrieve(chunk, with_payload=[ID_FIELD], with_vector=[name]):
                vector = point["vector"].get(name)
                if vector is not None:
                    found[point["payload"][ID_FIELD]] = np.asarray(vector, np.float32)
        return found

    def count(self, filters: Filters | None = None) -> int:
        """Count points exactly."""
        body = {"filter": build_filter(filters), "exact": True}
        return int(self._call("POST", f"{_PATH}/points/count", body)["count"])

    def scroll(
        self, filters: Filters | None = None, fields: Sequence[str] | None = None, page: int = 1000
    ) -> Iterator[dict[str, Any]]:
        """Stream the payloads of matching points in the order of their point ids, ``page`` points per request."""
        offset = None
        while True:
            body = {
                "filter": build_filter(filters),
                "limit": page,
                "offset": offset,
                "with_payload": payload_fields(fields),
            }
            answer = self._call("POST", f"{_PATH}/points/scroll", body)
            yield from (point["payload"] for point in answer["points"])
            offset = answer["next_page_offset"]
            if offset is None:
                return

    def facet(self, field: str, filters: Filters | None = None, limit: int = 100) -> dict[Any, int]:
        """Count points by value of an indexed field: the ``limit`` commonest values, commonest first."""
        body = {"key": check_field(field), "filter": build_filter(filters), "limit": limit, "exact": True}
        return {hit["value"]: hit["count"] for hit in self._call("POST", f"{_PATH}/facet", body)["hits"]}

    def _retrieve(self, guids: Iterable[str], **selectors: Any) -> list[dict[str, Any]]:
        body = {"ids": [point_id(guid) for guid in guids], **selectors}
        points: list[dict[str, Any]] = self._call("POST", f"{_PATH}/points", body)
        return points

    def _explain_missing(self, guids: list[str], error: VectorStoreError, using: str | None = None) -> None:
        """Say in guids what the server says in point ids; return when missing points are not what went wrong."""
        if isinstance(error, VectorStoreUnavailableError):
            return
        known = self.payloads(guids, [ID_FIELD]) if using is None else self.vectors(guids, using)
        missing = [guid for guid in guids if guid not in known]
        if missing:
            what = "points" if using is None else f"points with a vector {using!r}"
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            raise PointsNotFoundError(
                f"{len(missing)} of {len(guids)} guids are no {what} of {self.collection}: {shown}", error.status
            ) from error


def _checked_column(name: str, matrix: Matrix, flags: Flags | None, count: int) -> tuple[Matrix, Flags]:
    """Check one named vector of all points: a bad number would be refused, or worse be stored, far from its cause."""
    column = np.ascontiguousarray(matrix, np.float32)
    has = np.ones(count, np.bool_) if flags is None else np.asarray(flags, np.bool_)
    if column.ndim != 2 or len(column) != count or has.shape != (count,):
        raise ValueError(
            f"{name}: {count} guids, but vectors of shape {column.shape} and presence of shape {has.shape}"
        )
    norms = np.linalg.norm(column, axis=1)
    bad = np.flatnonzero(has & ~(np.isfinite(norms) & (norms > NORM_MIN)))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} vectors are zero or not finite, the first in row {bad[0]}; mark them absent"
        )
    return column, has


def points_per_request(width: int) -> int:
    """Points with ``width`` numbers each that make about one request."""
    return max(1, min(_POINTS_PER_REQUEST, REQUEST_BYTES // (width * _BYTES_PER_NUMBER + _BYTES_PER_POINT)))


def payload_fields(fields: Sequence[str] | None) -> bool | list[str]:
    """What to ask for as ``with_payload``."""
    return True if fields is None else sorted({ID_FIELD, *fields})


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of at most ``size``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
