"""Encoders on transformers models: dual encoders (CLIP, SigLIP, multilingual) and image-only ones (ViT, ResNet, …)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heritage_assets.curation.encoders.architecture import Architecture
from heritage_assets.curation.encoders.backends import (
    LEAST_COSINE,
    BackendError,
    ModelBackend,
    TorchBackend,
    smallest_cosine,
)
from heritage_assets.curation.encoders.batching import BatchSizer
from heritage_assets.curation.encoders.interface import EncoderError, EncoderUnusableError, Prepared, Vectors
from heritage_assets.curation.encoders.openvino_backend import (
    OpenVinoBackend,
    Probe,
    cache_folder,
    open_converted,
)
from heritage_assets.curation.encoders.preprocessing import (
    OwnProcessor,
    PlainRecipe,
    preprocessing_for,
    preprocessing_version,
    smooth_pictures,
)
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision, load_spec
from heritage_assets.curation.encoders.weights import ModelFiles

log = logging.getLogger(__name__)

BATCH_SIZES = {"cpu": (16, 64), "cuda": (64, 1024)}
"""First and largest batch, by kind of device."""

_WORTH_CONVERTING = 4_000_000
"""Bytes of weights: a smaller model is encoded in torch before OpenVINO has converted it."""

_PROBE_TEXTS = ("a", "portrait of a lady, oil on canvas, 1650", "Ölgemälde: Mühle am Bach. " * 5, "мозаика " * 30)


class PretrainedEncoder:
    """An encoder over one transformers model; see :class:`~.interface.Encoder`. Vectors are float32 whatever runs the model.

    Pickles as its :class:`~.spec.EncoderSpec`: a worker that gets one loads the weights itself, once per process.

    Memory: the weights, plus the activations of one batch (see :class:`~.batching.BatchSizer`).

    Args:
        files: the model's files.
        spec: how it was asked for; ``device`` is resolved already.

    Raises:
        EncoderError: the files are unusable, or what was asked for by name (backend, precision) can't be had.
    """

    def __init__(self, files: ModelFiles, spec: EncoderSpec) -> None:
        self.spec = spec
        self.name = files.asked
        self.device = spec.device
        self._architecture = Architecture(files)
        self._preprocessing: PlainRecipe | OwnProcessor = preprocessing_for(self._architecture.processor)
        self.max_text_tokens = self._architecture.max_text_tokens
        weights, preprocessing = files.weights_hash(), preprocessing_version(self._architecture.processor)
        reduced = "" if spec.precision is Precision.FLOAT32 else f"+{spec.precision.value}"
        self.id = f"{files.name}@{weights}+{preprocessing}{reduced}"
        self._backend = self._choose_backend(cache_folder(spec.cache, weights, preprocessing))
        sizes = BATCH_SIZES.get(spec.device.partition(":")[0], BATCH_SIZES["cpu"])
        self.image_sizer, self.text_sizer = BatchSizer(*sizes), BatchSizer(*sizes)
        grey = self.prepare_image(Image.new("RGB", (64, 64), (96, 128, 160)))
        self.image_dim: int = self.encode_prepared([grey]).shape[1]
        self.text_dim: int | None = self.encode_texts(["a"]).shape[1] if self._architecture.dual else None

    def __reduce__(self) -> tuple[Callable[[EncoderSpec], PretrainedEncoder], tuple[EncoderSpec]]:
        return load_spec, (self.spec,)

    @property
    def version(self) -> str:
        """The id, and what calculates it here: ``…+openvino-2026.4.1-cpu-float32``.

        Two versions of one id give the same vectors (cosine at least :data:`~.backends.LEAST_COSINE` of its precision).
        """
        return f"{self.id}+{self._backend.label}"

    # -- images ---------------------------------------------------------------------------------------------------------

    def prepare_image(self, image: Image.Image) -> Prepared:
        """Return the model's input for one image (RGB, resized, cropped); safe to call from several threads at once.

        An opened JPEG that is not decoded yet is decoded at reduced scale, where enough pixels remain, and stays so.
        """
        return self._preprocessing.prepare(image)

    def encode_prepared(self, prepared: Sequence[Prepared]) -> Vectors:
        """Return float32 (n, image_dim) unit rows for what :meth:`prepare_image` made.

        Raises:
            EncoderError: the model gave a vector that is not finite or has no length.
            EncoderUnusableError: no memory even for one image, or the device is lost.
        """
        if not prepared:
            return np.zeros((0, self.image_dim), np.float32)
        return self._unit_rows(self.image_sizer, prepared, lambda some: self._backend.images(np.stack(some)))

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return float32 (n, image_dim) unit rows; raises as :meth:`encode_prepared`."""
        return self.encode_prepared([self.prepare_image(image) for image in images])

    # -- texts ----------------------------------------------------------------------------------------------------------

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (n, text_dim) unit rows; texts are cut to ``max_text_tokens``.

        Raises:
            EncoderError: the encoder is image-only, or gave a vector that is not finite or has no length.
            EncoderUnusableError: as for :meth:`encode_prepared`.
        """
        if not self._architecture.dual:
            raise EncoderError(f"encoder {self.id} is image-only: it can't encode text")
        if not texts:
            return np.zeros((0, self.text_dim or 0), np.float32)
        # Texts of like length share a batch, so that little is padded; of equal ones one is encoded.
        distinct = sorted(set(texts), key=len)
        tokens = self._architecture.tokens
        vectors = self._unit_rows(self.text_sizer, distinct, lambda some: self._backend.texts(tokens(some)))
        row_of = {text: row for row, text in enumerate(distinct)}
        restored: Vectors = vectors[[row_of[text] for text in texts]]
        return restored

    def _unit_rows(
        self, sizer: BatchSizer, items: Sequence[Any], encode: Callable[[Sequence[Any]], Vectors]
    ) -> Vectors:
        """Encode batch by batch and bring the rows to unit length; norms are summed in float64."""
        try:
            vectors = sizer.run(items, encode)
        except EncoderUnusableError as error:
            raise EncoderUnusableError(f"encoder {self.id}: {error}") from error
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        bad = ~np.isfinite(norms) | (norms < 1e-12)
        if bad.any():
            raise EncoderError(
                f"encoder {self.id} gave vectors without direction for items {np.flatnonzero(bad)[:5].tolist()}"
            )
        unit: Vectors = (vectors / norms[:, None]).astype(np.float32)
        return unit

    # -- the backend ----------------------------------------------------------------------------------------------------

    def _choose_backend(self, cache: Path | None) -> ModelBackend:
        """Return the backend that was asked for; ``auto``: OpenVINO on a CPU where it agrees with torch, else torch."""
        wanted = self.spec.backend
        worth_it = self.device == "cpu" and self._architecture.files.weights_bytes() >= _WORTH_CONVERTING
        if wanted is Backend.OPENVINO or (wanted is Backend.AUTO and worth_it):
            try:
                return self._openvino(cache)
            except (BackendError, ImportError) as error:
                if wanted is Backend.OPENVINO:
                    raise EncoderError(
                        f"can't run encoder {self.name!r} on OpenVINO: {error}. Set the encoder's backend to auto or torch"
                    ) from error
                log.info("encoder %s runs on torch: %s", self.name, error)
        return self._torch()

    def _openvino(self, cache: Path | None) -> OpenVinoBackend:
        if self.device != "cpu":
            raise BackendError(f"it runs on the CPU, the device is {self.device}")
        probe = self._probe()
        return OpenVinoBackend(open_converted(cache, probe, self._reference), self.spec.precision, probe)

    def _torch(self) -> TorchBackend:
        """Return torch on the device; a reduced precision must agree with float32 there.

        Raises:
            EncoderError: it does not.
        """
        towers = self._architecture.towers(self._preprocessing)
        backend = TorchBackend(*towers, self.device, self.spec.precision)
        if self.spec.precision is not Precision.FLOAT32:
            probe, exact = self._probe(), TorchBackend(*towers, self.device, Precision.FLOAT32)
            cosine = smallest_cosine(exact.images(probe.pixels), backend.images(probe.pixels))
            if probe.tokens is not None:
                cosine = min(cosine, smallest_cosine(exact.texts(probe.tokens), backend.texts(probe.tokens)))
            if cosine < LEAST_COSINE[self.spec.precision]:
                raise EncoderError(
                    f"can't run encoder {self.name!r} in {self.spec.precision.value}: smallest cosine to float32 {cosine:.5f}, "
                    f"{LEAST_COSINE[self.spec.precision]} is wanted. Set the encoder's precision to float32"
                )
        return backend

    def _reference(self) -> TorchBackend:
        return TorchBackend(*self._architecture.towers(self._preprocessing), "cpu", Precision.FLOAT32)

    def _probe(self) -> Probe:
        pixels = np.stack([self.prepare_image(picture) for picture in smooth_pictures()])
        return Probe(pixels, self._architecture.tokens(_PROBE_TEXTS) if self._architecture.dual else None)
