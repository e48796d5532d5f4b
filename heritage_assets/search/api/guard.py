"""What every request passes: host, rate, origin, size, key; what every answer carries: security headers, metrics."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heritage_assets.search.api.metrics import Metrics
from heritage_assets.search.api.problems import problem
from heritage_assets.search.api.session import Doorkeeper
from heritage_assets.search.settings import SearchSettings

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
OPEN_PATHS = frozenset(
    ("/", "/healthz", "/readyz", "/favicon.ico", "/api/v1/session", "/api/v1/meta", "/api/v1/openapi.json")
)
PICTURE_COST = 0.1
"""A page of results asks for a hundred thumbnails; together they count as ten requests."""
MOST_CLIENTS = 20_000


class TokenBuckets:
    """Allows each client ``rate`` requests per second in the long run and ``burst`` at once. Memory: 20,000 clients."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, cost: float, now: float) -> float:
        """Take ``cost`` tokens and return 0; where there are too few, return the seconds until there are enough."""
        if self._rate == 0:
            return 0.0
        tokens, seen = self._clients.get(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - seen) * self._rate)
        short = cost - tokens
        self._clients[client] = (tokens if short > 0 else tokens - cost, now)
        self._clients.move_to_end(client)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)
        return max(0.0, short / self._rate)


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, limits: SearchSettings, doorkeeper: Doorkeeper, metrics: Metrics) -> None:
        self._app = app
        self._limits = limits
        self._doorkeeper = doorkeeper
        self._metrics = metrics
        self._buckets = TokenBuckets(limits.requests_per_second, limits.request_burst)
        self._too_large_detail = f"requests may have {limits.max_upload_bytes:,} bytes"
        self._hosts = {name.lower() for name in limits.allowed_hosts}
        self._headers = dict(HEADERS)
        if not limits.allowed_origins:
            self._headers["cross-origin-resource-policy"] = "same-origin"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), [500]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                await refusal(scope, receive, sending)
            else:
                await self._app(scope, self._bounded(receive), sending)
        finally:
            self._metrics.request(_template(scope), _method(scope), status[0], time.perf_counter() - started)

    # -- checks ---------------------------------------------------------------------------------------------------------

    def _refusal(self, scope: MutableMapping[str, Any]) -> Response | None:
        """Return why a request is not let in, if so."""
        headers, path = Headers(scope=scope), scope["path"]
        if self._hosts and _host_name(headers.get("host", "")) not in self._hosts:
            return problem(
                403, "wrong_host", "this server does not answer to that name (HERITAGE_SEARCH__ALLOWED_HOSTS)"
            )
        client = scope["client"][0] if scope.get("client") else "unknown"
        if not path.startswith(("/healthz", "/readyz")):
            wait = self._buckets.wait(
                client, PICTURE_COST if path.startswith(("/image/", "/static/")) else 1.0, time.monotonic()
            )
            if wait > 0:
                return problem(429, "rate_limited", "too many requests: slow down", retry_after=math.ceil(wait))
        if scope["method"] not in SAFE_METHODS and not self._same_site(headers):
            return problem(403, "foreign_origin", "requests that change something must come from this site's own page")
        if int(_number(headers.get("content-length"))) > self._limits.max_upload_bytes:
            return self._too_large()
        identity = self._doorkeeper.identify(headers)
        scope["heritage_identity"] = identity
        if not identity.reads and path not in OPEN_PATHS and not path.startswith("/static/"):
            detail = "a key is needed: send it as Authorization: Bearer KEY or X-API-Key, or log in"
            return problem(401, "key_needed", detail, headers={"www-authenticate": "Bearer"})
        return None

    def _same_site(self, headers: Headers) -> bool:
        """Tell whether a browser says that a page of this site (or of an allowed one) sends the request; programs say nothing."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        if origin in self._limits.allowed_origins:
            return True
        return urlsplit(origin).netloc == headers.get("host")

    def _too_large(self) -> Response:
        return problem(413, "too_large", self._too_large_detail)

    def _bounded(self, receive: Receive) -> Receive:
        """Count the bytes that come in, whatever the request says of its length."""
        left = self._limits.max_upload_bytes

        async def counting() -> Message:
            nonlocal left
            message = await receive()
            if message["type"] == "http.request":
                left -= len(message.get("body", b""))
                if left < 0:
                    raise HTTPException(413, self._too_large_detail)
            return message

        return counting


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else 0


def _host_name(host: str) -> str:
    """Return a Host header without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _method(scope: MutableMapping[str, Any]) -> str:
    return str(scope["method"]) if scope["method"] in METHODS else "other"


def _template(scope: MutableMapping[str, Any]) -> str:
    """Return the route's pattern, so that metrics have few labels."""
    return str(getattr(scope.get("route"), "path", "other"))
