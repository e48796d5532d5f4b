"""Image files as providers serve them: the scan of a thing, an edited copy of it, or what is there in place of an image."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw

from heritage_assets.embedded.museum.objects import MuseumObject

EDITS = ("reencoded", "resized", "cropped", "greyscale", "watermarked")
"""What archives do to their copies."""


@dataclass(frozen=True)
class Scan:
    """One image file.

    Attributes:
        thing: what it shows.
        edits: edits of ``EDITS``, in order.
        strength: 0 to 1, how much of each edit.
        quality: JPEG quality.
        media_type: image/jpeg or image/png.
    """

    thing: MuseumObject
    edits: tuple[str, ...] = ()
    strength: float = 0.5
    quality: int = 88
    media_type: str = "image/jpeg"
    mark: str = ""

    @property
    def key(self) -> str:
        """Name of the file in a cache; it changes with the code that draws."""
        text = f"{_code_digest()}/{self.thing!r}/{self.edits}/{self.strength:.4f}/{self.quality}/{self.media_type}/{self.mark}"
        return hashlib.sha256(text.encode()).hexdigest()[:24] + (".png" if self.media_type == "image/png" else ".jpg")


@cache
def _code_digest() -> str:
    digest = hashlib.sha256()
    package = files(__package__)
    folders = [package, package.joinpath("painters")]
    for folder in folders:
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def encode(scan: Scan) -> bytes:
    """Draw a scan and return the bytes of its file."""
    from heritage_assets.embedded.museum.rendering import render

    image = render(scan.thing)
    for edit in scan.edits:
        image = _edit(image, edit, scan.strength, scan.mark)
    buffer = io.BytesIO()
    if scan.media_type == "image/png":
        image.save(buffer, "PNG", compress_level=1)
    else:
        image.save(buffer, "JPEG", quality=scan.quality)
    return buffer.getvalue()


def _edit(image: Image.Image, edit: str, strength: float, mark: str) -> Image.Image:
    width, height = image.size
    if edit == "resized":
        scale = 0.85 - 0.3 * strength
        return image.resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS)
    if edit == "cropped":
        share = 0.01 + 0.02 * strength
        left, top = round(width * share * 0.6), round(height * share * 0.4)
        return image.crop((left, top, width - round(width * share * 0.4), height - round(height * share * 0.6)))
    if edit == "greyscale":
        return image.convert("L").convert("RGB")
    if edit == "watermarked":
        from heritage_assets.embedded.museum.canvas import font  # brings scipy

        layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        size = max(12, width // 26)
        draw = ImageDraw.Draw(layer)
        draw.text(
            (width - size // 2 + 1, height - size // 2 + 1), mark, font=font(size), fill=(0, 0, 0, 110), anchor="rd"
        )
        draw.text(
            (width - size // 2, height - size // 2), mark, font=font(size), fill=(255, 255, 255, 150), anchor="rd"
        )
        return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
    return image


def bomb(side: int = 60_000) -> bytes:
    """Return a PNG of a few hundred bytes that declares ``side`` × ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 65_536, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


WEB_PAGE = (
    b"<!DOCTYPE html><html><head><title>Digital collections</title></head>"
    b"<body><h1>This object is being digitised</h1><p>Please come back later.</p></body></html>"
)
