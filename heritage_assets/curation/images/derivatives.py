"""Store an image once by its content: original, derivative, thumbnail, and a note of what they are.

Keys: ``images/<aa>/<sha256>.<ext>``, ``derivatives/<version>/<aa>/<sha256>.jpg`` (with ``.json``, written last: it vouches for
the others) and ``thumbnails/<version>/<aa>/<sha256>.jpg``. Keys are made of hashes only, so no name from outside reaches them.
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, BinaryIO

import orjson

from heritage_assets.curation.images.budgets import PixelBudget
from heritage_assets.curation.images.decode import Header, allow_pixels, fitted, keep_memory
from heritage_assets.curation.images.hashing import perceptual_hash
from heritage_assets.curation.images.outcomes import PreviousImage, StoredImage
from heritage_assets.curation.images.policy import FetchSettings
from heritage_assets.stores.objects import ObjectStore

if TYPE_CHECKING:
    from PIL import Image


class ImageShelf:
    """Checks, derives and stores images. Safe to use from many threads.

    Memory: 12 bytes (WebP, JPEG 2000: 20) for each of ``max_pixels``, whatever the number of threads, the files, and of freed
    images what :func:`keep_memory` keeps (96 MiB for each thread at most).
    """

    def __init__(self, store: ObjectStore, settings: FetchSettings) -> None:
        allow_pixels(settings.max_pixels)
        keep_memory(settings.decode_threads)
        self._store = store
        self._settings = settings
        self._version = settings.derivative_version
        self._budget = PixelBudget(settings.max_pixels)

    def keep(self, data: bytes) -> StoredImage:
        """Store an image file and what is derived from it, and return its properties.

        A file that is stored already is neither decoded nor written again.

        Raises:
            ImageError: the bytes are no image that is accepted here (see :mod:`.decode`).
        """
        digest = hashlib.sha256(data).hexdigest()
        return self._known(digest) or self._derive(digest, data)

    def is_current(self, image: PreviousImage) -> bool:
        """Tell whether an earlier row names derivatives of the current version."""
        return bool(image.sha256) and image.derivative == self._derived_key("derivatives", image.sha256 or "", "jpg")

    def holds(self, image: PreviousImage) -> bool:
        """Tell whether all three objects of an earlier row are stored, in the current version of the derivatives."""
        keys = (image.original, image.derivative, image.thumbnail)
        return self.is_current(image) and all(key is not None and self._store.exists(key) for key in keys)

    def restore(self, image: PreviousImage) -> StoredImage | None:
        """Derive again from the stored original of an earlier row; None when it is lost or damaged.

        Raises:
            ImageError: it is no longer accepted (the limits have changed).
        """
        if not image.original or not image.sha256:
            return None
        try:
            data = self._store.get(image.original)
        except KeyError:
            return None
        if hashlib.sha256(data).hexdigest() != image.sha256:
            return None
        return self._derive(image.sha256, data)

    def _known(self, digest: str) -> StoredImage | None:
        try:
            image = StoredImage(**orjson.loads(self._store.get(self._derived_key("derivatives", digest, "json"))))
        except (KeyError, TypeError, orjson.JSONDecodeError):
            return None  # not stored, or a note of another make: derive again
        keys = (image.original, image.derivative, image.thumbnail)
        return image if all(self._store.exists(key) for key in keys) else None

    def _derive(self, digest: str, data: bytes) -> StoredImage:
        settings = self._settings
        header = Header(data, max_pixels=settings.max_pixels, max_frames=settings.max_frames)
        with self._budget.held(header.pixels):
            decoded = header.decode(settings.derivative_side)
        # A thumbnail may be box-filtered by a whole factor: a tenth of the cost, and nobody measures it.
        small = fitted(*decoded.pixels.size, settings.thumbnail_side)
        thumbnail = decoded.pixels.resize(small, reducing_gap=1.0)
        image = StoredImage(
            sha256=digest,
            media_type=decoded.format.media_type,
            width=decoded.width,
            height=decoded.height,
            size_bytes=len(data),
            perceptual_hash=perceptual_hash(thumbnail),
            original=f"images/{digest[:2]}/{digest}.{decoded.format.extension}",
            derivative=self._derived_key("derivatives", digest, "jpg"),
            thumbnail=self._derived_key("thumbnails", digest, "jpg"),
            note=decoded.note,
        )
        self._store.put(image.original, data, if_absent=True)
        self._store.put(image.derivative, jpeg_of(decoded.pixels, settings.derivative_quality))
        self._store.put(image.thumbnail, jpeg_of(thumbnail, settings.thumbnail_quality))
        self._store.put(self._derived_key("derivatives", digest, "json"), orjson.dumps(asdict(image)))
        return image

    def _derived_key(self, folder: str, digest: str, extension: str) -> str:
        return f"{folder}/{self._version}/{digest[:2]}/{digest}.{extension}"


def jpeg_of(pixels: Image.Image, quality: int) -> bytes:
    """Return an RGB image as a JPEG without any metadata of the original (position, owner, comments)."""
    pixels.info.clear()
    with _scratch_file() as file:
        pixels.save(file, "JPEG", quality=quality, subsampling="4:2:0")
        file.seek(0)
        return file.read()


def _scratch_file() -> BinaryIO:
    """Return a file in memory, by its descriptor where the system has such: only to one does Pillow encode without holding up
    all other threads of Python."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("derivative"), "w+b", buffering=0)
    return io.BytesIO()
