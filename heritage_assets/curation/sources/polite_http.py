"""HTTP for harvesting: waits when asked to, retries within bounds, follows redirects where that is safe, never shows the key.

Transient: network errors, 408, 425, 429, 5xx, and an answer that can't be read (an error page of a proxy). Everything else is
permanent, and says what to do.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import orjson
import stamina

from heritage_assets import __version__
from heritage_assets.curation.images.addresses import IPNetwork
from heritage_assets.curation.sources.base import HarvestError
from heritage_assets.curation.sources.guarded import GuardedTransport
from heritage_assets.curation.sources.politeness import (
    BadQueryError,
    Politeness,
    RefusedError,
    UnavailableError,
    parse_retry_after,
)

MAX_ANSWER_BYTES = 64 * 2**20
MAX_REDIRECTS = 5
_KEPT_BYTES = 1 << 20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

T = TypeVar("T")


class UnreadableAnswerError(Exception):
    """An answer is not of the form that was asked for; asking again may help."""


class _TransientError(Exception):
    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PoliteClient:
    """Asks one endpoint, and the addresses that its answers name.

    Args:
        endpoint: the address that the operator gave; its host may be in a private network.
        politeness: bounds of waiting and retrying.
        key: API key; with one, no redirect is followed, so that it goes nowhere else.
        elsewhere: whether other hosts may be asked; these must be public or in ``allowed_networks``.
        allowed_networks: private networks that other hosts may be in.

    Memory: one answer, at most 64 MiB.
    """

    def __init__(
        self,
        endpoint: str,
        politeness: Politeness,
        *,
        key: str | None = None,
        elsewhere: bool = False,
        allowed_networks: Sequence[IPNetwork] = (),
    ) -> None:
        self.endpoint = endpoint
        self._home = httpx.URL(endpoint)
        self._key = key
        self._key_in_query = False
        self._politeness = politeness
        self._elsewhere = elsewhere
        headers = {"User-Agent": f"heritage-assets/{__version__}"}
        own = headers | ({"X-Api-Key": key} if key else {})
        self._own = httpx.Client(timeout=politeness.timeout, headers=own)
        self._others = httpx.Client(
            timeout=politeness.timeout, headers=headers, transport=GuardedTransport(allowed_networks)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.close()
        self._others.close()

    def get_json(self, parameters: Mapping[str, Any] | None = None, *, url: str | None = None) -> dict[str, Any]:
        """Return the JSON object of the answer. Raises as :meth:`get`."""

        def understand(body: bytes) -> dict[str, Any]:
            try:
                answer = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise UnreadableAnswerError("an answer that is no JSON") from None
            if not isinstance(answer, dict):
                raise RefusedError(
                    f"{url or self.endpoint} answered with JSON that is no object: is it the right address?", 200
                )
            return answer

        return self.get(understand, parameters, url=url)

    def get(
        self, understand: Callable[[bytes], T], parameters: Mapping[str, Any] | None = None, *, url: str | None = None
    ) -> T:
        """Return what ``understand`` makes of the answer's body; it may raise :class:`UnreadableAnswerError`.

        Raises:
            RefusedError: refused for good, or too large (BadQueryError: HTTP 400).
            UnavailableError: still failing after the last attempt.
            HarvestError: asked to wait too long, a blocked address, or what ``understand`` raises.
        """
        bounds = self._politeness
        address = url or self.endpoint
        attempts = stamina.retry_context(
            on=self._wait_for,
            attempts=bounds.attempts,
            timeout=None,
            wait_initial=bounds.first_wait,
            wait_max=bounds.longest_wait,
            wait_jitter=bounds.first_wait,
        )
        try:
            for attempt in attempts:
                with attempt:
                    return self._once(address, dict(parameters or {}), understand)
        except _TransientError as error:
            raise UnavailableError(
                f"{address} failed {bounds.attempts} times ({error}); what came is kept: run the same harvest again later"
            ) from None
        raise HarvestError(f"{address} was never asked")

    def _wait_for(self, error: Exception) -> bool | float:
        """Decide about one failure: no retry, the usual wait, or the wait that the server asks for (and some jitter)."""
        if not isinstance(error, _TransientError):
            return False
        if error.retry_after is None:
            return True
        return error.retry_after + random.uniform(0, min(1.0, self._politeness.first_wait))  # noqa: S311 - no secret

    def _once(self, address: str, parameters: dict[str, Any], understand: Callable[[bytes], T]) -> T:
        try:
            response, body = self._follow(address, parameters)
            if response.status_code == 401 and self._key and not self._key_in_query:
                self._key_in_query = True
                response, body = self._follow(address, parameters)
        except httpx.TransportError as error:
            raise _TransientError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise RefusedError(f"{address[:300]} is no address that can be asked: {error}", 0) from None
        status = response.status_code
        if status in _TRANSIENT:
            raise _TransientError(f"HTTP {status}", self._retry_after(response))
        if status == 400:
            said = self._without_key(_said(body))
            raise BadQueryError(f"{address} does not understand the query (HTTP 400{said})", status, body[:_KEPT_BYTES])
        if status != 200:
            raise RefusedError(self._refusal(response, address, body), status, body[:_KEPT_BYTES])
        try:
            return understand(body)
        except UnreadableAnswerError as error:
            raise _TransientError(str(error)) from None

    def _follow(self, address: str, parameters: dict[str, Any]) -> tuple[httpx.Response, bytes]:
        """Send a request, and go where redirects lead as long as that is allowed."""
        query = parameters | ({"wskey": self._key} if self._key and self._key_in_query else {})
        url = httpx.URL(address)
        url = url.copy_merge_params(query) if query else url
        for _ in range(MAX_REDIRECTS):
            response, body = self._send(url)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not target:
                return response, body
            following = url.join(target)
            if self._key or not (self._elsewhere or self._is_home(following)):
                return response, body
            url = following
        return response, body

    def _is_home(self, url: httpx.URL) -> bool:
        return url.scheme in ("http", "https") and url.host == self._home.host and url.port in (self._home.port, None)

    def _send(self, url: httpx.URL) -> tuple[httpx.Response, bytes]:
        until = time.monotonic() + self._politeness.longest_answer
        client = self._own if self._is_home(url) else self._others
        with client.stream("GET", url) as response:
            body = bytearray()
            for chunk in response.iter_bytes(1 << 16):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    shown, status = self._shown(url), response.status_code
                    raise RefusedError(f"{shown} answered with more than {MAX_ANSWER_BYTES:,} bytes", status)
                if time.monotonic() > until:
                    raise _TransientError(f"no whole answer in {self._politeness.longest_answer:,.0f} s")
        return response, bytes(body)

    def _retry_after(self, response: httpx.Response) -> float | None:
        wait = parse_retry_after(response.headers.get("Retry-After"))
        if wait is not None and wait > self._politeness.longest_wait:
            raise HarvestError(
                f"{self._shown(response.url)} asks to wait {wait:,.0f} s (HTTP {response.status_code}); what came is kept: "
                "run the same harvest again after that"
            )
        return wait

    def _refusal(self, response: httpx.Response, address: str, body: bytes) -> str:
        status = response.status_code
        said = self._without_key(_said(body))
        if status in (401, 403) and self._key:
            return f"{address} refused the API key (HTTP {status}{said}): check HERITAGE_EUROPEANA_KEY"
        if status in _REDIRECTS:
            target = self._without_key(response.headers.get("Location", "?")[:300])
            why = "the key is not sent there" if self._key else "another server is not asked in its place"
            return f"{address} moved to {target}; {why}: give the new endpoint"
        return f"{address} answered HTTP {status}{said}"

    def _shown(self, url: httpx.URL) -> str:
        return self._without_key(str(url.copy_with(query=None)))

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…") if self._key else text


def _said(body: bytes) -> str:
    """Return the error text of a JSON answer, as ``: text``; nothing for other bodies."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    text = (answer.get("error") or answer.get("message")) if isinstance(answer, dict) else None
    return f": {str(text)[:300]}" if text else ""
