"""What every encoder offers, whatever the architecture behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Vectors = NDArray[np.float32]
Prepared = NDArray[Any]
"""One preprocessed image: uint8 (height, width, 3), or float32 (channels, height, width) where the model's own processor ran."""


class EncoderError(ValueError):
    """The encoder can't be loaded, or can't encode this input."""


class EncoderUnusableError(RuntimeError):
    """The encoder can't encode anything more (no memory left, device lost): not the fault of one item."""


class Encoder(Protocol):
    """Turns images and texts into unit vectors of one space (or images alone).

    ``id`` says which weights and which preprocessing made a vector: ``name@weights+preprocessing``. Vectors of different ids
    must not be compared. ``text_dim`` and ``max_text_tokens`` are None for image-only encoders.
    """

    @property
    def id(self) -> str:
        """Name, weights and preprocessing."""
        ...

    @property
    def image_dim(self) -> int:
        """Length of an image vector."""
        ...

    @property
    def text_dim(self) -> int | None:
        """Length of a text vector, None for image-only encoders."""
        ...

    @property
    def max_text_tokens(self) -> int | None:
        """Tokens of a text that are read, the rest is cut."""
        ...

    def prepare_image(self, image: Image) -> Prepared:
        """Return the model's input for one image; safe to call from several threads at once.

        A file that is opened and not yet decoded may be decoded at reduced scale: files that shall have equal vectors are all
        handed over so (:mod:`heritage_assets.curation.query_pictures`).
        """
        ...

    def encode_prepared(self, prepared: Sequence[Prepared]) -> Vectors:
        """Return float32 (n, image_dim) unit rows for what :meth:`prepare_image` made."""
        ...

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Return float32 (n, image_dim) unit rows."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (n, text_dim) unit rows. Raises :class:`EncoderError` on image-only encoders."""
        ...
