"""From hostile bytes to upright sRGB pixels of bounded size.

Every limit is checked on the header, before a pixel is decoded. Belongs here: pixels. Does not belong here: storage, network.
"""

from __future__ import annotations

import ctypes
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heritage_assets.curation.images.colour import to_srgb
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import Reason
from heritage_assets.curation.images.sniff import GIF, JPEG, PNG, SNIFF_BYTES, TIFF, ImageFormat, sniff

if TYPE_CHECKING:
    from PIL import Image, ImageFile

START_OF_SCAN = b"\xff\xda"
MOST_SCANS = 500
"""Progressive JPEGs have about ten scans; thousands cost minutes of decoding (the limit of libjpeg-turbo's own fuzzers)."""
DRAFT_MARGIN = 1.5
"""A JPEG is decoded at reduced scale while that leaves this many times the pixels per side that are wanted. On scans of printed
pages that differs from scaling the whole picture (bicubic) by 2.3 of 255 on average, 18 at the 99th percentile: as much as a
cheaper filter does (Hamming: 1.8 and 12; box: 3.5 and 25). At a margin of 1 it is 3.6 and 30, and letters suffer visibly."""
ORIENTATION_TAG = 0x0112
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""


@dataclass(frozen=True)
class DecodedImage:
    """Pixels (RGB, upright, sRGB, long side bounded), what the file is, and the upright size of the original in pixels."""

    pixels: Image.Image
    format: ImageFormat
    width: int
    height: int
    note: str | None


def allow_pixels(max_pixels: int) -> None:
    """Raise Pillow's own pixel limit to ``max_pixels``; every decode here checks its limit itself, before decoding."""
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None:
        Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, max_pixels)


def keep_memory(threads: int) -> None:
    """Let the memory of freed images be used for the next ones, by Pillow (two blocks of 16 MiB for each thread) and by glibc
    (up to 64 MiB for each thread).

    Asking the system for it anew, for every image, costs up to a tenth of the decoding. Larger pieces go back at once. Other C
    libraries decide for themselves.
    """
    from PIL import Image

    Image.core.set_blocks_max(max(Image.core.get_blocks_max(), 2 * threads))
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(M_TRIM_THRESHOLD, 64 << 20)
        set_option(M_MMAP_THRESHOLD, 16 << 20)


def decoding_pool(threads: int) -> ThreadPoolExecutor:
    """Return threads that decode and resize beside each other."""
    from heritage_assets.curation.resizing import use_one_core

    keep_memory(threads)
    return ThreadPoolExecutor(threads, thread_name_prefix="decode", initializer=use_one_core)


class Header:
    """An opened, not yet decoded image.

    Args:
        data: the whole file.
        max_pixels, max_frames: limits on the header.

    Raises:
        ImageError: not_an_image, html_instead_of_image, unsupported_media_type, too_many_pixels, too_many_frames, corrupt.
    """

    def __init__(self, data: bytes, *, max_pixels: int, max_frames: int) -> None:
        self.format = sniff(data[:SNIFF_BYTES])
        self._image = _open(data, self.format)
        if self.format is JPEG:
            # Its decoder is given all at once: for every piece it would wait for the lock of Python.
            self._image.decodermaxblock = len(data)
        width, height = self._image.size
        self.pixels = width * height
        if self.pixels > max_pixels:
            raise ImageError(
                Reason.TOO_MANY_PIXELS, f"{width} × {height} = {self.pixels:,} pixels; limit {max_pixels:,}"
            )
        if self.format is JPEG and not _has_one_scan(self._image, data) and data.count(START_OF_SCAN) > MOST_SCANS:
            raise ImageError(Reason.TOO_MANY_FRAMES, f"a JPEG with more than {MOST_SCANS} scans")
        self._frames = _count_frames(self._image, data, self.format, max_frames)

    def decode(self, side: int) -> DecodedImage:
        """Return the pixels of the first frame, scaled down (never up) to a long side of ``side``.

        Memory: at most 12 bytes per pixel of the file while it runs; 20 for WebP and JPEG 2000 (measured).

        Raises:
            ImageError: truncated or corrupt.
        """
        width, height = self._image.size
        try:
            orientation = _orientation(self._image)
            if self.format is JPEG:
                self._image.draft(None, fitted(width, height, round(side * DRAFT_MARGIN)))
            self._image.load()
            pixels = _upright(to_srgb(self._image, fitted(width, height, side)), orientation)
        except Exception as error:
            raise _decode_error(error) from error
        if orientation >= 5:
            width, height = height, width
        return DecodedImage(pixels, self.format, width, height, self._note())

    def _note(self) -> str | None:
        if self._frames <= 1:
            return None
        return f"first of {self._frames} {'pages' if self.format is TIFF else 'frames'}"


