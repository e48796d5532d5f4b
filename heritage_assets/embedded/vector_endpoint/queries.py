"""Universal queries of the REST API as queries of the engine.

The engine knows vectors only. What a Qdrant server adds on top is done here: point ids in place of vectors, leaving those points
out of the answer, and recommendation by the mean of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint.collection import Collection
from heritage_assets.embedded.vector_endpoint.errors import (
    format_error,
    not_found,
    unsupported,
    validation_error,
    wrong_input,
)
from heritage_assets.embedded.vector_endpoint.filters import build_filter, excluding, point_id
from heritage_assets.embedded.vector_endpoint.points import check_vector, payload_selector, vector_selector

_DEFAULT_LIMIT = 10
_MMR_LAMBDA = 0.5
_RRF_K = 2
_OFFSET_MAX = 2**31


class QueryBuilder:
    """Builds one query; remembers the points it named, which must not be their own answer."""

    def __init__(self, collection: Collection, body: dict[str, Any]) -> None:
        self.collection = collection
        self.using = body.get("using") or ""
        if not isinstance(self.using, str):
            raise format_error("using must be the name of a vector")
        self.named: list[int | str] = []

    def scoring(self, query: Any, limit: int) -> Any:
        """Build what scores the points: a list of numbers, a point id, or an object that names the kind of query."""
        if query is None:
            return None
        if isinstance(query, list | str | int):
            return edge.Query.Nearest(self.vector(query), using=self.using)
        if not isinstance(query, dict):
            raise format_error("query must be a vector, a point ID or an object")
        kinds: dict[str, Callable[[Any], Any]] = {
            "nearest": lambda _: self._nearest(query, limit),
            "recommend": self._recommend,
            "order_by": build_order,
            "fusion": _fusion,
            "rrf": lambda rrf: edge.Fusion.Rrf(rrf.get("k") or _RRF_K, rrf.get("weights")),
            "sample": _sample,
        }
        kind = next((name for name in kinds if name in query), None)
        if kind is None:
            raise unsupported(f"a query with {sorted(query)}")
        return kinds[kind](query[kind])

    def vector(self, example: Any) -> list[float]:
        """Return the vector of an example: itself, or that of the point it names."""
        if isinstance(example, list):
            return check_vector(example, self.using, self.collection.dims)
        if isinstance(example, dict):
            raise unsupported("a query with a sparse vector or an inference object")
        if self.using not in self.collection.dims:
            raise wrong_input(f"Not existing vector name error: {self.using}")
        ident = point_id(example)
        found = self.collection.read("retrieve", [ident], False, [self.using] if self.using else True)
        if not found:
            raise not_found(f"No point with id {ident} found")
        vectors = found[0].vector
        vector = vectors.get(self.using) if isinstance(vectors, dict) else vectors
        if not vector:
            raise wrong_input(f"Vector with name '{self.using}' is missing for point {ident}")
        self.named.append(ident)
        return list(vector)

    def _nearest(self, query: dict[str, Any], limit: int) -> Any:
        vector = self.vector(query["nearest"])
        mmr = query.get("mmr")
        if mmr is None:
            return edge.Query.Nearest(vector, using=self.using)
        diversity = mmr.get("diversity")
        weight = _MMR_LAMBDA if diversity is None else 1.0 - diversity
        candidates = mmr.get("candidates_limit") or limit
        return edge.Mmr(vector=vector, lambda_=weight, candidates_limit=candidates, using=self.using)

    def _recommend(self, body: Any) -> Any:
        if not isinstance(body, dict):
            raise format_error("recommend must be an object")
        positive: list[Any] = [self.vector(one) for one in body.get("positive") or []]
        negative: list[Any] = [self.vector(one) for one in body.get("negative") or []]
        strategy = body.get("strategy") or "average_vector"
        if not positive and (strategy == "average_vector" or not negative):
            raise wrong_input("At least one positive vector ID required with this strategy")
        if strategy == "average_vector":
            return edge.Query.Nearest(_mean_of_examples(positive, negative), using=self.using)
        examples = edge.RecommendQuery(positive, negative)
        if strategy == "best_score":
            return edge.Query.RecommendBestScore(examples, using=self.using)
        if strategy == "sum_scores":
            return edge.Query.RecommendSumScores(examples, using=self.using)
        raise format_error(f"unknown recommend strategy {strategy!r}")


def _fusion(kind: Any) -> Any:
    if kind == "rrf":
        return edge.Fusion.Rrf(_RRF_K)
    if kind == "dbsf":
        return edge.Fusion.Dbsf()
    raise format_error(f"unknown fusion {kind!r}")


def _sample(kind: Any) -> Any:
    if kind == "random":
        return edge.Sample.Random
    raise format_error(f"unknown sample {kind!r}")


def _mean_of_examples(positive: list[list[float]], negative: list[list[float]]) -> list[float]:
    """Qdrant's average-vector strategy: mean of the positives, moved away from the mean of the negatives."""
    target = np.mean(np.asarray(positive, np.float32), axis=0)
    if negative:
        target = 2 * target - np.mean(np.asarray(negative, np.float32), axis=0)
    mean: list[float] = target.tolist()
    return mean


