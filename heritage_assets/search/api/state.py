"""What the application holds open while it runs, and how routes reach it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, cast

from fastapi import Depends, Request

from heritage_assets.search.encoding import EncoderGateway
from heritage_assets.search.engine import SearchEngine
from heritage_assets.search.keeper import SnapshotKeeper
from heritage_assets.search.runs import DagsterRuns
from heritage_assets.search.settings import SearchSettings
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.vector_gateway import VectorGateway
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform


class AppState:
    """The stores, the gateways and the snapshot of one application."""

    def __init__(self, settings: Settings, limits: SearchSettings) -> None:
        self.settings = settings
        self.limits = limits
        self.platform = Platform(settings)
        self.encoder = EncoderGateway(self.platform.encoder, limits)
        self.vectors = VectorGateway(settings, limits)
        self.engine = SearchEngine(self.vectors, self.encoder, limits)
        self.keeper = SnapshotKeeper(self.platform.lake, self.encoder_id, limits.refresh_seconds)
        self.runs = DagsterRuns(settings.dagster_home, limits.dagster_ui)
        self._tasks: list[asyncio.Task[None]] = []

    def encoder_id(self) -> str | None:
        """Identity of the loaded encoder; None while it loads."""
        return self.encoder.loaded.id if self.encoder.loaded is not None else None

    async def open(self) -> None:
        """Begin to load the encoder and to follow the tables."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self.encoder.start()), loop.create_task(self.keeper.watch())]

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
