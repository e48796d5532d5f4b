"""The landing zone: sealed harvest batches in object storage, as the source gave them.

Layout: ``landing/<dataset>/<batch>/records-00000.jsonl.gz …``, then ``manifest.json``, which seals the batch. What has no
manifest is not there for any reader. A sealed batch is never written again. Writing is in :mod:`.landing_writer`.

One line of a part is ``{"guid": str | null, "deleted": bool, "raw": <JSON object> | "<text>"}``. A record larger than
:data:`MAX_RECORD_BYTES` lands as :func:`oversized_marker`, one that can't be read as :func:`unreadable_marker`, so that
cleansing can reject it with a reason and every record stays counted.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import pyarrow as pa
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from heritage_assets.curation.landing_lines import (
    MAX_RECORD_BYTES,
    LandedRecord,
    decode_part,
    oversized_marker,
    unreadable_marker,
)
from heritage_assets.stores.objects import ObjectInfo, ObjectStore

__all__ = [
    "MAX_RECORD_BYTES",
    "BatchSealedError",
    "CorruptBatchError",
    "LandedRecord",
    "LandingError",
    "LandingZone",
    "Manifest",
    "Part",
    "UnknownBatchError",
    "decode_part",
    "oversized_marker",
    "unreadable_marker",
]

MANIFEST = "manifest.json"
PROGRESS = "progress.json"
BATCH_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")
_CACHED_MANIFESTS = 4_096
_log = logging.getLogger(__name__)


class LandingError(RuntimeError):
    """The landing zone can't do what was asked; the message says what, where and what to do."""


class BatchSealedError(LandingError):
    """The batch is sealed: it may be read, never written."""


class UnknownBatchError(LandingError, KeyError):
    """No sealed batch has this key."""

    __str__ = RuntimeError.__str__


class CorruptBatchError(LandingError):
    """What is stored is not what the manifest says."""


class Part(BaseModel):
    """One stored part: file name, number of records, SHA-256 and size in bytes of the stored (compressed) object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^records-\d{5,}\.jsonl\.gz$")
    records: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1)


class Manifest(BaseModel):
    """What a sealed batch is and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    dataset: str = Field(min_length=1, description="The dataset's name, as the user gave it.")
    batch: str
    source: str = Field(
        min_length=1, description="Kind of source: europeana, oai-pmh, iiif, edm, csv, jsonl, directory …"
    )
    format: Literal["europeana", "edm", "oai_dc", "iiif", "mapped"] = Field(description="What cleansing must parse.")
    origin: dict[str, Any] = Field(description="Endpoint, query, path …; never a secret.")
    scope: str | None = Field(None, description="Identity of what was listed; batches of one scope show withdrawals.")
    mapping: dict[str, Any] | None = Field(None, description="A RecordMapping for format 'mapped'.")
    image_root: str | None = Field(None, description="Folder below which file URLs are allowed.")
    harvested_at: AwareDatetime = Field(description="When the harvest began (UTC).")
    since: AwareDatetime | None = Field(None, description="Only what changed since then was listed; None: everything.")
    parts: tuple[Part, ...] = ()
    records: int = Field(ge=0)
    withdrawn: int = Field(0, ge=0, description="How many of the records are tombstones of what is no longer listed.")
    reported_total: int | None = Field(None, description="How many records the source said it has.")
    complete: bool = Field(description="Whether the source was read to its end.")
    warnings: tuple[str, ...] = ()

    @field_validator("batch")
    @classmethod
    def _safe_key(cls, batch: str) -> str:
        return check_batch(batch)

    @field_validator("harvested_at", "since")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(UTC)

    @model_validator(mode="after")
    def _counts_agree(self) -> Manifest:
        if sum(part.records for part in self.parts) != self.records:
            raise ValueError(f"the parts hold other than {self.records} records")
        return self

    def to_json(self) -> bytes:
        """Return the manifest as indented JSON."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_json(cls, data: bytes, where: str = MANIFEST) -> Manifest:
        """Read and validate a manifest.

        Raises:
            CorruptBatchError: the data is no manifest; ``where`` is named.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise CorruptBatchError(f"{where} is not a valid manifest: {problems(error)}") from None


def problems(error: ValidationError) -> str:
    """Say in one line what pydantic found wrong."""
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'all'}: {item['msg']}" for item in error.errors())


