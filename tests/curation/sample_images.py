"""Image files of every kind that providers send, made with Pillow, and broken ones made from them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIZE = (320, 240)


def picture(seed: int = 0, size: tuple[int, int] = SIZE) -> Image.Image:
    """A smooth picture with structure at several scales: like a photograph to codecs and hashes, and small."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    fine = random.integers(0, 60, (48, 64, 3), dtype=np.uint8)
    big = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    small = Image.fromarray(fine).resize(size, Image.Resampling.BICUBIC)
    return Image.fromarray((np.asarray(big, np.int32) * 3 // 4 + np.asarray(small)).clip(0, 255).astype(np.uint8))


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def jpeg(seed: int = 0, size: tuple[int, int] = SIZE, **options: Any) -> bytes:
    return encoded(picture(seed, size), "JPEG", quality=90, **options)


def rotated_jpeg(orientation: int, seed: int = 0) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(seed, exif=exif)


def grey16_png() -> bytes:
    ramp = np.linspace(0, 65535, 256 * 64).astype(np.uint16).reshape(64, 256)
    return encoded(Image.fromarray(ramp), "PNG")


def animated_gif(frames: int = 5) -> bytes:
    images = [picture(seed, (64, 48)) for seed in range(frames)]
    return encoded(images[0], "GIF", save_all=True, append_images=images[1:], duration=50)


def multipage_tiff(pages: int = 3) -> bytes:
    images = [picture(seed, (64, 48)) for seed in range(pages)]
    return encoded(images[0], "TIFF", save_all=True, append_images=images[1:])


def transparent_png() -> bytes:
    image = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 160, 240))
    return encoded(image, "PNG")


def transparent_palette_png() -> bytes:
    image = Image.new("P", SIZE, 0)
    image.putpalette([255, 0, 0, 0, 128, 0])
    image.paste(1, (0, 0, 160, 240))
    return encoded(image, "PNG", transparency=0)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kB that claim 3.6 billion pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def corrupt_png() -> bytes:
    data = bytearray(encoded(picture(), "PNG"))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    return bytes(data)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = (
    b"<!DOCTYPE html><html><head><title>Please sign in</title></head><body>"
    + b"<p>no image</p>" * 200
    + b"</body></html>"
)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(600)
MP4 = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2" + bytes(600)
PDF = b"%PDF-1.7\n" + b"%" * 600


def swapping_profile() -> bytes:
    """An ICC profile (version 2, matrix and gamma 1) whose red is the green of sRGB and the other way round."""

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in (x, y, z))

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, 256, 0)
    name = b"swapped\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(80),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"gXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for key, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += key + struct.pack(">II", offset + len(body), len(value))
        body += padded
    size = offset + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body
