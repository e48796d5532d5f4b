"""The collections and aliases of one home, kept in ``catalog.json`` (replaced whole, never edited in place).

A collection lives in ``collections/<random name>/``: a collection's own name comes from a caller and never becomes a path.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from heritage_assets.embedded.vector_endpoint.collection import Collection
from heritage_assets.embedded.vector_endpoint.errors import already_exists, format_error, not_found, validation_error

_FORBIDDEN = set('<>:"/\\|?*\0\x1f')
_NAME_MAX = 255


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that a crash, or a power cut, leaves the old or the new content."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class Catalog:
    """Names to collections. One process owns the folder; the caller holds the home's lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "catalog.json"
        stored = orjson.loads(self.file.read_bytes()) if self.file.exists() else {"collections": {}, "aliases": {}}
        self.aliases: dict[str, str] = stored["aliases"]
        self.collections: dict[str, Collection] = {
            name: Collection(self._shards / one["folder"], one["config"]) for name, one in stored["collections"].items()
        }
        self._remove_orphans()

    @property
    def _shards(self) -> Path:
        return self.folder / "collections"

    def _remove_orphans(self) -> None:
        """Remove folders that a crash left before their collection was recorded, or after it was deleted."""
        known = {collection.folder for collection in self.collections.values()}
        self._shards.mkdir(parents=True, exist_ok=True)
        for folder in self._shards.iterdir():
            if folder not in known:
                shutil.rmtree(folder)

    def _save(self, collections: dict[str, Collection], aliases: dict[str, str]) -> None:
        """Record the new state on disk first, then take it on."""
        stored = {
            "collections": {
                name: {"folder": one.folder.name, "config": one.config} for name, one in collections.items()
            },
            "aliases": aliases,
        }
        write_whole(self.file, orjson.dumps(stored, option=orjson.OPT_INDENT_2))
        self.collections, self.aliases = collections, aliases

    def get(self, name: str) -> Collection:
        """Find a collection by its name or by an alias."""
        collection = self.collections.get(self.aliases.get(name, name))
        if collection is None:
            raise not_found(f"Collection `{name}` doesn't exist!")
        return collection

    def exists(self, name: str) -> bool:
        """Tell whether a collection or alias has the name."""
        return self.aliases.get(name, name) in self.collections

    def create(self, name: str, config: Any) -> bool:
        """Create a collection."""
        if not isinstance(config, dict):
            raise format_error("expected an object")
        if not 1 <= len(name) <= _NAME_MAX or _FORBIDDEN & set(name):
            raise validation_error('collection_name: must be 1 to 255 characters long and free of <>:"/\\|?*')
        if name in self.collections or name in self.aliases:
            raise already_exists(f"Collection `{name}` already exists!")
        collection = Collection.create(self._shards / uuid.uuid4().hex, config)
        self._save({**self.collections, name: collection}, self.aliases)
        return True

    def delete(self, name: str) -> bool:
        """Delete a collection and the aliases that point at it; False when there is none."""
        collection = self.collections.get(name)
        if collection is None:
            return False
        rest = {other: one for other, one in self.collections.items() if other != name}
        self._save(rest, {alias: target for alias, target in self.aliases.items() if target != name})
        collection.dirty = False
        collection.close()
        shutil.rmtree(collection.folder)
        return True

    def move(self, name: str, folder: Path) -> None:
        """Let a collection go on from another folder with the same points; the old one is removed.

        Raises:
            ApiError: the new folder can't be opened; the old one stays in use.
        """
        collection = self.collections[name]
        old = collection.folder
        other = Collection(folder, collection.config)
        other.read("info")  # opens it
        self._save({**self.collections, name: other}, self.aliases)
        self.collections = {**self.collections, name: collection}
        collection.take(other)
        shutil.rmtree(old)

    def update_aliases(self, body: Any) -> bool:
        """Apply a list of alias actions: all of them, or none."""
        actions = body.get("actions") if isinstance(body, dict) else None
        if not isinstance(actions, list):
            raise format_error("actions must be a list")
        aliases = dict(self.aliases)
        for action in actions:
            if not isinstance(action, dict) or len(action) != 1:
                raise format_error("an action is one of create_alias, delete_alias, rename_alias")
            ((kind, arguments),) = action.items()
            self._apply_alias(aliases, kind, arguments)
        self._save(self.collections, aliases)
        return True

    def _apply_alias(self, aliases: dict[str, str], kind: str, arguments: dict[str, str]) -> None:
        if kind == "create_alias":
            name, target = arguments["alias_name"], arguments["collection_name"]
            if target not in self.collections:
                raise not_found(f"Collection `{target}` doesn't exist!")
            if name in self.collections:
                raise already_exists(f"Collection `{name}` already exists!")
            aliases[name] = target
        elif kind == "delete_alias":
            aliases.pop(arguments["alias_name"], None)
        elif kind == "rename_alias":
            old, new = arguments["old_alias_name"], arguments["new_alias_name"]
            if old not in aliases:
                raise not_found(f"Alias {old} does not exists!")
            aliases[new] = aliases.pop(old)
        else:
            raise format_error(f"unknown alias action {kind!r}")

    def alias_pairs(self, collection: str | None = None) -> list[dict[str, str]]:
        """List aliases, of one collection or of all."""
        pairs: Iterator[tuple[str, str]] = iter(sorted(self.aliases.items()))
        return [
            {"alias_name": alias, "collection_name": target} for alias, target in pairs if collection in (None, target)
        ]

    def flush(self) -> None:
        """Write every collection's changes to disk."""
        for collection in self.collections.values():
            collection.flush()

    def close(self) -> None:
        """Flush and release every collection."""
        for collection in self.collections.values():
            collection.close()