def slug(name: str) -> str:
    """Turn a dataset name into ``[a-z0-9_-]``, at most 80 characters; names without any such character get a hash."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    cleaned = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")[:80].rstrip("-_")
    return cleaned or f"dataset-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def check_batch(batch: str) -> str:
    """Return ``batch`` when it may name a batch.

    Raises:
        ValueError: it is no slug of ``[a-z0-9_-]`` with at most 120 characters.
    """
    if not BATCH_KEY.fullmatch(batch):
        raise ValueError(f"batch key {batch!r} must be 1 to 120 of a-z, 0-9, _ and -, and start with a letter or digit")
    return batch


_manifests: dict[tuple[str, ObjectInfo], Manifest] = {}


class LandingZone:
    """The sealed batches below ``prefix`` of an object store."""

    def __init__(self, store: ObjectStore, prefix: str = "landing") -> None:
        self.store = store
        self.prefix = prefix.strip("/")

    def folder(self, dataset: str, batch: str) -> str:
        """Return the key prefix of a batch."""
        return f"{self.prefix}/{slug(dataset)}/{check_batch(batch)}"

    def sealed(self) -> list[Manifest]:
        """Return the manifests of all sealed batches, oldest harvest first.

        Costs one listing; a manifest is read once per process, because a sealed batch never changes. A manifest that is
        corrupt is logged and left out: it must not stop the others.
        """
        found = []
        for key, info in self._keys(MANIFEST).items():
            try:
                found.append(self._load(info))
            except CorruptBatchError as error:
                _log.error("batch %s is left out: %s", key, error)
        return sorted(found, key=lambda manifest: (manifest.harvested_at, manifest.batch))

    def batches(self) -> list[str]:
        """Return the keys of all sealed batches, oldest harvest first."""
        return [manifest.batch for manifest in self.sealed()]

    def unsealed(self) -> list[str]:
        """Return the keys of batches that a harvest began and did not finish."""
        return sorted(self._keys(PROGRESS).keys() - self._keys(MANIFEST).keys())

    def manifest(self, batch: str) -> Manifest:
        """Return the manifest of a sealed batch.

        Raises:
            UnknownBatchError: no sealed batch has this key.
            CorruptBatchError: its manifest is not valid.
        """
        info = self._keys(MANIFEST).get(batch)
        if info is None:
            state = "is not finished: run its harvest again" if batch in self._keys(PROGRESS) else "does not exist"
            raise UnknownBatchError(f"batch {batch!r} {state} (landing zone {self.store.uri(self.prefix)})")
        return self._load(info)

    def read(self, batch: str) -> Iterator[pa.RecordBatch]:
        """Stream a sealed batch as RAW_RECORDS, one record batch for each part, verified against its SHA-256.

        Memory: one part, at most 16 MiB of lines (one record may exceed that), a few times over.

        Raises:
            UnknownBatchError: no sealed batch has this key.
            CorruptBatchError: a part is missing or is not what the manifest says.
        """
        manifest = self.manifest(batch)
        folder = self._keys(MANIFEST)[batch].key.rpartition("/")[0]
        line = 1
        for part in manifest.parts:
            yield decode_part(self.fetch_part(folder, part), first_line=line)
            line += part.records

    def fetch_part(self, folder: str, part: Part) -> bytes:
        """Return a part's uncompressed lines after verifying the stored bytes. Raises CorruptBatchError."""
        key = f"{folder}/{part.name}"
        try:
            stored = self.store.get(key)
        except KeyError:
            raise CorruptBatchError(f"{self.store.uri(key)} is missing; harvest this source again") from None
        digest = hashlib.sha256(stored).hexdigest()
        if digest != part.sha256:
            raise CorruptBatchError(
                f"{self.store.uri(key)} was changed after it was sealed: SHA-256 {digest}, not {part.sha256}; "
                "restore the file or harvest this source again"
            )
        lines = gzip.decompress(stored)
        if lines.count(b"\n") != part.records:
            raise CorruptBatchError(f"{self.store.uri(key)} does not hold {part.records} records as its manifest says")
        return lines

    def _keys(self, name: str) -> dict[str, ObjectInfo]:
        """Map batch keys to their object ``name`` (three levels below the prefix; anything else there is not ours)."""
        depth = self.prefix.count("/") + 1
        found: dict[str, ObjectInfo] = {}
        for info in self.store.list(self.prefix):
            levels = info.key.split("/")[depth:]
            if len(levels) == 3 and levels[2] == name and BATCH_KEY.fullmatch(levels[1]):
                found[levels[1]] = info
        return found

    def _load(self, info: ObjectInfo) -> Manifest:
        cached = _manifests.get((self.store.root, info))
        if cached is not None:
            return cached
        manifest = Manifest.from_json(self.store.get(info.key), self.store.uri(info.key))
        if manifest.batch != info.key.split("/")[-2]:
            raise CorruptBatchError(
                f"{self.store.uri(info.key)} belongs to batch {manifest.batch!r}; it was moved here"
            )
        if len(_manifests) >= _CACHED_MANIFESTS:
            _manifests.clear()
        _manifests[self.store.root, info] = manifest
        return manifest
