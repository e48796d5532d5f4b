"""Links: which addresses may be fetched or shown, and which of a record's links is its image."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

MAX_URL_LENGTH = 4_096
"""Characters of an address; servers refuse longer ones."""

_IGNORED = re.compile(r"[\t\r\n\x00-\x08\x0e-\x1f\x7f\u200b\ufeff]")
"""What browsers drop from addresses (WHATWG URL, section 4.4), and what copying from a PDF leaves in them."""
_SAFE = "%/:?#[]@!$&'()*+,;=~-._|"
_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s/?#@\[\]<>\"\\^`{|}%:]+)(?::\d{1,5})?$")
_NOT_IMAGES = re.compile(
    r"[./](?:pdf|djvu?|docx?|odt|txt|xml|json|html?|php|aspx?|mp[34]|m4[av]|mov|avi|mkv|webm|ogg|oga|wav|flac|zip|glb|gltf|obj"
    r"|ply|stl|nxs|epub)$",
    re.IGNORECASE,
)
_IIIF_IMAGE = re.compile(
    r"(https?://\S+?)/(?:full|square|(?:pct:)?[\d.]+,[\d.]+,[\d.]+,[\d.]+)/(?:full|max|\^?!?\d*,\d*|\^?pct:[\d.]+|\^max)"
    r"/!?\d+(?:\.\d+)?/(?:default|native|color|colour|gray|grey|bitonal)(?:\.(?:jpe?g|png|tiff?|gif|jp2|webp))?$"
)
"""IIIF Image API 1.1-3.0: {service}/{region}/{size}/{rotation}/{quality}.{format}."""
_NOT_PICTURED = frozenset({"VIDEO", "SOUND", "3D"})


@lru_cache(maxsize=8192)
def web_address(value: str) -> str | None:
    """Return ``value`` as an http or https address, or None where it is none.

    White space around it and line breaks inside go; spaces and non-ASCII characters in path and query are percent-encoded;
    what is encoded already stays as it is.
    """
    text = _IGNORED.sub("", value[: MAX_URL_LENGTH * 2]).strip().replace("&amp;", "&")
    if text.startswith("//"):
        text = "https:" + text
    if len(text) > MAX_URL_LENGTH:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme.lower() not in ("http", "https") or not _HOST.match(host):
        return None
    encoded = urlunsplit(
        (parts.scheme.lower(), parts.netloc, _encoded(parts.path), _encoded(parts.query), _encoded(parts.fragment))
    )
    return encoded if len(encoded) <= MAX_URL_LENGTH else None


def image_address(value: str, image_root: str | None) -> str | None:
    """Return ``value`` as an address of an image: http, https, or a file URI of a file below ``image_root``.

    With a root, a plain path counts as one relative to it. Paths that leave the root are refused (by name: the fetcher
    must check links on the disk itself).
    """
    address = web_address(value)
    if address is not None or image_root is None:
        return address
    text = value.strip()
    if not text or len(text) > MAX_URL_LENGTH or "\x00" in text:
        return None
    if text.lower().startswith("file:"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            return None
        text = unquote(parts.path)
    elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text):
        return None
    root = os.path.normpath(unquote(urlsplit(image_root).path) if image_root.startswith("file:") else image_root)
    path = os.path.normpath(Path(root) / text.replace("\\", "/"))
    if not path.startswith(root.rstrip("/") + "/") or not Path(path).is_absolute():
        return None
    return Path(path).as_uri()


def choose_image(
    shown_by: Iterable[str], previews: Iterable[str], edm_type: str | None, image_root: str | None
) -> str | None:
    """Return the address that most likely is an image of the object.

    Order: edm:isShownBy, then previews (edm:object, a thumbnail); for films, sounds and 3-D models the previews come first. An
    address whose suffix names another kind of file (.pdf, .mp3, .html) is passed over while there is another one.
    """
    first = [found for value in shown_by if (found := image_address(value, image_root))]
    second = [found for value in previews if (found := image_address(value, image_root))]
    ordered = second + first if edm_type in _NOT_PICTURED else first + second
    likely = (address for address in ordered if not _NOT_IMAGES.search(urlsplit(address).path))
    return next(likely, ordered[0] if ordered else None)


def iiif_service(declared: Iterable[str], image: str | None) -> str | None:
    """Return the base address of the IIIF image service: the declared one, else the one an Image API address implies."""
    for value in declared:
        if address := web_address(value):
            return address.removesuffix("/info.json").rstrip("/")
    match = _IIIF_IMAGE.match(image) if image else None
    return match[1] if match else None


def _encoded(part: str) -> str:
    if part.isascii() and " " not in part:
        return part
    return quote(part, safe=_SAFE)
