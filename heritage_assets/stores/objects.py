"""Object storage: one small interface over a folder and over S3 (MinIO, or any other S3 server).

Keys are relative POSIX paths. A key that could leave the root (``..``, absolute, control characters) is refused, because parts
of keys can come from providers.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit


class InvalidKeyError(ValueError):
    """The object key could escape the store or can't be represented."""


@dataclass(frozen=True)
class ObjectInfo:
    """One stored object: its key, size in bytes and time of last change (UTC)."""

    key: str
    size: int
    modified: datetime


def check_key(key: str) -> str:
    """Return ``key`` when it is safe.

    Raises:
        InvalidKeyError: empty, absolute, with ``.``/``..``/empty segments, backslashes or control characters.
    """
    segments = key.split("/")
    if any(segment in ("", ".", "..") for segment in segments) or "\\" in key or min(key) < " ":
        raise InvalidKeyError(f"unsafe object key {key!r}")
    return key


class ObjectStore(Protocol):
    """What the platform asks of object storage."""

    root: str

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Store ``data`` whole or not at all. With ``if_absent`` an existing object stays and False is returned."""
        ...

    def get(self, key: str) -> bytes:
        """Return the object's bytes. Raises ``KeyError`` when there is none."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether the object is there."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects whose keys start with the folder ``prefix``, in key order."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""
        ...

    def uri(self, key: str) -> str:
        """Return the address by which other programs reach the object."""
        ...


class FolderStore:
    """Objects as files below a local folder; a write is visible whole (temporary file, then rename)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.root = self.folder.as_uri()

    def path(self, key: str) -> Path:
        """Return the file behind ``key``."""
        return self.folder / check_key(key)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """See :class:`ObjectStore`."""
        target = self.path(key)
        if if_absent and target.exists():
            return False
        handle, temporary = _temporary_in(target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(handle, 0o644)
            if if_absent:
                return _link_once(temporary, target)
            os.replace(temporary, target)  # noqa: PTH105  (paths cost more than the call: four objects an image)
            return True
        finally:
            Path(temporary).unlink(missing_ok=True)

    def get(self, key: str) -> bytes:
        """See :class:`ObjectStore`."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            raise KeyError(key) from None

    def exists(self, key: str) -> bool:
        """See :class:`ObjectStore`."""
        return self.path(key).is_file()

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`ObjectStore`."""
        base = self.folder / check_key(prefix.rstrip("/")) if prefix else self.folder
        files = (path for path in base.rglob("*") if path.is_file() and not path.name.startswith(".writing-"))
        for path in sorted(files, key=lambda path: path.relative_to(self.folder).as_posix()):
            try:
                status = path.stat()
            except FileNotFoundError:  # deleted since it was listed
                continue
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield ObjectInfo(path.relative_to(self.folder).as_posix(), status.st_size, modified)

    def delete(self, key: str) -> None:
        """See :class:`ObjectStore`."""
        self.path(key).unlink(missing_ok=True)

    def uri(self, key: str) -> str:
        """See :class:`ObjectStore`."""
        return self.path(key).as_uri()


def _temporary_in(folder: Path) -> tuple[int, str]:
    """Open a new file in a folder, which is made only where it is missing: most are there."""
    try:
        return tempfile.mkstemp(dir=folder, prefix=".writing-")
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=folder, prefix=".writing-")


def _link_once(temporary: str, target: Path) -> bool:
    """Give the finished file its name unless somebody else was first."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    return True


class S3Store:
    """Objects in a bucket, under an optional prefix.

    Args:
        uri: ``s3://bucket/prefix``.
        options: keyword arguments of ``boto3.client("s3", …)``.
    """

    def __init__(self, uri: str, options: dict[str, Any] | None = None) -> None:
        import boto3

        parts = urlsplit(uri)
        self.bucket = parts.netloc
        self.prefix = parts.path.strip("/")
        self.root = uri.rstrip("/")
        self.options = options or {}
        self.client = boto3.client("s3", **self.options)

    def __reduce__(self) -> tuple[type[S3Store], tuple[str, dict[str, Any]]]:
        """Travel to other processes as address and options: each needs connections of its own."""
        return S3Store, (self.root, self.options)

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{check_key(key)}" if self.prefix else check_key(key)

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """See :class:`ObjectStore`; ``if_absent`` is a conditional put (``If-None-Match: *``)."""
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if if_absent else {}
        try:
            self.client.put_object(Bucket=self.bucket, Key=self._key(key), Body=data, **condition)
        except ClientError as error:
            if if_absent and error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                return False
            raise
        return True

    def get(self, key: str) -> bytes:
        """See :class:`ObjectStore`."""
        try:
            body: bytes = self.client.get_object(Bucket=self.bucket, Key=self._key(key))["Body"].read()
        except self.client.exceptions.NoSuchKey:
            raise KeyError(key) from None
        return body

    def exists(self, key: str) -> bool:
        """See :class:`ObjectStore`."""
        from botocore.exceptions import ClientError

        try:
            self.client.head_object(Bucket=self.bucket, Key=self._key(key))
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """See :class:`ObjectStore`."""
        folder = "/".join(part for part in (self.prefix, prefix.strip("/")) if part)
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{folder}/" if folder else ""
        )
        skip = len(self.prefix) + 1 if self.prefix else 0
        for page in pages:
            for item in page.get("Contents", ()):
                yield ObjectInfo(item["Key"][skip:], item["Size"], item["LastModified"])

    def delete(self, key: str) -> None:
        """See :class:`ObjectStore`."""
        self.client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def uri(self, key: str) -> str:
        """See :class:`ObjectStore`."""
        return f"s3://{self.bucket}/{self._key(key)}"


def open_object_store(root: str, *, s3_options: dict[str, Any] | None = None) -> ObjectStore:
    """Open the store behind a URI: ``file:///folder`` or ``s3://bucket/prefix``.

    Args:
        root: the store's address.
        s3_options: keyword arguments for ``boto3.client("s3", …)`` (endpoint_url, credentials, config).

    Raises:
        ValueError: for any other scheme.
    """
    parts = urlsplit(root)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return S3Store(root, s3_options)
    raise ValueError(f"can't open object store {root!r}: use file:///folder or s3://bucket/prefix")
