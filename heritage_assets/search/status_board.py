"""What the archive holds and what is going on: computed when something has changed, told to all who watch at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import pyarrow as pa

from heritage_assets.curation.points import PENDING, VALIDATED
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, SOURCE_IMAGES, TABLES
from heritage_assets.search.lake_facts import lake_facts
from heritage_assets.search.questions import HARVEST_FIRST
from heritage_assets.search.status import table_status
from heritage_assets.search.vector_gateway import VectorsRefusedError, VectorsUnavailableError
from heritage_assets.stores.lake import text

if TYPE_CHECKING:
    from heritage_assets.search.api.state import AppState

HOSTS = 20
_MANY = 10_000


class StatusBoard:
    """The latest status, and those who wait for the next. Tables are read when their versions have changed."""

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._key: Any = None
        self._tables: dict[str, Any] = {}
        self._reading = asyncio.Lock()
        self._told = asyncio.Condition()
        self._latest = b""
        self.generation = 0
        self.watchers = 0
        self.known: dict[str, Any] | None = None
        """What :meth:`status` found last."""

    async def status(self) -> dict[str, Any]:
        """Return the fields of :class:`heritage_assets.search.api.models.Status`."""
        state = self._state
        async with self._reading:
            key = await asyncio.to_thread(self._versions)
            if key != self._key:
                self._tables = await asyncio.to_thread(self._read_tables)
                self._key = key
        store, points = await self._points()
        runs = await asyncio.to_thread(state.runs.latest)
        archive = {**self._tables["archive"], "points": {one: sum(points[one].values()) for one in points}}
        batches = [
            {**row, "points": {one: points[one].get(row["batch"], 0) for one in points}}
            for row in self._tables["batches"]
        ]
        self.known = {
            "archive": archive,
            "batches": batches,
            "failures": self._tables["failures"],
            "runs": runs,
            "running": any(run["state"] in ("STARTED", "STARTING", "QUEUED") for run in runs),
            "encoder": self._encoder(),
            "vector_store": store,
            "lake": self._tables["lake"],
            "snapshot": self._snapshot(),
            "hint": None if archive["batches"] else HARVEST_FIRST,
        }
        return self.known

    async def watch(self, seconds: float) -> None:
        """Look for news for ever while somebody watches."""
        while True:
            await asyncio.sleep(seconds)
            if self.watchers:
                await self.look()

    async def look(self) -> None:
        """Tell everybody when the status has changed."""
        latest = orjson.dumps(await self.status(), option=orjson.OPT_UTC_Z)
        if latest != self._latest:
            async with self._told:
                self._latest, self.generation = latest, self.generation + 1
                self._told.notify_all()

    async def next(self, seen: int, seconds: float) -> tuple[int, bytes] | None:
        """Wait for a status newer than ``seen``; None when there is none for so many seconds."""
        try:
            async with asyncio.timeout(seconds), self._told:
                await self._told.wait_for(lambda: self.generation > seen and bool(self._latest))
                return self.generation, self._latest
        except TimeoutError:
            return None

    # -- parts ----------------------------------------------------------------------------------------------------------

    def _versions(self) -> Any:
        lake = self._state.platform.lake
        return [lake.version(table) for table in TABLES.values()], self._state.platform.landing.batches()

    def _read_tables(self) -> dict[str, Any]:
        archive = table_status(self._state.platform)
        del archive["home"], archive["lake"]  # paths of the server
        lake = self._state.platform.lake
        images = _by_batch(lake.read(SOURCE_IMAGES, columns=["batch", "status"]), "status")
        embeddings = _by_batch(lake.read(CLIP_EMBEDDINGS, columns=["batch", "embedding_status"]), "embedding_status")
        failed = lake.read(SOURCE_IMAGES, columns=["url"], where=text("status") == "FAILED")["url"]
        hosts = Counter(_host(url) for url in failed.to_pylist())
        batches = [
            {**row, "images": images.get(row["batch"], {}), "embeddings": embeddings.get(row["batch"], {})}
            for row in archive.pop("by_batch")
        ]
        failures = {"by_reason": archive["failed_by_reason"], "by_host": dict(hosts.most_common(HOSTS))}
        return {"archive": archive, "batches": batches, "failures": failures, "lake": lake_facts(lake)}

    async def _points(self) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
        """Return how the vector store is, and its points by status and batch."""
        nothing: dict[str, dict[str, int]] = {PENDING: {}, VALIDATED: {}}
        vectors = self._state.vectors
        where = self._state.settings.qdrant_url or "embedded"
        try:
            collection = await vectors.collection(self._state.encoder_id()) or await vectors.collection(None)
            if collection is None:
                return {"state": "empty", "where": where, "collection": None, "problem": None}, nothing
            counted = await asyncio.gather(
                *(vectors.facet(collection, "batch", {"status": one}, _MANY) for one in nothing)
            )
        except (VectorsUnavailableError, VectorsRefusedError) as error:
            return {"state": "unavailable", "where": where, "collection": None, "problem": str(error)}, nothing
        points = {one: dict(values) for one, values in zip(nothing, counted, strict=True)}
        return {"state": "ready", "where": where, "collection": collection, "problem": None}, points

    def _encoder(self) -> dict[str, Any]:
        encoder = self._state.encoder
        name = self._state.encoder_name
        return {"name": name, "id": self._state.encoder_id(), "state": encoder.state, "problem": encoder.problem}

    def _snapshot(self) -> dict[str, Any]:
        keeper = self._state.keeper
        known = keeper.snapshot
        made = {"records": known.size, "built_at": known.built_at} if known else {"records": 0, "built_at": None}
        return {**made, "problem": keeper.problem}


def _by_batch(rows: pa.Table, column: str) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    for row in rows.group_by(["batch", column]).aggregate([([], "count_all")]).to_pylist():
        counted.setdefault(row["batch"], {})[row[column] or "(none)"] = row["count_all"]
    return counted


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "(no host)")[:253]
    except ValueError:
        return "(no host)"
