"""What the application holds open while it runs, and how routes reach it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Annotated, cast

from fastapi import Depends, Request

from heritage_assets.search.api.metrics import Metrics
from heritage_assets.search.api.session import Doorkeeper
from heritage_assets.search.documents import DocumentDesk
from heritage_assets.search.encoding import EncoderGateway
from heritage_assets.search.engine import SearchEngine
from heritage_assets.search.keeper import SnapshotKeeper
from heritage_assets.search.map_data import MapBook
from heritage_assets.search.review import ReviewDesk
from heritage_assets.search.runs import DagsterRuns
from heritage_assets.search.settings import SearchSettings
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.status_board import StatusBoard
from heritage_assets.search.vector_gateway import VectorGateway
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

_log = logging.getLogger(__name__)


class AppState:
    """The stores, the gateways and the snapshot of one application."""

    def __init__(self, settings: Settings, limits: SearchSettings) -> None:
        self.settings = settings
        self.limits = limits
        self.platform = Platform(settings)
        self.encoder = EncoderGateway(self.platform.encoder, limits, settings.fetch)
        self.vectors = VectorGateway(settings, limits)
        self.engine = SearchEngine(self.vectors, self.encoder, limits)
        self.keeper = SnapshotKeeper(self.platform.lake, self.encoder_id, limits.refresh_seconds)
        self.runs = DagsterRuns(settings.dagster_home, limits.dagster_ui)
        self.desk = ReviewDesk(self.platform.lake)
        self.documents = DocumentDesk(self.platform.lake)
        self.maps = MapBook()
        self.board = StatusBoard(self)
        self.doorkeeper = Doorkeeper(limits)
        self.metrics = Metrics()
        self.metrics.follow(self)
        self.encoder.on_batch = self.metrics.encoder_batch
        self.vectors.on_call = self.metrics.vector_call
        self.exports = 0
        self.encoder_name = settings.encoder
        self._tasks: list[asyncio.Task[None]] = []

    def encoder_id(self) -> str | None:
        """Identity of the loaded encoder; None while it loads."""
        return self.encoder.loaded.id if self.encoder.loaded is not None else None

    async def open(self) -> None:
        """Begin to load the encoder and to follow the tables."""
        loop = asyncio.get_running_loop()
        work = (
            self._warm_up(),
            self.keeper.watch(),
            self.board.watch(self.limits.refresh_seconds),
            self._follow_switch(),
        )
        self._tasks = [loop.create_task(one) for one in work]

    async def _warm_up(self) -> None:
        """Load what is slow to load: the encoder, then Dagster (neither holds up what needs neither)."""
        with suppress(Exception):  # told by the encoder itself, which can't be loaded then
            self.encoder_name = await asyncio.to_thread(self.platform.encoder_name)
        await self.encoder.start()
        await asyncio.to_thread(self.runs.latest)

    async def _follow_switch(self) -> None:
        """Take the encoder that the archive is switched to, without a restart; HERITAGE_ENCODER pins one for good."""
        while not self.settings.encoder_is_set:
            await asyncio.sleep(self.limits.refresh_seconds)
            if self.encoder.state == "loading":
                continue
            try:
                name = await asyncio.to_thread(self.platform.encoder_name)
                if name != self.encoder_name and await self.encoder.follow():
                    _log.info("searching with %s", self.encoder_id())
                self.encoder_name = name
            except Exception as error:  # storage and loaders fail in many types; the encoder in use goes on answering
                _log.warning("can't follow the switch of the encoder: %s", error)

    async def close(self) -> None:
        """Stop following, close connections."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self.encoder.close()
        await self.vectors.close()
        await asyncio.to_thread(self.runs.close)


def get_state(request: Request) -> AppState:
    """Return the application's state."""
    return cast(AppState, request.app.state.heritage)


async def get_snapshot(request: Request) -> Snapshot:
    """Return the newest snapshot."""
    return await get_state(request).keeper.current()


State = Annotated[AppState, Depends(get_state)]
Current = Annotated[Snapshot, Depends(get_snapshot)]
