"""HTTP for harvesting: one endpoint, waits when asked to, retries within bounds, never shows the key.

Transient: network errors, 408, 425, 429, 5xx, and an answer that is no JSON (an error page of a proxy). Everything else is
permanent, and says what to do.
"""

from __future__ import annotations

import random
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
import stamina

from heritage_assets import __version__
from heritage_assets.curation.sources.base import HarvestError
from heritage_assets.curation.sources.politeness import BadQueryError, Politeness, parse_retry_after

MAX_ANSWER_BYTES = 64 * 2**20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


class _TransientError(Exception):
    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PoliteClient:
    """Asks one endpoint for JSON objects."""

    def __init__(self, endpoint: str, key: str, politeness: Politeness) -> None:
        self.endpoint = endpoint
        self._key = key
        self._politeness = politeness
        self._key_in_query = False
        self._client = httpx.Client(
            timeout=politeness.timeout,
            headers={"User-Agent": f"heritage-assets/{__version__}", "X-Api-Key": key},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get_json(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return the JSON object of the answer.

        Raises:
            HarvestError: refused, or still failing after the last attempt.
        """
        bounds = self._politeness
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
                    return self._once(parameters)
        except _TransientError as error:
            raise HarvestError(
                f"{self.endpoint} failed {bounds.attempts} times ({error}); what came is kept: run the same harvest again later"
            ) from None
        raise HarvestError(f"{self.endpoint} was never asked")

    def _wait_for(self, error: Exception) -> bool | float:
        """Decide about one failure: no retry, the usual wait, or the wait that the server asks for (and some jitter)."""
        if not isinstance(error, _TransientError):
            return False
        if error.retry_after is None:
            return True
        return error.retry_after + random.uniform(0, min(1.0, self._politeness.first_wait))  # noqa: S311 - no secret

    def _once(self, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            response, body = self._send(parameters)
            if response.status_code == 401 and not self._key_in_query:
                self._key_in_query = True
                response, body = self._send(parameters)
        except httpx.TransportError as error:
            raise _TransientError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
        if response.status_code in _TRANSIENT:
            raise _TransientError(f"HTTP {response.status_code}", self._retry_after(response))
        if response.status_code == 400:
            raise BadQueryError(
                f"{self.endpoint} does not understand the query (HTTP 400{self._without_key(_said(body))})"
            )
        if response.status_code != 200:
            raise HarvestError(self._refusal(response, body))
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise _TransientError("an answer that is no JSON") from None
        if not isinstance(answer, dict):
            raise HarvestError(f"{self.endpoint} answered with JSON that is no object: is it the right address?")
        return answer

    def _send(self, parameters: dict[str, Any]) -> tuple[httpx.Response, bytes]:
        query = parameters | ({"wskey": self._key} if self._key_in_query else {})
        with self._client.stream("GET", self.endpoint, params=query) as response:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise HarvestError(f"{self.endpoint} answered with more than {MAX_ANSWER_BYTES:,} bytes")
        return response, bytes(body)

    def _retry_after(self, response: httpx.Response) -> float | None:
        wait = parse_retry_after(response.headers.get("Retry-After"))
        if wait is not None and wait > self._politeness.longest_wait:
            raise HarvestError(
                f"{self.endpoint} asks to wait {wait:,.0f} s (HTTP {response.status_code}); what came is kept: "
                "run the same harvest again after that"
            )
        return wait

    def _refusal(self, response: httpx.Response, body: bytes) -> str:
        status = response.status_code
        said = self._without_key(_said(body))
        if status in (401, 403):
            return f"{self.endpoint} refused the API key (HTTP {status}{said}): check HERITAGE_EUROPEANA_KEY"
        if status in (301, 302, 303, 307, 308):
            target = self._without_key(response.headers.get("Location", "?")[:300])
            return f"{self.endpoint} moved to {target}; the key is not sent there: give the new endpoint"
        return f"{self.endpoint} answered HTTP {status}{said}"

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…")


def _said(body: bytes) -> str:
    """Return the error text of a JSON answer, as ``: text``; nothing for other bodies."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    text = (answer.get("error") or answer.get("message")) if isinstance(answer, dict) else None
    return f": {str(text)[:300]}" if text else ""
