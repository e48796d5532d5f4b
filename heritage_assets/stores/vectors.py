"""The vector store: points of records in Qdrant, by guid. The embedded endpoint and a real server differ by URL alone.

This module is what the platform imports; collections, points and transport have modules of their own beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heritage_assets.stores.vector_collections import COLLECTION_PATH as _PATH
from heritage_assets.stores.vector_collections import CollectionMismatchError
from heritage_assets.stores.vector_points import (
    NORM_MIN,
    Flags,
    Matrix,
    PointsNotFoundError,
    PointStore,
    chunks,
    payload_fields,
    points_per_request,
)
from heritage_assets.stores.vector_schema import ID_FIELD, FilterError, Filters, build_filter, collection_for, point_id
from heritage_assets.stores.vector_transport import VectorStoreError, VectorStoreUnavailableError

__all__ = [
    "CollectionMismatchError",
    "FilterError",
    "Filters",
    "Flags",
    "Hit",
    "Matrix",
    "PointsNotFoundError",
    "VectorStore",
    "VectorStoreError",
    "VectorStoreUnavailableError",
    "collection_for",
    "point_id",
]

_HITS_PER_REQUEST = 10_000


@dataclass(frozen=True)
class Hit:
    """One found point: guid, score (cosine, -1 to 1) and payload."""

    guid: str
    score: float
    payload: dict[str, Any]


class VectorStore(PointStore):
    """Points, and the search over them; the constructor is that of :class:`.vector_collections.CollectionStore`."""

    def search(
        self,
        vector: Matrix,
        using: str,
        limit: int = 10,
        filters: Filters | None = None,
        *,
        offset: int = 0,
        fields: Sequence[str] | None = None,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """Find the points whose vector ``using`` has the highest cosine with ``vector`` (shape (d,)).

        Args:
            vector: the query; any length but zero.
            using: name of the vector to compare with; points that lack it are not found.
            limit: most hits.
            filters: see :data:`~heritage_assets.stores.vector_schema.Filters`.
            offset: hits to skip.
            fields: payload fields to return (all by default).
            score_threshold: least cosine.
        """
        query = _checked_query(vector, using)
        more = {"offset": offset, "score_threshold": score_threshold}
        return self._query({"query": query, **self._search(using, limit, filters, fields), **more})

    def search_many(
        self,
        vectors: Matrix,
        using: str,
        limit: int = 10,
        filters: Filters | None = None,
        *,
        fields: Sequence[str] | None = None,
        score_threshold: float | None = None,
    ) -> list[list[Hit]]:
        """Run :meth:`search` for each row of ``vectors`` (shape (n, d)), many per request."""
        matrix = np.atleast_2d(np.asarray(vectors, np.float32))
        shared = {**self._search(using, limit, filters, fields), "score_threshold": score_threshold}
        found: list[list[Hit]] = []
        for rows in chunks(
            matrix, min(points_per_request(matrix.shape[1]), max(1, _HITS_PER_REQUEST // max(1, limit)))
        ):
            searches = [{"query": _checked_query(row, using), **shared} for row in rows]
            answers = self._call("POST", f"{_PATH}/points/query/batch", {"searches": searches})
            found += [[_hit(point) for point in answer["points"]] for answer in answers]
        return found

    def similar(
        self,
        guid: str,
        using: str,
        limit: int = 10,
        filters: Filters | None = None,
        *,
        fields: Sequence[str] | None = None,
    ) -> list[Hit]:
        """Find the points most similar to a stored one, which is not among them.

        Raises:
            PointsNotFoundError: there is no such point, or it lacks this vector.
        """
        return self.recommend([guid], (), using, limit=limit, filters=filters, fields=fields)

    def recommend(
        self,
        positive: Sequence[str],
        negative: Sequence[str],
        using: str,
        *,
        limit: int = 10,
        filters: Filters | None = None,
        fields: Sequence[str] | None = None,
    ) -> list[Hit]:
        """Find points near the mean of some stored points and away from others; none of them is among the hits.

        Raises:
            PointsNotFoundError: one of the points does not exist, or lacks this vector.
        """
        examples = {
            "positive": [point_id(guid) for guid in positive],
            "negative": [point_id(guid) for guid in negative],
        }
        try:
            return self._query({"query": {"recommend": examples}, **self._search(using, limit, filters, fields)})
        except VectorStoreError as error:
            self._explain_missing([*positive, *negative], error, using)
            raise

    def _search(self, using: str, limit: int, filters: Filters | None, fields: Sequence[str] | None) -> dict[str, Any]:
        wanted = {"using": using, "limit": limit, "filter": build_filter(filters)}
        return {**wanted, "with_payload": payload_fields(fields), **self._server.search_params()}

    def _query(self, body: dict[str, Any]) -> list[Hit]:
        return [_hit(point) for point in self._call("POST", f"{_PATH}/points/query", body)["points"]]


def _checked_query(vector: Matrix, using: str) -> Matrix:
    query = np.ascontiguousarray(vector, np.float32)
    if query.ndim != 1 or not np.isfinite(query).all() or np.linalg.norm(query) < NORM_MIN:
        raise ValueError(f"a query over {using!r} needs one finite, non-zero vector, got shape {query.shape}")
    return query


def _hit(point: dict[str, Any]) -> Hit:
    payload = point["payload"]
    return Hit(payload[ID_FIELD], float(point["score"]), payload)