def build_query(collection: Collection, body: Any) -> Any:
    """Build the engine's request for one ``…/points/query``."""
    if not isinstance(body, dict):
        raise format_error("expected an object")
    if body.get("lookup_from") is not None:
        raise unsupported("lookup_from")
    limit = check_count(body.get("limit"), "limit", default=_DEFAULT_LIMIT, least=1)
    builder = QueryBuilder(collection, body)
    scoring = builder.scoring(body.get("query"), limit)
    return edge.QueryRequest(
        limit=limit,
        offset=check_count(body.get("offset"), "offset", default=0, least=0),
        query=scoring,
        prefetches=_prefetches(collection, body.get("prefetch"), limit),
        with_vector=vector_selector(body.get("with_vector"), collection.dims),
        with_payload=payload_selector(body.get("with_payload"), default=False),
        filter=excluding(build_filter(body.get("filter")), builder.named),
        score_threshold=body.get("score_threshold"),
        params=_params(body.get("params")),
    )


def _prefetches(collection: Collection, body: Any, limit: int) -> list[Any]:
    if body is None:
        return []
    built = []
    for one in body if isinstance(body, list) else [body]:
        if not isinstance(one, dict) or one.get("lookup_from") is not None:
            raise unsupported("a prefetch of this form")
        own_limit = check_count(one.get("limit"), "prefetch.limit", default=limit, least=1)
        builder = QueryBuilder(collection, one)
        scoring = builder.scoring(one.get("query"), own_limit)
        built.append(
            edge.Prefetch(
                limit=own_limit,
                query=scoring,
                prefetches=_prefetches(collection, one.get("prefetch"), own_limit),
                filter=excluding(build_filter(one.get("filter")), builder.named),
                score_threshold=one.get("score_threshold"),
                params=_params(one.get("params")),
            )
        )
    return built


def _params(body: Any) -> Any:
    if body is None:
        return None
    return edge.SearchParams(
        hnsw_ef=body.get("hnsw_ef"), exact=bool(body.get("exact")), indexed_only=bool(body.get("indexed_only"))
    )


def build_order(body: Any) -> Any:
    """Build an order by a payload field: its name, or an object with key, direction and start_from."""
    if isinstance(body, str):
        body = {"key": body}
    if not isinstance(body, dict) or not isinstance(body.get("key"), str):
        raise format_error("order_by must be a field name or an object with a key")
    directions = {None: None, "asc": edge.Direction.Asc, "desc": edge.Direction.Desc}
    direction = body.get("direction")
    if not (direction is None or isinstance(direction, str)) or direction not in directions:
        raise format_error("direction must be asc or desc")
    return edge.OrderBy(body["key"], directions[direction], body.get("start_from"))


def check_count(value: Any, name: str, *, default: int, least: int) -> int:
    """Check a limit or an offset."""
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise format_error(f"{name} must be an integer")
    if not least <= value < _OFFSET_MAX:
        raise validation_error(f"{name}: value {value} invalid, must be {least} or larger")
    return value
