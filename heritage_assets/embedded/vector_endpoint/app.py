"""The web application: reads JSON, calls the route's function, answers in Qdrant's envelope, and knows when it was last used."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from heritage_assets.embedded.vector_endpoint.catalog import Catalog
from heritage_assets.embedded.vector_endpoint.errors import ApiError, unsupported, wrong_input
from heritage_assets.embedded.vector_endpoint.routes import API_VERSION, ROUTES, Handler

BODY_MAX = 32 * 2**20
"""Most bytes of one request: the default of a Qdrant server."""
INSTANCE_HEADER = "x-heritage-endpoint"
_LOCAL_HOSTS = frozenset(("127.0.0.1", "localhost"))
_log = logging.getLogger(__name__)


class Activity:
    """When the endpoint was last used, and whether it is at work now."""

    def __init__(self) -> None:
        self.running = 0
        self.last = time.monotonic()

    def idle_seconds(self) -> float:
        """Seconds since the last request ended; 0 while one runs."""
        return 0.0 if self.running else time.monotonic() - self.last


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


def _refuse_browsers(request: Request) -> None:
    """A web page could reach a loopback port from its visitor's browser (CSRF, DNS rebinding); no client of ours sends Origin."""
    host = request.headers.get("host", "").rpartition(":")
    if (host[0] or host[2]) not in _LOCAL_HOSTS or "origin" in request.headers:
        raise ApiError(403, "Forbidden: the embedded vector endpoint answers local programs only")


async def _read_json(request: Request) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX:
            raise ApiError(413, f"JSON payload is larger than allowed (limit: {BODY_MAX} bytes)")
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"Format error in JSON body: {error}") from error


class Application:
    """The ASGI application over one catalog."""

    def __init__(self, catalog: Catalog, instance: str) -> None:
        self.catalog = catalog
        self.instance = instance
        self.activity = Activity()

    def asgi(self, lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None) -> Starlette:
        """Build the Starlette application."""
        routes = [Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in ROUTES]
        routes += [Route(path, self._healthy) for path in ("/healthz", "/livez", "/readyz")]
        routes += [Route("/", self._root), Route("/telemetry", self._endpoint(self._telemetry))]
        routes.append(
            Route("/{path:path}", self._endpoint(self._unknown), methods=["GET", "PUT", "POST", "PATCH", "DELETE"])
        )
        return Starlette(routes=routes, lifespan=lifespan)

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            self.activity.running += 1
            try:
                result = await self._run(handler, request)
                return _json(200, {"result": result, "status": "ok", "time": time.perf_counter() - started})
            except ApiError as error:
                took = time.perf_counter() - started
                return _json(error.status, {"status": {"error": error.message}, "time": took})
            finally:
                self.activity.running -= 1
                self.activity.last = time.monotonic()

        return endpoint

    async def _run(self, handler: Handler, request: Request) -> Any:
        _refuse_browsers(request)
        body = await _read_json(request)
        try:
            result = handler(self.catalog, request.path_params, body)
            return await result if inspect.isawaitable(result) else result
        except ApiError:
            raise
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            # Hostile JSON reaches the engine's constructors as a wrong Python type; the log tells it from a fault of ours.
            _log.warning("refused %s %s", request.method, request.url.path, exc_info=True)
            raise wrong_input(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error
        except Exception as error:
            _log.exception("failed: %s %s", request.method, request.url.path)
            raise ApiError(500, f"Service internal error: {error}") from error

    async def _healthy(self, _: Request) -> Response:
        self.activity.last = time.monotonic()
        return PlainTextResponse("healthz check passed", headers={INSTANCE_HEADER: self.instance})

    async def _root(self, _: Request) -> Response:
        self.activity.last = time.monotonic()
        return _json(200, {"title": "heritage_assets - embedded vector endpoint", "version": API_VERSION})

    def _telemetry(self, catalog: Catalog, _: Any, __: Any) -> Any:
        return {
            "id": self.instance,
            "app": {"name": "heritage-vector-endpoint", "version": API_VERSION},
            "collections": {"number_of_collections": len(catalog.collections)},
        }

    @staticmethod
    def _unknown(_: Catalog, params: Any, __: Any) -> Any:
        raise unsupported(f"/{params['path']}")
