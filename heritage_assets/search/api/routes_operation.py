"""For those who run the application: alive, ready, figures."""

from __future__ import annotations

import logging

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.state import State
from heritage_assets.search.vector_gateway import VectorsRefusedError, VectorsUnavailableError

_log = logging.getLogger(__name__)
router = APIRouter(tags=["operation"])
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Health(BaseModel):
    """Whether the application can serve, part by part."""

    ready: bool
    parts: dict[str, str]


@router.get("/healthz", response_model=dict[str, str])
async def alive() -> Response:
    """Answer that the process lives."""
    return Json({"status": "alive"})


@router.get("/readyz", response_model=Health, responses={503: {"model": Health, "description": "Not ready"}})
async def ready(state: State) -> Response:
    """Tell whether searches can be served: tables read, encoder loaded, vector store in reach."""
    try:
        await state.vectors.collection(None)
        vectors = "ready"
    except (VectorsUnavailableError, VectorsRefusedError) as error:
        vectors = str(error)
    tables = state.keeper.problem or ("ready" if state.keeper.snapshot else "loading")
    parts = {"tables": tables, "encoder": state.encoder.problem or state.encoder.state, "vector_store": vectors}
    good = all(part == "ready" for part in parts.values())
    return Json({"ready": good, "parts": parts}, status_code=200 if good else 503)


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(state: State) -> Response:
    """Return figures for Prometheus: of requests, and of the chain (left out while its tables can't be read)."""
    try:
        await state.board.status()
    except Exception as error:  # storage fails in many types; the application's own figures are told all the same
        state.board.known = None
        _log.warning("no figures of the chain: %s", error)
    return Response(state.metrics.text(), media_type=EXPOSITION)
