"""What bytes really are, judged by their beginning and never by a file name or a Content-Type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import Reason

SNIFF_BYTES = 512
"""Bytes that decide what a body is."""


@dataclass(frozen=True)
class ImageFormat:
    """A format that is decoded here: media type, extension of the stored original, name of the Pillow plugin."""

    media_type: str
    extension: str
    pillow: str


JPEG = ImageFormat("image/jpeg", "jpg", "JPEG")
PNG = ImageFormat("image/png", "png", "PNG")
GIF = ImageFormat("image/gif", "gif", "GIF")
WEBP = ImageFormat("image/webp", "webp", "WEBP")
TIFF = ImageFormat("image/tiff", "tif", "TIFF")
AVIF = ImageFormat("image/avif", "avif", "AVIF")
JPEG2000 = ImageFormat("image/jp2", "jp2", "JPEG2000")
BMP = ImageFormat("image/bmp", "bmp", "BMP")

SIGNATURES: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\xff\x4f\xff\x51", JPEG2000),
)
OTHER_SIGNATURES: tuple[tuple[bytes, Reason, str], ...] = (
    (b"%PDF-", Reason.UNSUPPORTED_MEDIA_TYPE, "a PDF document"),
    (b"II+\0", Reason.UNSUPPORTED_MEDIA_TYPE, "a BigTIFF image"),
    (b"MM\0+", Reason.UNSUPPORTED_MEDIA_TYPE, "a BigTIFF image"),
    (b"8BPS", Reason.UNSUPPORTED_MEDIA_TYPE, "a Photoshop document"),
    (b"AT&TFORM", Reason.UNSUPPORTED_MEDIA_TYPE, "a DjVu document"),
    (b"\xff\x0a", Reason.UNSUPPORTED_MEDIA_TYPE, "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", Reason.UNSUPPORTED_MEDIA_TYPE, "a JPEG XL image"),
    (b"\0\0\x01\0", Reason.UNSUPPORTED_MEDIA_TYPE, "an icon"),
    (b"%!PS", Reason.UNSUPPORTED_MEDIA_TYPE, "a PostScript document"),
    (b"PK\x03\x04", Reason.NOT_AN_IMAGE, "a ZIP archive"),
    (b"\x1f\x8b", Reason.NOT_AN_IMAGE, "gzip data"),
)
AVIF_BRANDS = frozenset({b"avif", b"avis"})
SVG = re.compile(rb"<svg[\s>:]", re.IGNORECASE)
HTML = re.compile(
    rb"^(<!--.{0,400}?-->\s*)?<(!doctype\s+html|html|head|body|title|script|meta|div|p|h1)\b", re.I | re.S
)


def sniff(head: bytes) -> ImageFormat:
    """Return the format of a file that begins with ``head`` (give :data:`SNIFF_BYTES`, or all there is).

    Raises:
        ImageError: html_instead_of_image, unsupported_media_type (SVG, HEIC, PDF, …) or not_an_image.
    """
    for signature, image_format in SIGNATURES:
        if head.startswith(signature):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _sniff_iso_media(head)
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return BMP
    for signature, reason, what in OTHER_SIGNATURES:
        if head.startswith(signature):
            raise ImageError(reason, f"the bytes are {what}")
    raise _text_or_unknown(head)


def _sniff_iso_media(head: bytes) -> ImageFormat:
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12]} | {head[start : start + 4] for start in range(16, min(size, len(head)), 4)}
    if brands & AVIF_BRANDS:
        return AVIF
    brand = head[8:12].decode("ascii", "replace")
    raise ImageError(Reason.UNSUPPORTED_MEDIA_TYPE, f"an ISO media file of brand {brand!r} (HEIC, video, …)")


def _text_or_unknown(head: bytes) -> ImageError:
    if not head.strip():
        return ImageError(Reason.NOT_AN_IMAGE, "the body is empty")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if SVG.search(text):
        return ImageError(Reason.UNSUPPORTED_MEDIA_TYPE, "an SVG drawing, which is code and is not rendered")
    if HTML.match(text):
        return ImageError(Reason.HTML_INSTEAD_OF_IMAGE, f"a web page: {_quote(text)}")
    if text.startswith(b"<?xml") and b"<html" in text.lower():
        return ImageError(Reason.HTML_INSTEAD_OF_IMAGE, f"a web page: {_quote(text)}")
    return ImageError(Reason.NOT_AN_IMAGE, f"the bytes begin with {_quote(text)}")


def _quote(text: bytes) -> str:
    return repr(text[:60].decode("latin-1"))
