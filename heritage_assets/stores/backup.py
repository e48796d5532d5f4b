"""Backups: the lake's objects, embedded vectors, the SQLite files of Dagster and MLflow; a manifest, written last, seals them.

What names other objects (commits of tables, manifests of batches) is written after them and never changed. So only what a first
listing shows of it is taken, and everything else from a second one: whatever a copied commit names was there by then. A backup
taken beside runs is thus a state that each table had; maintenance alone must not delete files meanwhile.

Memory: one object, and about 300 bytes for each name.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from heritage_assets.curation.landing import MANIFEST as BATCH_MANIFEST
from heritage_assets.curation.progress import Stage
from heritage_assets.stores.objects import FolderStore, ObjectStore

MANIFEST = "backup.json"
_PARTS = ("dagster", "mlflow", "vectors")
_TRANSIENT = (".lock", "endpoint.json", "endpoint.log", "endpoint.port", ".db-wal", ".db-shm")
_FORMAT = 1
_LOG = "/_delta_log/"
_VERSION_DIGITS = 20

Entries = dict[str, list[int | str]]
"""Size in bytes and SHA-256 of each object."""


class BackupError(RuntimeError):
    """The backup is not whole, or the place to write to is not empty."""


@dataclass(frozen=True)
class BackupSummary:
    """What a backup holds."""

    objects: int
    size: int
    """Bytes."""
    taken_at: str


def back_up(lake: ObjectStore, home: Path, target: Path, *, with_vectors: bool) -> BackupSummary:
    """Copy the platform's state to a folder.

    Args:
        lake: landing zone, tables and images.
        home: Dagster's and MLflow's files, and the embedded vectors.
        target: a folder that does not exist yet, or is empty.
        with_vectors: copy the embedded endpoint's files as well; the endpoint must not run meanwhile.

    Raises:
        BackupError: the target is not empty, or lies in what is backed up.
    """
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty: name a new folder for each backup")
    copies = FolderStore(target)
    for origin in (home, *([lake.folder] if isinstance(lake, FolderStore) else [])):
        if copies.folder.is_relative_to(origin.resolve()):
            raise BackupError(f"{target} lies in {origin}, which is backed up: name a folder outside")
    entries: Entries = {}
    stage = Stage("backup")
    if with_vectors:
        _copy_home(home, ("vectors",), copies, entries, stage)
    for key in _keys(lake):
        try:
            data = lake.get(key)
        except KeyError:  # it went since it was listed: a journal's entry, or an upload in progress
            continue
        _put(copies, f"lake/{key}", data, entries, stage)
    _copy_home(home, ("dagster", "mlflow"), copies, entries, stage)
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    copies.put(MANIFEST, orjson.dumps({"format": _FORMAT, "taken_at": taken, "objects": entries}))
    return _summary(entries, taken)


def restore(source: Path, lake: ObjectStore, home: Path) -> BackupSummary:
    """Bring a backup back, every object checked against the manifest.

    Raises:
        BackupError: no manifest (the backup was not finished), a damaged object, or a lake or home that is not empty.
    """
    copies = FolderStore(source)
    try:
        manifest = orjson.loads(copies.get(MANIFEST))
    except KeyError:
        raise BackupError(f"{source} has no {MANIFEST}: it is no backup, or one that was not finished") from None
    except orjson.JSONDecodeError as error:
        raise BackupError(f"{source / MANIFEST} is damaged: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise BackupError(f"{source / MANIFEST} is no manifest of format {_FORMAT}, the one that this version reads")
    _require_empty(lake, home)
    entries: Entries = manifest["objects"]
    places: dict[str, ObjectStore] = {"lake": lake, "home": FolderStore(home)}
    stage = Stage("restore", total=len(entries))
    # What names other objects comes last: until then there are no tables and no batches, rather than half of one.
    for name in sorted(entries, key=lambda name: (_LOG in name or name.endswith(f"/{BATCH_MANIFEST}"), name)):
        kind, _, key = name.partition("/")
        if kind not in places:
            raise BackupError(f"{source / MANIFEST} is damaged: it names {name!r}")
        places[kind].put(key, _checked(copies, name, entries[name]))
        stage.advance()
    return _summary(entries, manifest["taken_at"])


def _require_empty(lake: ObjectStore, home: Path) -> None:
    if next(iter(lake.list()), None) is not None:
        raise BackupError(f"{lake.root} is not empty: a backup is restored to an empty place, never over an archive")
    for part in _PARTS:
        if next(_files_of(home / part), None) is not None:
            raise BackupError(
                f"{home / part} is not empty: a backup is restored to an empty home, never over an archive"
            )


def _checked(copies: FolderStore, name: str, entry: list[int | str]) -> bytes:
    try:
        data = copies.get(name)
    except KeyError:
        raise BackupError(f"{copies.folder / name} is missing") from None
    if [len(data), hashlib.sha256(data).hexdigest()] != entry:
        raise BackupError(f"{copies.folder / name} is damaged: its bytes are not those of the manifest")
    return data


def _keys(lake: ObjectStore) -> Iterator[str]:
    """Yield what is to be copied: commits and manifests of a first listing, then the other objects of a second one.

    A listing is no instant: it can show a commit and miss the one before it. Versions up to the newest of the first listing are
    therefore taken from the second. ``_last_checkpoint`` is left out: it may point past them, and readers do without.
    """
    newest: dict[str, str] = {}
    sealed: list[str] = []
    for info in lake.list():
        if (found := _version(info.key)) is not None:
            table, version = found
            newest[table] = max(version, newest.get(table, ""))
        elif _is_seal(info.key):
            sealed.append(info.key)
    yield from sealed
    for info in lake.list():
        found = _version(info.key)
        if found is not None:
            table, version = found
            if version <= newest.get(table, ""):
                yield info.key
        elif not _is_seal(info.key) and not info.key.endswith("/_last_checkpoint"):
            yield info.key


def _version(key: str) -> tuple[str, str] | None:
    """Return table and version of a file of a table's log; None for anything else."""
    table, log, name = key.partition(_LOG)
    version = name[:_VERSION_DIGITS]
    return (table, version) if log and len(version) == _VERSION_DIGITS and version.isdigit() else None


def _is_seal(key: str) -> bool:
    return key.startswith("landing/") and key.endswith(f"/{BATCH_MANIFEST}")


def _copy_home(home: Path, parts: tuple[str, ...], copies: FolderStore, entries: Entries, stage: Stage) -> None:
    for part in parts:
        for path in _files_of(home / part):
            _put(copies, f"home/{path.relative_to(home).as_posix()}", _bytes_of(path), entries, stage)


def _files_of(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(_TRANSIENT):
            yield path


def _bytes_of(path: Path) -> bytes:
    """Return a file's bytes; of a SQLite database, those of a consistent copy."""
    if path.suffix != ".db":
        return path.read_bytes()
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(":memory:")) as copy,
    ):
        live.backup(copy)
        return copy.serialize()


def _put(copies: FolderStore, name: str, data: bytes, entries: Entries, stage: Stage) -> None:
    copies.put(name, data)
    entries[name] = [len(data), hashlib.sha256(data).hexdigest()]
    stage.advance()


def _summary(entries: Entries, taken_at: str) -> BackupSummary:
    return BackupSummary(len(entries), sum(int(size) for size, _ in entries.values()), taken_at)
