"""IIIF Image API 1.1 to 3.0: which address gives an image at the size that is needed, and where a canvas shows its image.

Sources: IIIF Image API 1.1, 2.1.1 and 3.0 with their compliance documents; IIIF Presentation API 2.1.1 and 3.0.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LEVEL = re.compile(r"level([012])\b")
_MAX_SIDE = 1 << 24
"""Pixels; a stated width above it is nonsense."""
_MAX_LISTED = 200
_MAX_DEPTH = 5


@dataclass(frozen=True)
class ImageService:
    """What is known of an image service: ``level`` None where nobody says; sizes in pixels (width, height)."""

    id: str
    version: int = 2
    level: int | None = None
    width: int | None = None
    height: int | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    confines: bool = False
    """Whether it says that it knows ``!w,h`` beyond its level."""
    max_side: int | None = None
    max_area: int | None = None

    @property
    def needs_info(self) -> bool:
        """Whether only its ``info.json`` can say which sizes there are."""
        return self.level == 0 and not self.sizes


def sized_image_url(service: str, side: int, *, info: Mapping[str, Any] | None = None, profile: Any = None) -> str:
    """Return the address of the whole image with a long side of about ``side`` pixels, as JPEG.

    Args:
        service: base address of the image service (with or without ``/info.json``).
        side: wanted long side in pixels.
        info: its ``info.json``, or the description of it that a manifest embeds; None: not known.
        profile: its profile, where that alone is known (``svcs:has_service`` beside ``doap:implements``).

    Never larger than the original where its size is known, never above the limits that the service states. Level 2 (and a
    service of which nothing is known, since most are of level 2) is asked for ``!side,side``, level 1 for ``side,`` or
    ``,side``, level 0 for a listed size, or the whole image where none is listed.
    """
    base = service.strip().removesuffix("/info.json").rstrip("/")
    known = image_service({"profile": profile} | dict(info or {}) | {"id": base, "@id": base}) or ImageService(base)
    quality = "native" if known.version == 1 else "default"
    return f"{base}/full/{_size(known, side)}/0/{quality}.jpg"


def image_service(value: Any) -> ImageService | None:
    """Read an ``info.json``, or a service as a manifest embeds it; None when it is no image service."""
    if isinstance(value, str):
        value = {"@id": value}
    if not isinstance(value, Mapping):
        return None
    address = identity(value)
    profiles = [part for part in _list(value.get("profile")) if isinstance(part, str)]
    details = [value, *(part for part in _list(value.get("profile")) if isinstance(part, Mapping))]
    said = " ".join([*profiles, *map(str, _list(value.get("@context"))), *map(str, _list(value.get("type")))])
    if address is None or not address.startswith(("http://", "https://")) or re.search(r"/(?:auth|search)/\d", said):
        return None
    level = next((int(match[1]) for profile in profiles if (match := _LEVEL.search(profile))), None)
    features = {str(item) for part in details for key in ("supports", "extraFeatures") for item in _list(part.get(key))}
    limits = [_pixels(part.get(key)) for part in details for key in ("maxWidth", "maxHeight")]
    areas = [_area(part.get("maxArea")) for part in details]
    return ImageService(
        id=address.removesuffix("/info.json").rstrip("/"),
        version=_version(said, profiles),
        level=level,
        width=_pixels(value.get("width")),
        height=_pixels(value.get("height")),
        sizes=_listed(value.get("sizes")),
        confines="sizeByConfinedWh" in features,
        max_side=min((limit for limit in limits if limit), default=None),
        max_area=min((area for area in areas if area), default=None),
    )


def painted_image(canvas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first image that is painted on a canvas (of a choice its default); None when there is none."""
    return next((body for body in painted(canvas) if kind_of(body) in ("Image", "")), None)


def painted(canvas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is painted on a canvas of Presentation API 2 or 3, in order."""
    for page in _mappings(canvas.get("items")):
        for annotation in _mappings(page.get("items")):
            if "painting" in map(str, _list(annotation.get("motivation", "painting"))):
                yield from _bodies(annotation.get("body"), 0)
    for annotation in _mappings(canvas.get("images")):
        yield from _bodies(annotation.get("resource"), 0)


def service_of(resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the image service that a resource names, as the manifest embeds it."""
    for service in _list(resource.get("service")):
        found = {"@id": service} if isinstance(service, str) else service
        if isinstance(found, Mapping) and image_service(found) is not None:
            return found
    return None


def identity(node: Mapping[str, Any]) -> str | None:
    """Return the identifier of a node, as either version of the Presentation API spells it."""
    value = node.get("id") or node.get("@id")
    return value.strip() or None if isinstance(value, str) else None


def kind_of(node: Mapping[str, Any]) -> str:
    """Return the class of a node without its prefix: "Manifest", "Collection", "Image" …, "" where none is stated."""
    stated = next((kind for kind in (*_list(node.get("type")), *_list(node.get("@type"))) if isinstance(kind, str)), "")
    return stated.rpartition(":")[2]


def _bodies(body: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    for part in _list(body):
        if not isinstance(part, Mapping) or depth > _MAX_DEPTH:
            continue
        if kind_of(part) == "Choice":
            # Presentation 3 lists the choices, the default first; 2 names it.
            yield from _bodies(part.get("default") or _list(part.get("items"))[:1], depth + 1)
        elif kind_of(part) == "SpecificResource":
            yield from _bodies(part.get("full") or part.get("source"), depth + 1)
        else:
            yield part


def _size(service: ImageService, side: int) -> str:
    whole = "max" if service.version >= 3 else "full"
    box = _box(service, side)
    if service.level == 0:
        if not service.sizes:
            return whole
        enough = [size for size in service.sizes if max(size) >= side]
        width, height = min(enough, key=max) if enough else max(service.sizes, key=max)
        return f"{width},{height}"
    if service.width and service.height and max(service.width, service.height) <= box:
        return whole
    if service.level != 1 or service.confines:
        return f"!{box},{box}"
    return f",{box}" if (service.height or 0) > (service.width or 0) else f"{box},"


def _box(service: ImageService, side: int) -> int:
    """Return the long side to ask for within the service's limits."""
    box = min(side, service.max_side or side)
    if service.max_area:
        shape = (
            max(service.width, service.height) / min(service.width, service.height)
            if (service.width and service.height)
            else 1.0
        )
        box = min(box, math.isqrt(int(service.max_area * shape)))
    return max(box, 1)


def _version(said: str, profiles: list[str]) -> int:
    if match := re.search(r"/image/([123])\b|ImageService([123])\b|image-api/(1)\.", said):
        return int(next(group for group in match.groups() if group))
    if "image-api/compliance" in said:
        return 1
    return 3 if any(re.fullmatch(r"level[012]", profile) for profile in profiles) else 2


def _listed(value: Any) -> tuple[tuple[int, int], ...]:
    sizes = [(_pixels(size.get("width")), _pixels(size.get("height"))) for size in _mappings(value)[:_MAX_LISTED]]
    return tuple((width, height) for width, height in sizes if width and height)


def _pixels(value: Any) -> int | None:
    number = _area(value)
    return number if number is not None and number <= _MAX_SIDE else None


def _area(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if value >= 1 else None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in _list(value) if isinstance(item, Mapping)]
