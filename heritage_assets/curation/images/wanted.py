"""Which address a record's image is asked at: its own, or its IIIF image service at the size that is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
import pyarrow as pa

from heritage_assets.curation.iiif import sized_image_url
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import REASONS, Reason

_REQUEST = re.compile(r"/(?P<region>[^/?#]+)/(?P<size>[^/?#]+)/!?[\d.]+/[a-z]+\.[a-z0-9]+\Z")
"""What follows the service's address in a request of the Image API: region, size, rotation, quality and format."""
_WHOLE = frozenset({"full", "max", "^max", "pct:100"})
_LAST_WORD = frozenset({Reason.OPTED_OUT, Reason.DISALLOWED_BY_ROBOTS})


@dataclass(frozen=True)
class Wanted:
    """One image to ask for.

    Attributes:
        url: the address that is asked first, and by which rows of earlier runs are found.
        service: the image service behind ``url``: its ``info.json`` says which sizes there are, should it refuse this one.
        spare: the record's own address, asked last.
    """

    url: str
    service: str | None = None
    spare: str | None = None


def wanted_image(url: str | None, service: str | None, side: int) -> Wanted | None:
    """Return what to ask for: the image service for a long side of ``side`` pixels, else the record's own address, else None.

    A record that names a part of an image or a size of its own is taken at its word; a file of the image root needs no service.
    """
    own = url.strip() if url and url.strip() else None
    base = service.strip().removesuffix("/info.json").rstrip("/") if service and service.strip() else None
    if base is None or (own is not None and own[:5].lower() == "file:"):
        return Wanted(own) if own else None
    if own is not None and _is_chosen(own, base):
        return Wanted(own, base)
    return Wanted(sized_image_url(base, side), base, own)


def _is_chosen(url: str, base: str) -> bool:
    request = _REQUEST.fullmatch(url.removeprefix(base)) if url.startswith(f"{base}/") else None
    return request is not None and (request["region"] != "full" or request["size"] not in _WHOLE)


def wanted_of(tasks: pa.RecordBatch | pa.Table, side: int) -> Iterator[tuple[str, Wanted | None]]:
    """Yield guid and image wanted of each of ``tasks`` (IMAGE_TASKS)."""
    columns = (tasks[name].to_pylist() for name in ("guid", "url", "iiif_service"))
    for guid, url, service in zip(*columns, strict=True):
        yield guid, wanted_image(url, service, side)


def host_keys(tasks: pa.RecordBatch) -> pa.Array:
    """Return the host of each task's image (IMAGE_TASKS), or its guid where there is none.

    Where several processes fetch, a host's images belong in one of them: limits and pauses are kept by process.
    """
    return pa.array([(host_of(wanted.url) if wanted else None) or guid for guid, wanted in wanted_of(tasks, side=1)])


def host_of(url: str) -> str | None:
    """Return host and port of an address; None when it can't be parsed."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return None


def another_may_help(error: ImageError) -> bool:
    """Tell whether the refusal of one address leaves hope for another one of the same image.

    Servers say in many ways that they don't make a size (400, 404, 501; 403 where files lie in a bucket; 500). What passes by
    itself is waited for, and who says no is not asked elsewhere.
    """
    return error.reason not in _LAST_WORD and (REASONS[error.reason].permanent or error.http_status in (500, 501))


def size_listed(service: str, document: bytes, side: int) -> str | None:
    """Return the address of the size that an ``info.json`` offers; None when the document is none."""
    try:
        info = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    return sized_image_url(service, side, info=info) if isinstance(info, dict) else None
