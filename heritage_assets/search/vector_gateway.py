"""The vector store as the application asks it: without blocking, in batches, with time-outs, and back by itself after an outage.

Belongs here: reading. The application never writes points. Requests speak Qdrant's REST API, like the platform's own client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import orjson

from heritage_assets.search.batching import Batcher
from heritage_assets.search.queries import Vector, VectorQuery
from heritage_assets.search.settings import SearchSettings
from heritage_assets.settings import Settings
from heritage_assets.stores.vector_schema import ALIAS, ID_FIELD, build_filter, collection_for, point_id

_TRANSIENT = frozenset((429, 500, 502, 503, 504))
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class VectorsUnavailableError(RuntimeError):
    """The vector store can't be reached in time; it is looked for again with the next request."""


class VectorsRefusedError(RuntimeError):
    """The vector store refused a request; ``status`` is its HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class _Search:
    collection: str
    body: dict[str, Any]


class VectorGateway:
    """Asynchronous reading of points.

    Memory: ``vector_queue`` queries, and ``vector_connections`` requests of ``vector_batch`` queries under way.

    Args:
        settings: where the store is; without a URL the home's embedded endpoint, started when it must be.
        limits: connections, batches and time-outs.
    """

    def __init__(self, settings: Settings, limits: SearchSettings) -> None:
        self._settings = settings
        self._limits = limits
        self._client: httpx.AsyncClient | None = None
        self._finding = asyncio.Lock()
        self._searches: Batcher[_Search, list[tuple[str, float]]] = Batcher(
            self._search_batch,
            name="the vector store",
            batch=limits.vector_batch,
            most_waiting=limits.vector_queue,
            lanes=limits.vector_connections,
        )
        self.on_call: Callable[[str, float], None] = lambda _outcome, _seconds: None
        """Told about every call: "ok" or "failed", and its seconds."""

    @property
    def shed(self) -> int:
        """Queries refused because too many waited."""
        return self._searches.shed

    @property
    def waiting(self) -> int:
        """Queries that wait now."""
        return self._searches.waiting

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    # -- searching ------------------------------------------------------------------------------------------------------

    async def search(
        self, collection: str, query: VectorQuery, filters: Mapping[str, Any] | None, limit: int
    ) -> list[tuple[str, float]]:
        """Return (guid, scaled cosine) of the best points, best first.

        Raises:
            FilterError: a filter that the fields can't answer.
            OverloadedError: too many queries wait.
            VectorsUnavailableError: out of reach.
            VectorsRefusedError: refused; 404 where ``query.like`` names no point.
        """
        narrowed = query.narrowed(filters)
        if narrowed is None or limit < 1:
            return []
        body = {
            "query": point_id(query.like) if query.like is not None else np.ascontiguousarray(query.vector, np.float32),
            "using": query.using,
            "limit": limit,
            "filter": build_filter(_by_field(narrowed)),
            "with_payload": [ID_FIELD],
            **self._settings.vectors.search_params(),
        }
        async with asyncio.timeout(self._limits.vector_timeout):
            hits = await self._searches.ask(_Search(collection, body))
        return hits if query.scale == 1.0 else [(guid, score * query.scale) for guid, score in hits]

    async def _search_batch(self, searches: list[_Search]) -> list[list[tuple[str, float]] | Exception]:
        by_collection: dict[str, list[int]] = {}
        for position, one in enumerate(searches):
            by_collection.setdefault(one.collection, []).append(position)
        answers: list[list[tuple[str, float]] | Exception] = [[] for _ in searches]
        for collection, positions in by_collection.items():
            bodies = [searches[position].body for position in positions]
            for position, answer in zip(positions, await self._query(collection, bodies), strict=True):
                answers[position] = answer
        return answers

    async def _query(self, collection: str, bodies: list[dict[str, Any]]) -> list[list[tuple[str, float]] | Exception]:
        """Run searches in one request; where one is refused, each on its own, so that nobody gets another's error."""
        try:
            if len(bodies) == 1:
                return [_hits(await self._call("POST", f"/collections/{collection}/points/query", bodies[0]))]
            found = await self._call("POST", f"/collections/{collection}/points/query/batch", {"searches": bodies})
        except VectorsRefusedError as error:
            if len(bodies) == 1:
                return [error]
            return [(await self._query(collection, [body]))[0] for body in bodies]
        return [_hits(one) for one in found]

    # -- reading --------------------------------------------------------------------------------------------------------

    async def vectors(
        self, collection: str, guids: Sequence[str], names: Sequence[str]
    ) -> dict[str, dict[str, Vector]]:
        """Return the named vectors of points by guid and name; what does not exist is left out."""
        body = {"ids": [point_id(guid) for guid in guids], "with_payload": [ID_FIELD], "with_vector": list(names)}
        points = await self._call("POST", f"/collections/{collection}/points", body)
        return {
            point["payload"][ID_FIELD]: {
                name: np.asarray(values, np.float32) for name, values in (point.get("vector") or {}).items()
            }
            for point in points
        }

    async def payloads(self, collection: str, guids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the payloads of points by guid; those that don't exist are left out."""
        body = {"ids": [point_id(guid) for guid in guids], "with_payload": True}
        points = await self._call("POST", f"/collections/{collection}/points", body)
        return {point["payload"][ID_FIELD]: point["payload"] for point in points}

    async def facet(
        self, collection: str, field: str, filters: Mapping[str, Any] | None, limit: int
    ) -> list[tuple[Any, int]]:
        """Count points by value of a field, commonest first."""
        body = {"key": field, "filter": build_filter(_by_field(filters)), "limit": limit, "exact": True}
        hits = (await self._call("POST", f"/collections/{collection}/facet", body))["hits"]
        return [(hit["value"], hit["count"]) for hit in hits]

    async def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        """Count points exactly."""
        body = {"filter": build_filter(_by_field(filters)), "exact": True}
        return int((await self._call("POST", f"/collections/{collection}/points/count", body))["count"])

    async def collection(self, encoder: str | None) -> str | None:
        """Return the collection of an encoder (of the active one for None), or None where there is none."""
        if encoder is None:
            aliases = (await self._call("GET", "/aliases"))["aliases"]
            return next((one["collection_name"] for one in aliases if one["alias_name"] == ALIAS), None)
        name = collection_for(encoder)
        exists = (await self._call("GET", f"/collections/{name}/exists"))["exists"]
        return name if exists else None

    async def encoder_of(self, collection: str) -> str | None:
        """Return the id of the encoder whose points a collection holds; None while it is empty."""
        body = {"limit": 1, "with_payload": ["encoder"]}
        points = (await self._call("POST", f"/collections/{collection}/points/scroll", body))["points"]
        return next((str(point["payload"]["encoder"]) for point in points if point["payload"].get("encoder")), None)

    # -- connection -----------------------------------------------------------------------------------------------------

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        started = time.perf_counter()
        outcome = "failed"
        try:
            answer = await self._answer(method, path, body)
            outcome = "ok"
            return answer
        finally:
            self.on_call(outcome, time.perf_counter() - started)

    async def _answer(self, method: str, path: str, body: Any) -> Any:
        content = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        try:
            response = await self._send(method, path, content)
        except httpx.TransportError as error:
            raise self._unavailable(str(error) or type(error).__name__) from error
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = {}
        if response.status_code == 200 and isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        status = answer.get("status") if isinstance(answer, dict) else None
        message = str(status.get("error")) if isinstance(status, dict) else f"HTTP {response.status_code}"
        if response.status_code in _TRANSIENT or response.status_code == 200:
            raise self._unavailable(message)
        raise VectorsRefusedError(message, response.status_code)

    async def _send(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        """Send; where the server is gone, look for it once more (the embedded endpoint may have come back elsewhere)."""
        client = await self._connected()
        headers = {"content-type": "application/json"}
        try:
            return await client.request(method, path, content=content, headers=headers)
        except (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if self._client is client:
                self._client = None
                await client.aclose()
            client = await self._connected()
            return await client.request(method, path, content=content, headers=headers)

    async def _connected(self) -> httpx.AsyncClient:
        if self._client is not None:
            return self._client
        async with self._finding:
            if self._client is None:
                url = self._settings.qdrant_url or await self._embedded_url()
                key = self._settings.qdrant_api_key
                connections = self._limits.vector_connections + 4
                self._client = httpx.AsyncClient(
                    base_url=url,
                    headers={"api-key": key.get_secret_value()} if key else None,
                    timeout=httpx.Timeout(self._limits.vector_timeout, connect=min(3.0, self._limits.vector_timeout)),
                    limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
                    trust_env=urlsplit(url).hostname not in _LOOPBACK,
                )
            return self._client

    async def _embedded_url(self) -> str:
        from heritage_assets.embedded.vector_endpoint import ensure_endpoint

        finding = asyncio.to_thread(ensure_endpoint, self._settings.home)
        try:
            return await asyncio.wait_for(finding, self._limits.vector_timeout)
        except (RuntimeError, OSError, TimeoutError) as error:
            raise self._unavailable(f"the embedded endpoint did not start: {error}") from error

    def _unavailable(self, why: str) -> VectorsUnavailableError:
        where = self._settings.qdrant_url or "of this home"
        return VectorsUnavailableError(
            f"the vector store {where} does not answer ({why}); searching works again when it does"
        )


def _by_field(filters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {ID_FIELD if name == "guid" else name: wanted for name, wanted in (filters or {}).items()} or None


def _hits(answer: Any) -> list[tuple[str, float]]:
    return [(point["payload"][ID_FIELD], float(point["score"])) for point in answer["points"]]
