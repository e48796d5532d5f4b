"""From a derivative's key to an encoder's input, or why there is none."""

from __future__ import annotations

import io
from dataclasses import dataclass
from threading import Semaphore

from PIL import Image

from heritage_assets.curation.embedding_rows import Failure
from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.interface import Prepared
from heritage_assets.stores.objects import InvalidKeyError, ObjectStore

MAX_DERIVATIVE_PIXELS = 50_000_000
"""A derivative is made small by this platform; one above this size is damage or an attack."""


@dataclass(frozen=True)
class DerivativeReader:
    """Reads, decodes and preprocesses one derivative, in a thread of many; no more decode at once than ``decoding`` lets in."""

    encoder: Encoder
    store: ObjectStore
    decoding: Semaphore

    def __call__(self, derivative: str) -> Prepared | Failure:
        """Return the encoder's input, or why there is none."""
        try:
            data = self.store.get(derivative)
        except (KeyError, InvalidKeyError) as error:
            return Failure("derivative_missing", f"{derivative}: {error!r}")
        try:
            with self.decoding, Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_DERIVATIVE_PIXELS:
                    return Failure("derivative_too_large", f"{derivative}: {image.width} × {image.height} pixels")
                return self.encoder.prepare_image(image)
        except Exception as error:  # Pillow raises whatever a damaged file provokes; each belongs to this one image
            return Failure("derivative_undecodable", f"{derivative}: {error!r}")


def reading_threads(store: ObjectStore, cores: int) -> tuple[int, int]:
    """Return how many threads read, and how many of them may decode at once.

    A server is waited for, so there are more readers than cores (twice as many, at least 4, at most 32), and as many decoders as
    cores. A local folder is not: one thread more than cores, none of which waits for another (waking them took a seventh of the
    speed on two cores).
    """
    if store.root.startswith("file:"):
        return cores + 1, cores + 1
    return min(32, max(4, 2 * cores)), cores
