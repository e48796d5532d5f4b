"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from heritage_assets import __version__
from heritage_assets.search.api import problems, routes_records, routes_search
from heritage_assets.search.api.models import Problem
from heritage_assets.search.api.state import AppState
from heritage_assets.search.settings import SearchSettings, search_settings
from heritage_assets.settings import Settings

DESCRIPTION = (
    "Search, compare, review and understand an archive of images. Reads what the assets made; writes nothing but review "
    "decisions. Errors are problems (RFC 9457) with a `code` for programs and a `detail` for people."
)
_PROBLEMS = {
    status: {"model": Problem, "content": {problems.MEDIA_TYPE: {}}, "description": problems.TITLES[status]}
    for status in (401, 403, 404, 413, 422, 429, 503)
}
ROUTERS = (routes_search.router, routes_records.router)


def create_app(settings: Settings | None = None, limits: SearchSettings | None = None) -> FastAPI:
    """Build the application over one home; its stores are opened when it starts."""
    settings = settings or Settings()
    state = AppState(settings, limits or search_settings(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await state.open()
        try:
            yield
        finally:
            await state.close()

    app = FastAPI(
        title="heritage_assets",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,  # type: ignore[arg-type]
    )
    app.state.heritage = state
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
