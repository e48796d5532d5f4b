"""Puts the application together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from heritage_assets import __version__
from heritage_assets.search.api import (
    problems,
    routes_documents,
    routes_export,
    routes_operation,
    routes_page,
    routes_records,
    routes_review,
    routes_search,
    routes_views,
    session,
)
from heritage_assets.search.api.guard import Guard
from heritage_assets.search.api.models import Problem
from heritage_assets.search.api.state import AppState
from heritage_assets.search.settings import SearchSettings
from heritage_assets.settings import Settings

DESCRIPTION = (
    "Search, compare, review and understand an archive of images. Reads what the assets made; writes nothing but review "
    "decisions. Errors are problems (RFC 9457) with a `code` for programs and a `detail` for people."
)
DOCUMENTED = (400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 503)
ROUTERS = (
    routes_search.router,
    routes_records.router,
    routes_review.router,
    routes_documents.router,
    routes_views.router,
    routes_export.router,
    session.router,
    routes_operation.router,
    routes_page.router,
)


def create_app(settings: Settings | None = None, limits: SearchSettings | None = None) -> FastAPI:
    """Build the application over one home; its stores are opened when it starts."""
    settings = settings or Settings()
    state = AppState(settings, limits or settings.search)

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
        redirect_slashes=False,
        responses={status: _documented(status) for status in DOCUMENTED},
    )
    app.state.heritage = state
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    if state.limits.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(state.limits.allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-api-key"],
        )
    app.add_middleware(Guard, limits=state.limits, doorkeeper=state.doorkeeper, metrics=state.metrics)
    app.openapi = partial(_document, app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document; problems are not of the media type that FastAPI would write for a model."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas[Problem.__name__] = Problem.model_json_schema()
        forms = (schema for name, schema in schemas.items() if name.startswith("Body_"))
        for field in (field for form in forms for field in form.get("properties", {}).values()):
            _without_null(field)
        operations = (one for path in made["paths"].values() for one in path.values())
        for parameter in (one for operation in operations for one in operation.get("parameters", [])):
            _without_null(parameter["schema"])
        app.openapi_schema = made
    return app.openapi_schema


def _without_null(field: dict[str, Any]) -> None:
    """Forms and addresses have no nulls: what is optional is left out."""
    several = field.get("anyOf", [])
    kept = [one for one in several if one.get("type") != "null"]
    if len(kept) == 1 and len(several) > 1:
        del field["anyOf"]
        field.update(kept[0])


def _documented(status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": problems.TITLES[status], "content": {problems.MEDIA_TYPE: {"schema": schema}}}
