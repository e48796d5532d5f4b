"""The collections of the vector store: one per encoder, and the alias that points at the active one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from heritage_assets.stores.vector_grpc import GrpcPoints
from heritage_assets.stores.vector_schema import ALIAS, PAYLOAD_FIELDS, collection_for
from heritage_assets.stores.vector_settings import VectorSettings
from heritage_assets.stores.vector_transport import NOT_IMPLEMENTED, Transport, VectorStoreError

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

COLLECTION_PATH = "/collections/{collection}"


class CollectionMismatchError(VectorStoreError):
    """The collection exists with other vectors than those asked for."""


class CollectionStore:
    """A connection to one collection (by default the one behind the alias ``heritage``).

    Safe to use from several threads and processes. Every write is waited for; every call is tried again for a while when the
    server can't be reached, and then raises :class:`VectorStoreUnavailableError`. Memory: one request or answer at a time
    (about 8 MiB on the wire).

    Args:
        url: the server's address, or a function that finds it.
        api_key: the server's API key.
        collection: collection or alias that points are read from and written to.
        attempts: how often a call is tried while the server is out of reach.
        server: layout of new collections, and trust in the server.
    """

    def __init__(
        self,
        url: str | Callable[[], str],
        api_key: str | None = None,
        *,
        collection: str = ALIAS,
        attempts: int = 8,
        server: VectorSettings | None = None,
    ) -> None:
        self._server = server or VectorSettings()
        self._transport = Transport(url, api_key, attempts=attempts, ca_bundle=self._server.ca_bundle)
        self._grpc: GrpcPoints | None = None
        if self._server.grpc_port is not None and isinstance(url, str):  # the embedded endpoint speaks REST alone
            self._grpc = GrpcPoints(
                url, self._server.grpc_port, api_key, attempts=attempts, ca_bundle=self._server.ca_bundle
            )
        self.collection = collection

    @classmethod
    def embedded(cls, home: Path, **options: Any) -> Self:
        """Open the store of a home; its endpoint starts when needed, and again when it has stopped meanwhile."""
        from heritage_assets.embedded.vector_endpoint import ensure_endpoint

        return cls(lambda: ensure_endpoint(home), **options)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    @property
    def client(self) -> QdrantClient:
        """The client, for what this class does not offer."""
        return self._transport.client

    def close(self) -> None:
        """Close the connection (the next call opens a new one)."""
        self._transport.close()
        if self._grpc is not None:
            self._grpc.close()

    def on(self, collection: str) -> Self:
        """Return the same store, over another collection or alias."""
        other = object.__new__(type(self))
        other._transport = self._transport
        other._server = self._server
        other._grpc = self._grpc
        other.collection = collection
        return other

    # -- requests -------------------------------------------------------------------------------------------------------

    def _call(self, method: str, path: str, body: Any = None, *, collection: str | None = None) -> Any:
        return self._transport.call(method, path, body, collection=collection or self.collection)

    # -- collections --------------------------------------------------------------------------------------------------

    collection_for = staticmethod(collection_for)

    def ensure_collection(self, encoder_id: str, dims: Mapping[str, int]) -> str:
        """Make sure that an encoder's collection exists with all its payload indexes; return its name.

        The first collection of a store becomes the active one. Any number of processes may call this at once.

        Args:
            encoder_id: the encoder's identity (name, revision, preprocessing).
            dims: length of each named vector (an image-only encoder has ``embedding_image`` alone).

        Raises:
            CollectionMismatchError: the collection exists with other vectors.
        """
        name = collection_for(encoder_id)
        self.ensure(name, dims)
        if self.active() is None:
            self.activate(name)
        return name

    def ensure(self, name: str, dims: Mapping[str, int]) -> None:
        """Make sure that a collection exists with these vectors and all payload indexes; the alias stays where it is.

        Raises:
            CollectionMismatchError: the collection exists with other vectors.
        """
        if not self._call("GET", f"{COLLECTION_PATH}/exists", collection=name)["exists"]:
            vectors = {vector: self._server.vector(size) for vector, size in dims.items()}
            try:
                self._call("PUT", COLLECTION_PATH, {"vectors": vectors, **self._server.layout()}, collection=name)
            except VectorStoreError as error:
                if not error.conflict:
                    raise
        info = self._call("GET", COLLECTION_PATH, collection=name)
        stored = {vector: one["size"] for vector, one in info["config"]["params"]["vectors"].items()}
        if stored != dict(dims):
            raise CollectionMismatchError(
                f"collection {name} has the vectors {stored}, the encoder makes {dict(dims)}: "
                "give the changed encoder a new identity, or delete the collection"
            )
        for field in PAYLOAD_FIELDS.keys() - info["payload_schema"].keys():
            index = {"field_name": field, "field_schema": PAYLOAD_FIELDS[field]}
            self._call("PUT", f"{COLLECTION_PATH}/index", index, collection=name)

    def activate(self, collection: str) -> None:
        """Point the alias ``heritage`` at a collection, in one step."""
        actions = [{"create_alias": {"collection_name": collection, "alias_name": ALIAS}}]
        if self.active() is not None:
            actions.insert(0, {"delete_alias": {"alias_name": ALIAS}})
        self._call("POST", "/collections/aliases", {"actions": actions})

    def active(self) -> str | None:
        """Return the collection behind the alias ``heritage``, or None when there is none."""
        aliases = self._call("GET", "/aliases")["aliases"]
        return next((one["collection_name"] for one in aliases if one["alias_name"] == ALIAS), None)

    def collections(self) -> list[str]:
        """List the platform's collections, by name."""
        names = (one["name"] for one in self._call("GET", "/collections")["collections"])
        return sorted(name for name in names if name.startswith(f"{ALIAS}__"))

    def drop(self, collection: str) -> bool:
        """Delete a collection with all its points; False when there is none."""
        return bool(self._call("DELETE", COLLECTION_PATH, collection=collection))

    def snapshot(self) -> str | None:
        """Have the server keep a snapshot of the collection; return its name. The embedded endpoint keeps none: None."""
        try:
            return str(self._call("POST", f"{COLLECTION_PATH}/snapshots")["name"])
        except VectorStoreError as error:
            if error.status == NOT_IMPLEMENTED:
                return None
            raise

    def dims(self) -> dict[str, int]:
        """Return the length of each named vector of the collection."""
        vectors = self._call("GET", COLLECTION_PATH)["config"]["params"]["vectors"]
        return {name: one["size"] for name, one in vectors.items()}
