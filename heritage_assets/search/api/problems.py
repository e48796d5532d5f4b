"""Errors as answers: every exception the parts raise becomes a problem that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from heritage_assets.curation.encoders.interface import EncoderError, EncoderUnusableError
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.search.batching import OverloadedError
from heritage_assets.search.encoding import EncoderFailedError, EncoderLoadingError
from heritage_assets.search.queries import SearchError, UnknownRecordError
from heritage_assets.search.vector_gateway import VectorsRefusedError, VectorsUnavailableError
from heritage_assets.stores.vector_schema import FilterError

_log = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request", 401: "Key needed", 403: "Not allowed", 404: "Not found", 405: "Method not allowed", 409: "Conflict",
    410: "Gone", 413: "Too large", 415: "Unsupported media type", 422: "Wrong parameters", 429: "Too many requests",
    500: "Internal error", 503: "Unavailable for the moment", 504: "Too slow",
}  # fmt: skip


class ApiProblem(Exception):
    """A request that can't be served."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    retry_after: int | None = None,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that says what went wrong."""
    body: dict[str, Any] = {"title": TITLES.get(status, "Error"), "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    sent = {
        **(headers or {}),
        **({"retry-after": str(retry_after)} if retry_after else {}),
        "cache-control": "no-store",
    }
    return Response(orjson.dumps(body), status, media_type=MEDIA_TYPE, headers=sent)


def not_found(detail: str) -> ApiProblem:
    """What was asked for is not in the archive."""
    return ApiProblem(404, "not_found", detail)


def _image_error(error: Exception) -> Response:
    assert isinstance(error, ImageError)
    status = 413 if str(error.reason) in ("too_many_pixels", "too_large", "too_many_frames") else 415
    return problem(status, str(error.reason), f"the image can't be used: {error}")


def _refused(error: Exception) -> Response:
    assert isinstance(error, VectorsRefusedError)
    if "dimension" in str(error).lower():
        return problem(409, "other_dimension", f"the vector does not fit the archive's encoder: {error}")
    if error.status == 404:
        return problem(404, "no_point", f"the vector store has no such point yet: {error}")
    return problem(422, "vectors_refused", f"the vector store refused the question: {error}")


ANSWERS: dict[type[Exception], Callable[[Exception], Response]] = {
    ApiProblem: lambda error: problem(error.status, error.code, error.detail, retry_after=error.retry_after),  # type: ignore[attr-defined]
    FilterError: lambda error: problem(422, "bad_filter", str(error)),
    UnknownRecordError: lambda error: problem(404, "no_point", str(error)),
    SearchError: lambda error: problem(422, "bad_search", str(error)),
    ImageError: _image_error,
    EncoderError: lambda error: problem(422, "not_encodable", str(error)),
    EncoderUnusableError: lambda error: problem(503, "encoder_failed", str(error), retry_after=30),
    EncoderLoadingError: lambda error: problem(503, "encoder_loading", str(error), retry_after=3),
    EncoderFailedError: lambda error: problem(503, "encoder_failed", str(error), retry_after=60),
    OverloadedError: lambda error: problem(503, "overloaded", str(error), retry_after=error.retry_after),  # type: ignore[attr-defined]
    VectorsUnavailableError: lambda error: problem(503, "vectors_unavailable", str(error), retry_after=2),
    VectorsRefusedError: _refused,
    TimeoutError: lambda _: problem(503, "timeout", "the answer took too long: try again", retry_after=2),
}


def install(app: FastAPI) -> None:
    """Let the application answer with problems."""
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, _handler(answer))
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _handler(answer: Callable[[Exception], Response]) -> Callable[[Request, Exception], Any]:
    async def handle(_: Request, error: Exception) -> Response:
        return answer(error)

    return handle


async def _wrong_parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"where": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
    detail = "; ".join(f"{one['where']}: {one['message']}" for one in errors[:5])
    return problem(422, "wrong_parameters", detail, errors=errors)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = TITLES.get(error.status_code, "error").lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["allow"] = _methods(request)
    return problem(error.status_code, code, str(error.detail), headers=headers)


def _methods(request: Request) -> str:
    """Name all methods of a path: the router knows only those of the first route that has it."""
    template = getattr(request.scope.get("route"), "path_format", "")
    return ", ".join(sorted(method.upper() for method in request.app.openapi()["paths"].get(template, {"get": None})))


async def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("failed: %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "internal_error", "something went wrong here; the server's log says what")