def decode_image(data: bytes, side: int, *, max_pixels: int, max_frames: int) -> DecodedImage:
    """Return the pixels of an image file, upright, in sRGB, with a long side of at most ``side`` pixels.

    Raises:
        ImageError: see :class:`Header`.
    """
    return Header(data, max_pixels=max_pixels, max_frames=max_frames).decode(side)


def _open(data: bytes, image_format: ImageFormat) -> ImageFile.ImageFile:
    """Open with the one plugin that the bytes call for, so that no other parser sees them."""
    from PIL import Image

    try:
        if image_format is PNG:
            # Checks the checksums, without decoding; Pillow's decoder ignores them and returns damaged pixels.
            Image.open(io.BytesIO(data), formats=[image_format.pillow]).verify()
        return Image.open(io.BytesIO(data), formats=[image_format.pillow])
    except Image.DecompressionBombError as error:
        raise ImageError(Reason.TOO_MANY_PIXELS, str(error)) from None
    except Exception as error:
        raise _decode_error(error) from error


def _has_one_scan(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Tell whether the first scan of a JPEG, behind whose header Pillow stopped reading, is the only one that is decoded: it
    holds all components, and none of it is left for later. It saves a search through every byte of most files.
    """
    components, behind = getattr(image, "layers", 0), image.fp.tell() if image.fp else 0
    length = 6 + 2 * components
    header = START_OF_SCAN + length.to_bytes(2) + components.to_bytes(1)
    return "progressive" not in image.info and data.startswith(header, max(0, behind - length - 2))


def _decode_error(error: Exception) -> ImageError:
    # Decoders raise almost any type at broken input (OSError, SyntaxError, struct.error, ValueError, MemoryError, …).
    text = str(error) or type(error).__name__
    truncated = "truncated" in text.lower() or isinstance(error, EOFError)
    return ImageError(Reason.TRUNCATED if truncated else Reason.CORRUPT, f"{type(error).__name__}: {text}")


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; broken EXIF means upright, it is no reason to lose an image."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # the parser raises many types at broken EXIF
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size with a long side of at most ``side``, never larger than the original."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _count_frames(image: Image.Image, data: bytes, image_format: ImageFormat, max_frames: int) -> int:
    """Return the number of frames or pages without decoding them, in time bounded by ``max_frames``."""
    if image_format is GIF:
        frames = _gif_frames(data, max_frames + 1)
    elif image_format is TIFF:
        frames = _tiff_pages(image, max_frames + 1)
    else:
        frames = getattr(image, "n_frames", 1)
    if frames > max_frames:
        raise ImageError(Reason.TOO_MANY_FRAMES, f"more than {max_frames} frames or pages")
    return frames


def _tiff_pages(image: Image.Image, most: int) -> int:
    pages = 1
    try:
        while pages < most:
            image.seek(pages)
            pages += 1
    except EOFError:
        pass  # the end of the chain of pages
    except Exception as error:
        raise _decode_error(error) from error
    image.seek(0)
    return pages


def _gif_frames(data: bytes, most: int) -> int:
    """Count image descriptors by walking the blocks (GIF89a specification, section 12 on); stops at a broken block."""
    position = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    frames = 0
    while frames < most and position < len(data):
        kind = data[position]
        if kind == 0x2C and position + 9 < len(data):
            packed = data[position + 9]
            position += 11 + (3 << ((packed & 7) + 1) if packed & 0x80 else 0)
            frames += 1
        elif kind == 0x21:
            position += 2
        else:
            break
        while position < len(data) and data[position]:
            position += data[position] + 1
        position += 1
    return max(frames, 1)
