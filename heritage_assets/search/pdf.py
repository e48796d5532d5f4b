"""A document of pages as PDF, from derivative images."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image

MOST_PAGES = 1_000
PAGES_AT_ONCE = 16
DPI = 100.0
_EMPTY = (600, 800)


def write_pdf(path: Path, pages: Iterable[str | None], read: Callable[[str], bytes], title: str) -> int:
    """Write pages to a PDF file, in order; return how many.

    Memory: the pixels of 16 pages (30 MB for derivatives of 768 pixels).

    Args:
        path: file to write; what is there is replaced.
        pages: key of each page's picture; None for a page without one, which becomes an empty page.
        read: returns the bytes of a key. Raises KeyError where there is none: an empty page too.
        title: title of the PDF.

    Raises:
        ValueError: no pages.
    """
    images = (_opened(key, read) for key in pages)
    count = 0
    while chunk := list(islice(images, PAGES_AT_ONCE)):
        first, *others = chunk
        first.save(
            path, "PDF", save_all=True, append_images=others, append=count > 0, resolution=DPI, quality=88, title=title,
            producer="heritage_assets",
        )  # fmt: skip
        count += len(chunk)
    if count == 0:
        raise ValueError("a document without pages makes no PDF")
    return count


def _opened(key: str | None, read: Callable[[str], bytes]) -> Image.Image:
    if key is not None:
        try:
            with Image.open(io.BytesIO(read(key))) as image:
                return image.convert("RGB")
        except KeyError:
            pass  # deleted from the object store: the page keeps its place
    return Image.new("RGB", _EMPTY, "white")


def opened_once(path: Path, piece: int = 1 << 18) -> tuple[int, Iterator[bytes]]:
    """Delete a file's name and return its size and its bytes in pieces: nothing is left behind, even if nobody reads them."""
    file = path.open("rb")
    path.unlink()
    return os.fstat(file.fileno()).st_size, _pieces(file, piece)


def _pieces(file: BinaryIO, piece: int) -> Iterator[bytes]:
    with file:
        while read := file.read(piece):
            yield read
