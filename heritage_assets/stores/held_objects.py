"""An object store in memory: for objects that are made and read inside one call, and never leave it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from heritage_assets.stores.objects import ObjectInfo, check_key


class HeldObjects:
    """Objects as bytes in this process; they end with it. Memory: the objects."""

    root = "memory:"

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`."""
        if if_absent and key in self._objects:
            return False
        self._objects[check_key(key)] = data
        return True

    def get(self, key: str) -> bytes:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`."""
        return self._objects[key]

    def exists(self, key: str) -> bool:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`."""
        return key in self._objects

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`; every object counts as changed now."""
        now, folder = datetime.now(UTC), f"{prefix.rstrip('/')}/" if prefix else ""
        for key in sorted(key for key in self._objects if key.startswith(folder)):
            yield ObjectInfo(key, len(self._objects[key]), now)

    def delete(self, key: str) -> None:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`."""
        self._objects.pop(key, None)

    def uri(self, key: str) -> str:
        """See :class:`~heritage_assets.stores.objects.ObjectStore`; no other program reaches it."""
        return f"{self.root}{key}"
