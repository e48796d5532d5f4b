"""What IIIF collections and manifests of Presentation API 2 and 3 hold: children, next pages, canvases."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from heritage_assets.curation.iiif import identity, image_service, kind_of, painted_image, service_of
from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.sources.base import plural

MAX_DEPTH = 10
"""Collections inside of collections that are followed."""
PROBLEMS = {
    "unread": ("listed document", "could not be read (rejected with a reason)"),
    "gone": ("listed document", "gone (404 or 410)"),
    "too deep": ("document", f"more than {MAX_DEPTH} collections deep: left out"),
    "again": ("document", "listed more than once: read once"),
    "other": ("listed document", "neither manifest nor collection"),
    "empty": ("manifest", "without a canvas"),
}
_CHILDREN = ("items", "members", "collections", "manifests")
_NOT_DESCRIPTIVE = frozenset({"items", "sequences", "structures", "annotations", "ranges", "canvases"})
"""What a manifest holds besides its description; repeated in each of its records it would be most of the landing zone."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MAX_CHILDREN = 500_000
_MAX_INLINE_DEPTH = 20


@dataclass
class Level:
    """One open page of a collection, and which of its children comes next."""

    url: str
    children: list[str]
    following: str | None
    index: int = 0

    @cached_property
    def known(self) -> str:
        """Identifies the list of children, to notice that it changed between two runs."""
        return hashlib.blake2b("\n".join(self.children).encode("utf-8", "replace"), digest_size=16).hexdigest()


def explained(problems: Mapping[str, int]) -> list[str]:
    """Say what went wrong, given how often."""
    return [f"{plural(problems[name], noun)} {rest}" for name, (noun, rest) in PROBLEMS.items() if problems.get(name)]


def document_kind(document: Mapping[str, Any]) -> str:
    """Return "Manifest", "Collection" or "" for anything else; by its parts where its type is not stated."""
    kind = kind_of(document)
    if kind in ("Manifest", "Collection"):
        return kind
    if kind == "" and any(key in document for key in ("manifests", "collections", "members")):
        return "Collection"
    return "Manifest" if kind == "" and "sequences" in document else ""


def children(document: Mapping[str, Any], base: str) -> list[str]:
    """Return the addresses of a collection's manifests and collections, in order, each once.

    Collections that are given inline, with their own members, are taken apart here.
    """
    found: dict[str, None] = {}
    for address in _children(document, base, 0):
        found[address] = None
        if len(found) >= _MAX_CHILDREN:
            break
    return list(found)


def _children(document: Mapping[str, Any], base: str, depth: int) -> Iterator[str]:
    for key in _CHILDREN:
        members = document.get(key)
        for member in members if isinstance(members, list) else ():
            if isinstance(member, str):
                yield from _address(member, base)
            elif isinstance(member, Mapping):
                inline = kind_of(member) in ("Collection", "") and any(member.get(name) for name in _CHILDREN)
                if inline and depth < _MAX_INLINE_DEPTH:
                    yield from _children(member, base, depth + 1)
                elif kind_of(member) in ("Manifest", "Collection", ""):
                    yield from _address(identity(member) or "", base)


def following_page(document: Mapping[str, Any], base: str) -> str | None:
    """Return the address of the next page of a paged collection: ``next``, or ``first`` on one that only heads its pages."""
    for key in ("next", "first"):
        value = document.get(key)
        target = identity(value) if isinstance(value, Mapping) else value
        if isinstance(target, str) and (key == "next" or not any(document.get(name) for name in _CHILDREN)):
            return next(_address(target, base), None)
    return None


def _address(value: str, base: str) -> Iterator[str]:
    try:
        address = urldefrag(urljoin(base, value.strip())).url
        if urlsplit(address).scheme in ("http", "https") and urlsplit(address).hostname:
            yield address
    except ValueError:
        return


def canvases(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a manifest's canvases in order: ``items`` (3), or those of the first sequence (2)."""
    sequences = manifest.get("sequences")
    holder: Any = sequences[0] if isinstance(sequences, list) and sequences else manifest
    listed = (
        (holder.get("canvases") if holder is not manifest else manifest.get("items"))
        if (isinstance(holder, Mapping))
        else None
    )
    found = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [item for item in found if kind_of(item) in ("Canvas", "")]


def description(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest's own properties, without its canvases and structures."""
    return {key: value for key, value in manifest.items() if key not in _NOT_DESCRIPTIVE}


def canvas_guid(canvas: Mapping[str, Any], manifest_url: str, position: int) -> str:
    """Return a canvas's identifier; one that is no URI is only unique inside its manifest, so that goes before it."""
    name = identity(canvas)
    if name is None:
        return f"{manifest_url}#canvas={position}"
    return name if _SCHEME.match(name) else f"{manifest_url}#{name}"


def canvas_record(
    canvas: Mapping[str, Any], manifest: Mapping[str, Any], url: str, *, position: int, count: int, side: int
) -> LandedRecord:
    """Return the raw record of one canvas: itself untouched, with the description of its manifest."""
    guid = canvas_guid(canvas, url, position)
    raw = {"guid": guid, "by": "canvas", "side": side, "position": position, "canvases": count}
    return LandedRecord(guid, {**raw, "manifest_url": url, "manifest": manifest, "canvas": canvas})


def manifest_record(
    manifest: Mapping[str, Any], first: Mapping[str, Any] | None, url: str, *, count: int, side: int
) -> LandedRecord:
    """Return the raw record of one manifest, shown by its first canvas that has an image."""
    guid = identity(manifest) or url
    raw = {"guid": guid, "by": "manifest", "side": side, "canvases": count, "manifest_url": url}
    return LandedRecord(guid, {**raw, "manifest": manifest, "canvas": first})


def info_address(record: LandedRecord) -> str | None:
    """Return the address of the ``info.json`` without which nobody knows the sizes of a record's image; else None."""
    raw: Any = record.raw
    image = painted_image(raw["canvas"]) if raw["canvas"] else None
    embedded = service_of(image) if image is not None else None
    service = image_service(embedded) if embedded is not None else None
    return f"{service.id}/info.json" if service is not None and service.needs_info else None


def with_info(record: LandedRecord, info: dict[str, Any]) -> LandedRecord:
    """Return the record with the ``info.json`` of its image service."""
    raw: Any = record.raw
    return LandedRecord(record.guid, raw | {"image_info": info})
