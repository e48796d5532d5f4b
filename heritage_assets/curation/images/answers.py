"""What an HTTP answer means: status, redirects, opt-outs, encodings; and what holds its body."""

from __future__ import annotations

import io
import zlib

import httpcore
import httpx

from heritage_assets.curation.images.addresses import parse_address
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import FetchSettings, Reason

REDIRECTS = frozenset({301, 302, 303, 307, 308})
FORBIDDEN = frozenset({401, 403, 407, 451})
OPT_OUTS = frozenset({"none", "noindex", "noimageindex", "noai", "noimageai"})
"""Directives of X-Robots-Tag by which a provider keeps an image out of search, or away from machine learning."""


def header(response: httpcore.Response, wanted: bytes) -> str | None:
    """Return the first header of a name (lower case), or None."""
    for name, value in response.headers:
        if name.lower() == wanted:
            text: str = value.decode("latin-1")
            return text
    return None


def said(address: httpx.URL, status: int) -> str:
    """Return the detail of a status."""
    return f"{address.host} answered {status}"


def status_reason(status: int) -> Reason:
    """Return the reason of a status that brings no image (429, 503 and redirects are handled before)."""
    if status in (404, 410):
        return Reason.NOT_FOUND if status == 404 else Reason.GONE
    if status in FORBIDDEN:
        return Reason.FORBIDDEN
    if status in (408, 425):
        return Reason.TIMEOUT
    if 400 <= status < 500:
        return Reason.REFUSED
    if 300 <= status < 400:
        return Reason.BAD_REDIRECT
    return Reason.NOT_AN_IMAGE if status < 300 else Reason.SERVER_ERROR


def redirect_target(address: httpx.URL, response: httpcore.Response) -> httpx.URL:
    """Return where a redirect leads.

    Raises:
        ImageError: bad_redirect, bad_url, unsupported_scheme.
    """
    location = header(response, b"location")
    if not location:
        raise ImageError(
            Reason.BAD_REDIRECT, f"{said(address, response.status)} without a Location", http_status=response.status
        )
    try:
        return parse_address(str(address.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise ImageError(Reason.BAD_REDIRECT, f"to {location[:200]!r}: {error}", http_status=response.status) from None
    except ImageError as error:
        error.http_status = response.status
        raise


def opt_out(header: str, agent: str) -> str | None:
    """Return the directive that keeps us out. ``agent: directive, …`` speaks to that agent alone."""
    name, colon, rest = header.partition(":")
    if colon and name.strip().lower() not in (
        "unavailable_after",
        "max-image-preview",
        "max-snippet",
        "max-video-preview",
    ):
        if name.strip().lower() not in ("*", agent):
            return None
        header = rest
    return next((part for part in (word.strip().lower() for word in header.split(",")) if part in OPT_OUTS), None)


def inflate(body: bytes, encoding: str, settings: FetchSettings, status: int) -> bytes:
    """Undo a Content-Encoding that was sent unasked, within ``max_bytes``."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ImageError(
            Reason.NOT_AN_IMAGE, f"Content-Encoding {encoding[:40]!r} was not asked for", http_status=status
        )
    inflater = zlib.decompressobj(47)
    try:
        plain = inflater.decompress(body, settings.max_bytes)
    except zlib.error as error:
        raise ImageError(Reason.CORRUPT, f"Content-Encoding {encoding}: {error}", http_status=status) from None
    if inflater.unconsumed_tail:
        raise too_large("the body inflates further", settings, status)
    if not inflater.eof:
        raise ImageError(Reason.INCOMPLETE_BODY, f"the {encoding} stream ends early", http_status=status)
    return plain


def too_large(what: str, settings: FetchSettings, status: int) -> ImageError:
    """Return the error of a body beyond ``max_bytes``."""
    return ImageError(Reason.TOO_LARGE, f"{what}; limit {settings.max_bytes:,} bytes", http_status=status)


def buffer_for(size: int) -> io.BytesIO:
    """Return a buffer for ``size`` bytes that need not move while it fills, and whose value is no copy."""
    buffer = io.BytesIO()
    if size:
        buffer.seek(size - 1)
        buffer.write(b"\0")
        buffer.seek(0)
    return buffer
