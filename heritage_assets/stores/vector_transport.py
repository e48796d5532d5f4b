"""One way to call Qdrant's REST API: through ``QdrantClient``'s connection, with bounded retries and clear errors.

Bodies go out through orjson, numpy arrays as they are: the client's own models check every number of every vector in Python,
which costs more than the server's work.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

TIMEOUT_SECONDS = 120
_ATTEMPTS = 8
WAIT_MAX_SECONDS = 5.0
GIVE_UP_SECONDS = 120.0
_TOO_MANY_REQUESTS = 429
_KEY_REFUSED = frozenset((401, 403))
_NOT_FOUND = 404
_CONFLICT = 409
NOT_IMPLEMENTED = 501
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class VectorStoreError(RuntimeError):
    """The vector store refused a request; the message is the server's."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def not_found(self) -> bool:
        """The collection or point does not exist."""
        return self.status == _NOT_FOUND

    @property
    def conflict(self) -> bool:
        """The collection exists already."""
        return self.status == _CONFLICT


def refusal(message: str, status: int | None) -> VectorStoreError:
    """Return the error of a refused request; where it is the key that was refused, it names the setting."""
    advice = ": check HERITAGE_QDRANT_API_KEY, and that the key may write" if status in _KEY_REFUSED else ""
    return VectorStoreError(message + advice, status)


class VectorStoreUnavailableError(VectorStoreError):
    """The vector store can't be reached, or keeps failing, after every retry."""


class Transport:
    """Calls one server.

    Args:
        url: the server's address, or a function that finds it (asked again after a lost connection: the embedded endpoint
            may have stopped while idle and come back elsewhere).
        api_key: sent with every request when given.
        attempts: how often a call is tried while the server is out of reach, answers 5xx or 429.
        ca_bundle: PEM file of the authority that signed the server's certificate; default: the usual ones.
    """

    def __init__(
        self,
        url: str | Callable[[], str],
        api_key: str | None = None,
        *,
        attempts: int = _ATTEMPTS,
        ca_bundle: str | None = None,
    ) -> None:
        self._ca_bundle = ca_bundle
        self._find = url if callable(url) else None
        self._url = None if callable(url) else url
        self._api_key = api_key
        self._attempts = attempts
        self._client: QdrantClient | None = None
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The server's address."""
        if self._url is None:
            assert self._find is not None
            try:
                self._url = self._find()
            except (RuntimeError, OSError) as error:
                raise VectorStoreUnavailableError(f"the vector store can't be started: {error}") from error
        return self._url

    @property
    def client(self) -> QdrantClient:
        """The client behind all calls, connected when first needed (its import alone takes a second)."""
        with self._lock:
            if self._client is None:
                from qdrant_client import QdrantClient

                local = urlsplit(self.url).hostname in _LOOPBACK
                self._client = QdrantClient(
                    url=self.url,
                    api_key=self._api_key,
                    timeout=TIMEOUT_SECONDS,
                    check_compatibility=False,  # its models are not used, and what is called is tested against a server
                    **_trust(self._ca_bundle),
                    trust_env=not local,  # a proxy of the environment can't reach our loopback
                )
            return self._client

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def call(self, method: str, path: str, body: Any = None, **names: str) -> Any:
        """Call the API and return the ``result`` of its answer.

        Args:
            method: HTTP method.
            path: path with ``{placeholders}``; writes are waited for.
            body: what becomes the JSON body; numpy arrays and datetimes are welcome.
            names: values of the placeholders.

        Raises:
            VectorStoreUnavailableError: out of reach, or failing, after every retry.
            VectorStoreError: refused.
        """
        content = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        return self.send(method, path, content, names)

    def send(self, method: str, path: str, content: bytes | None, names: Mapping[str, str]) -> Any:
        """Call the API with a finished body; see :meth:`call`."""
        import stamina
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            for attempt in stamina.retry_context(
                on=self._wait_after,
                attempts=self._attempts,
                timeout=GIVE_UP_SECONDS,
                wait_max=WAIT_MAX_SECONDS,
                wait_jitter=0.1,
            ):
                with attempt:
                    answer = self.client.http.client.request(
                        type_=dict,
                        method=method,
                        url=path,
                        path_params=dict(names),
                        params={"wait": "true"},
                        headers={"Content-Type": "application/json"},
                        content=content,
                    )
        except UnexpectedResponse as error:
            status, message = error.status_code or 0, _server_message(error)
            if _is_transient(status):
                raise self._unavailable(f"HTTP {status}: {message}") from error
            raise refusal(f"{message} ({method} {path.format(**names)})", status) from error
        except (ResponseHandlingException, ResourceExhaustedResponse, OSError) as error:
            raise self._unavailable(str(error) or type(error).__name__) from error
        except ValueError as error:
            raise VectorStoreError(f"{self.url} does not answer as a Qdrant server does: {error}") from error
        if "result" not in answer:
            raise VectorStoreError(f"{self.url} does not answer as a Qdrant server does: {sorted(answer)}")
        return answer["result"]

    def _wait_after(self, error: Exception) -> bool | float:
        """Tell whether to try again, and after how long when the server said so."""
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        if isinstance(error, ResourceExhaustedResponse):
            return float(min(error.retry_after_s, GIVE_UP_SECONDS))
        if isinstance(error, UnexpectedResponse):
            return _is_transient(error.status_code or 0)
        if isinstance(error, ResponseHandlingException):
            import httpx

            if not isinstance(error.source, httpx.TransportError) or _UNTRUSTED in str(error.source):
                return False
            self._look_again()
            return True
        return False

    def _look_again(self) -> None:
        """Forget a server that can't be reached when another one may have taken its place."""
        if self._find is not None:
            self._client = self._url = None  # not closed: other threads may be using it

    def _unavailable(self, why: str) -> VectorStoreUnavailableError:
        where = self._url or "the embedded endpoint"
        if self._find is not None:
            advice = "see endpoint.log in the home's vectors folder"
        elif _UNTRUSTED in why:
            advice = "name the PEM file of the authority that signed its certificate in HERITAGE_VECTORS__CA_BUNDLE"
        else:
            advice = (
                "check that the server runs there and that HERITAGE_QDRANT_URL and HERITAGE_QDRANT_API_KEY are right"
            )
        return VectorStoreUnavailableError(f"the vector store at {where} is unavailable ({why}): {advice}")


def _trust(ca_bundle: str | None) -> dict[str, Any]:
    """Return what makes the client trust one authority alone; nothing changes without one."""
    if ca_bundle is None:
        return {}
    try:
        return {"verify": ssl.create_default_context(cafile=ca_bundle)}
    except OSError as error:
        raise VectorStoreError(f"HERITAGE_VECTORS__CA_BUNDLE: {ca_bundle} is no readable PEM file: {error}") from error


def _is_transient(status: int) -> bool:
    return status == _TOO_MANY_REQUESTS or (status >= 500 and status != NOT_IMPLEMENTED)


def _server_message(error: Any) -> str:
    """The server's own words, or the beginning of whatever it answered."""
    try:
        return str(orjson.loads(error.content)["status"]["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"HTTP {error.status_code}: {error.content[:200]!r}"
