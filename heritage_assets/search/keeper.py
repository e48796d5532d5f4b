"""Keeps the snapshot in step with the tables, without a restart and without any request waiting for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.snapshot_building import build_snapshot, table_versions
from heritage_assets.stores.lake import Lake

REST = 5
"""A snapshot is built at most every so many times as long as building it takes: a running chain commits all the time."""
_log = logging.getLogger(__name__)


class SnapshotKeeper:
    """Holds the newest snapshot and looks every ``seconds`` whether the tables have changed.

    Args:
        lake: the tables.
        encoder: returns the id of the encoder whose pairs and embeddings count, once known.
        seconds: time between two looks.
    """

    def __init__(self, lake: Lake, encoder: Callable[[], str | None], seconds: float) -> None:
        self._lake = lake
        self._encoder = encoder
        self._seconds = seconds
        self._snapshot: Snapshot | None = None
        self._of_encoder: str | None = None
        self._took = 0.0
        self._refreshing = asyncio.Lock()
        self.problem: str | None = None
        """Why the tables could not be read at the last look, if so."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot; None until the first is built."""
        return self._snapshot

    async def current(self) -> Snapshot:
        """Return the newest snapshot, building the first one where there is none."""
        if self._snapshot is None:
            await self.refresh()
        assert self._snapshot is not None
        return self._snapshot

    async def refresh(self) -> bool:
        """Build a snapshot where tables or encoder have changed; tell whether they had."""
        async with self._refreshing:
            encoder = self._encoder()
            versions = await asyncio.to_thread(table_versions, self._lake)
            known = self._snapshot
            if known is not None and versions == known.versions and encoder == self._of_encoder:
                return False
            started = time.monotonic()
            self._snapshot = await asyncio.to_thread(build_snapshot, self._lake, encoder)
            self._took, self._of_encoder = time.monotonic() - started, encoder
            return True

    async def watch(self) -> None:
        """Refresh for ever; an outage of the store is noted and waited for."""
        while True:
            try:
                await self.refresh()
                self.problem = None
            except Exception as error:  # storage fails in many types; the application serves what it has meanwhile
                self.problem = f"{type(error).__name__}: {error}"
                _log.warning("can't read the tables: %s", self.problem)
            await asyncio.sleep(max(self._seconds, REST * self._took))
