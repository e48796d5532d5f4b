"""Writing points over a Qdrant server's gRPC: vectors travel as they lie in memory. Everything else goes over REST."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from heritage_assets.stores.vector_transport import (
    GIVE_UP_SECONDS,
    TIMEOUT_SECONDS,
    WAIT_MAX_SECONDS,
    VectorStoreUnavailableError,
    refusal,
)

_MESSAGE_BYTES = 32 << 20
_TRANSIENT = frozenset(("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL"))
_STATUS = {"NOT_FOUND": 404, "INVALID_ARGUMENT": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}


class GrpcPoints:
    """The points of one server; connected when first needed. Safe to use from several threads.

    Args:
        url: the server's REST address: its host, and whether TLS is spoken, hold for gRPC as well.
        port: the server's gRPC port.
        api_key: sent with every call when given.
        attempts: how often a call is tried while the server is out of reach or overloaded.
        ca_bundle: PEM file of the authority that signed the server's certificate; default: the usual ones.
    """

    def __init__(self, url: str, port: int, api_key: str | None, *, attempts: int, ca_bundle: str | None) -> None:
        parts = urlsplit(url)
        self.address = f"{parts.hostname}:{port}"
        self._ca_bundle = (ca_bundle or True) if parts.scheme == "https" else None
        self._metadata = (("api-key", api_key),) if api_key else ()
        self._attempts = attempts
        self._lock = threading.Lock()
        self._channel: Any = None

    def upsert(self, collection: str, points: Sequence[dict[str, Any]]) -> None:
        """Write points and wait until the server has them.

        Args:
            collection: collection or alias.
            points: ``id`` (UUID), ``vector`` (float32 arrays by name) and ``payload`` (what JSON can hold) of each.

        Raises:
            VectorStoreUnavailableError: out of reach, or overloaded, after every retry.
            VectorStoreError: refused.
        """
        import grpc as rpc
        import stamina
        from qdrant_client import grpc

        message = grpc.UpsertPoints(collection_name=collection, wait=True, points=[_message(one) for one in points])
        if message.ByteSize() > _MESSAGE_BYTES * 3 // 4 and len(points) > 1:
            half = len(points) // 2
            self.upsert(collection, points[:half])
            self.upsert(collection, points[half:])
            return
        try:
            for attempt in stamina.retry_context(
                on=lambda error: isinstance(error, rpc.RpcError) and _code(error) in _TRANSIENT,
                attempts=self._attempts,
                timeout=GIVE_UP_SECONDS,
                wait_max=WAIT_MAX_SECONDS,
                wait_jitter=0.1,
            ):
                with attempt:
                    stub = grpc.PointsStub(self._connected())
                    stub.Upsert(message, timeout=TIMEOUT_SECONDS, metadata=self._metadata)
        except rpc.RpcError as error:
            code, details = _code(error), error.details() if isinstance(error, rpc.Call) else str(error)
            if code in _TRANSIENT:
                raise VectorStoreUnavailableError(
                    f"the vector store at {self.address} is unavailable ({code}: {details}): check that the server's gRPC "
                    "is on and that HERITAGE_VECTORS__GRPC_PORT is right"
                ) from error
            raise refusal(f"{details} (gRPC Upsert, {collection})", _STATUS.get(code)) from error

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _connected(self) -> Any:
        import grpc as rpc

        with self._lock:
            if self._channel is None:
                sizes = [("grpc.max_send_message_length", _MESSAGE_BYTES)]
                if self._ca_bundle is None:
                    self._channel = rpc.insecure_channel(self.address, options=sizes)
                else:
                    roots = Path(self._ca_bundle).read_bytes() if isinstance(self._ca_bundle, str) else None
                    self._channel = rpc.secure_channel(self.address, rpc.ssl_channel_credentials(roots), options=sizes)
            return self._channel


def _message(point: dict[str, Any]) -> Any:
    from qdrant_client import grpc
    from qdrant_client.conversions.conversion import payload_to_grpc

    vectors = {name: grpc.Vector(dense=grpc.DenseVector(data=values)) for name, values in point["vector"].items()}
    return grpc.PointStruct(
        id=grpc.PointId(uuid=point["id"]),
        vectors=grpc.Vectors(vectors=grpc.NamedVectors(vectors=vectors)),
        payload=payload_to_grpc(point["payload"]),
    )


def _code(error: Any) -> str:
    return str(error.code().name) if hasattr(error, "code") and error.code() is not None else "UNKNOWN"
