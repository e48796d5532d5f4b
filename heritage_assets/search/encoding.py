"""The encoder as the application asks it: loaded aside, called for many requests at once, never overrun."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from heritage_assets.curation.encoders.interface import Encoder
from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.query_pictures import prepare_query
from heritage_assets.search.batching import Batcher, OverloadedError
from heritage_assets.search.queries import Vector
from heritage_assets.search.settings import SearchSettings

MAX_FRAMES = 200
MAX_TEXT = 1_000
_REMEMBERED = 2_048
_DECODERS = 2


class EncoderLoadingError(RuntimeError):
    """The encoder is being loaded; come back in a few seconds."""

    retry_after = 3


class EncoderFailedError(RuntimeError):
    """The encoder can't be loaded; the message says why."""


class EncoderGateway:
    """Encodes texts and images in micro-batches, in one thread of its own.

    Memory: the encoder, ``encoder_queue`` waiting items (an image waits prepared: about 0.6 MB), 2 images being decoded (at most
    ``max_upload_pixels`` each), and the vectors of the latest 2,048 texts.

    Args:
        load: returns the encoder; called once, in a thread.
        limits: queue, batch and time-outs.
        pictures: how the archive makes the derivatives that its own vectors come from.
    """

    def __init__(self, load: Callable[[], Encoder], limits: SearchSettings, pictures: FetchSettings) -> None:
        self._load = load
        self._limits = limits
        self._pictures = pictures.model_copy(update={"max_pixels": limits.max_upload_pixels, "max_frames": MAX_FRAMES})
        self._encoder: Encoder | None = None
        self._error: Exception | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._decoders = ThreadPoolExecutor(_DECODERS, thread_name_prefix="decoder")
        self._decoding = 0
        self._remembered: OrderedDict[str, Vector] = OrderedDict()
        self._turn = 0
        queue = {"most_waiting": limits.encoder_queue, "batch": limits.encoder_batch, "name": "the encoder"}
        self._texts: Batcher[str, Vector] = Batcher(self._encode_texts, **queue)  # type: ignore[arg-type]
        self._images: Batcher[Any, Vector] = Batcher(self._encode_images, **queue)  # type: ignore[arg-type]
        self.on_batch: Callable[[str, int], None] = lambda _kind, _size: None
        """Told about every call of the encoder: "text" or "image", and how many items."""

    async def start(self) -> None:
        """Load the encoder; a failure is kept for those who ask."""
        try:
            self._encoder = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        except Exception as error:  # loaders raise whatever a broken model provokes; told to everybody who asks
            self._error = error

    async def follow(self) -> bool:
        """Ask for the encoder again and, where that is another one by now, use it from here on; tell whether it is.

        The one in use answers until the new one is loaded. Raises what loading raises; the old one stays then.
        """
        found = await asyncio.get_running_loop().run_in_executor(None, self._load)
        if self._encoder is not None and found.id == self._encoder.id:
            return False
        self._encoder, self._error = found, None
        self._turn += 1
        self._remembered.clear()
        return True

    @property
    def turn(self) -> int:
        """How often the encoder was replaced: vectors that were made before and after a change must not meet."""
        return self._turn

    def close(self) -> None:
        """End the threads; what waits is given up."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    @property
    def state(self) -> str:
        """``loading``, ``ready`` or ``failed``."""
        return "failed" if self._error else "ready" if self._encoder else "loading"

    @property
    def problem(self) -> str | None:
        """Why the encoder can't be used, if so."""
        return str(self._error) if self._error else None

    @property
    def waiting(self) -> int:
        """Texts and images that wait now."""
        return self._texts.waiting + self._images.waiting

    @property
    def shed(self) -> int:
        """Texts and images refused because too many waited."""
        return self._texts.shed + self._images.shed

    @property
    def loaded(self) -> Encoder | None:
        """The encoder, once loaded."""
        return self._encoder

    def encoder(self) -> Encoder:
        """Return the encoder.

        Raises:
            EncoderLoadingError: not yet loaded.
            EncoderFailedError: it can't be.
        """
        if self._error is not None:
            raise EncoderFailedError(f"the encoder can't be used: {self._error}")
        if self._encoder is None:
            raise EncoderLoadingError("the encoder is being loaded: try again in a few seconds")
        return self._encoder

    async def text(self, text: str) -> Vector:
        """Return the unit vector of a text.

        Raises:
            OverloadedError: too many wait already.
            TimeoutError: not served in time.
        """
        self.encoder()
        text = text[:MAX_TEXT]
        known = self._remembered.get(text)
        if known is not None:
            self._remembered.move_to_end(text)
            return known
        turn = self._turn
        async with asyncio.timeout(self._limits.encoder_timeout):
            vector = await self._texts.ask(text)
        if turn != self._turn:  # another encoder's vector by now
            return vector
        self._remembered[text] = vector
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return vector

    async def image(self, data: bytes) -> Vector:
        """Return the unit vector of an image file.

        Raises:
            ImageError: the bytes are no image that is accepted.
            OverloadedError: too many wait already.
            TimeoutError: not served in time.
        """
        encoder = self.encoder()
        if self._decoding >= self._limits.encoder_queue:
            raise OverloadedError("the encoder")
        self._decoding += 1
        try:
            async with asyncio.timeout(self._limits.encoder_timeout):
                loop = asyncio.get_running_loop()
                prepared = await loop.run_in_executor(self._decoders, prepare_query, data, encoder, self._pictures)
                return await self._images.ask(prepared)
        finally:
            self._decoding -= 1

    async def _encode_texts(self, texts: list[str]) -> list[Vector | Exception]:
        self.on_batch("text", len(texts))
        encode = self.encoder().encode_texts
        return await asyncio.get_running_loop().run_in_executor(self._thread, _rows, encode, texts)

    async def _encode_images(self, images: list[Any]) -> list[Vector | Exception]:
        self.on_batch("image", len(images))
        encode = self.encoder().encode_prepared
        return await asyncio.get_running_loop().run_in_executor(self._thread, _rows, encode, images)


def _rows(encode: Callable[[Sequence[Any]], np.ndarray], items: list[Any]) -> list[Vector | Exception]:
    """Encode a batch; where it fails, one by one, so that only the item at fault fails."""
    try:
        return list(encode(items))
    except Exception as error:
        if len(items) == 1:
            return [error]
        return [_rows(encode, [item])[0] for item in items]
