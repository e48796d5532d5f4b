"""A journal of points that must be told: what was decided in the tables but may not have reached the vector store.

Tables are written first; a process that is killed before the vector store knows leaves its entry, and the next run of the step
tells those points too. Entries name guids only, so that telling twice or late says what the tables say by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import orjson

from heritage_assets.stores.objects import ObjectStore


class Journal:
    """Entries of one step under ``journal/<step>/``."""

    def __init__(self, store: ObjectStore, step: str) -> None:
        self.store = store
        self.prefix = f"journal/{step}"

    def begin(self, guids: Iterable[str]) -> str:
        """Note that the points of ``guids`` will have to be told; return the entry's key."""
        key = f"{self.prefix}/{uuid.uuid4().hex}.json"
        self.store.put(key, orjson.dumps(sorted(guids)))
        return key

    def open_entries(self) -> dict[str, list[str]]:
        """Return the entries that were not finished: guids by key."""
        return {info.key: orjson.loads(self.store.get(info.key)) for info in self.store.list(self.prefix)}

    def finish(self, keys: Iterable[str]) -> None:
        """Strike out entries whose points were told."""
        for key in keys:
            self.store.delete(key)
