"""Encoders on transformers models: dual encoders (CLIP, SigLIP) and image-only ones (ViT, ResNet, DINOv2, MobileNet, …)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from heritage_assets.curation.encoders.interface import EncoderError, EncoderUnusableError, Prepared, Vectors
from heritage_assets.curation.encoders.preprocessing import preprocessing_for, preprocessing_version
from heritage_assets.curation.encoders.weights import ModelFiles

if TYPE_CHECKING:
    import torch

BATCH_SIZE = {"cpu": 32, "cuda": 256}
_LONGEST_WORD_PIECE = 32
"""Characters per token that are worth tokenizing: a book in a description field costs no more than the window."""


class PretrainedEncoder:
    """An encoder over one transformers model in float32; see :class:`~.interface.Encoder`.

    Memory: the weights, plus the activations of one batch (32 images on CPU, 256 on a GPU; halved, and kept so, when memory
    runs out).
    """

    def __init__(self, files: ModelFiles, device: str) -> None:
        self.device = device
        self.batch_size = BATCH_SIZE.get(device.partition(":")[0], 64)
        self._load(files)
        self.id = f"{files.name}@{files.weights_hash()}+{preprocessing_version(self._processor)}"
        grey = self.prepare_image(Image.new("RGB", (64, 64), (96, 128, 160)))
        self.image_dim: int = self.encode_prepared([grey]).shape[1]
        self.text_dim: int | None = self.encode_texts(["a"]).shape[1] if self._tokenizer is not None else None

    def _load(self, files: ModelFiles) -> None:
        """Load model, image processor and (for dual encoders) tokenizer, never from the network."""
        import torch
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

        self.max_text_tokens: int | None = None
        self._tokenizer: Any = None
        try:
            with _quiet_transformers():
                model, report = AutoModel.from_pretrained(
                    files.folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
                )
                self._processor: Any = AutoImageProcessor.from_pretrained(
                    files.folder, local_files_only=True, backend="pil"
                )
                if hasattr(model, "get_text_features"):
                    self._tokenizer = AutoTokenizer.from_pretrained(files.folder, local_files_only=True)
                    self.max_text_tokens = int(model.config.text_config.max_position_embeddings)
        except Exception as error:  # loaders raise whatever a broken file provokes
            raise EncoderError(
                f"can't load encoder {files.name!r} from {files.folder}: {error}. The folder must hold a transformers model "
                "(config.json, weights, preprocessor_config.json; a tokenizer too for CLIP and SigLIP)"
            ) from error
        self._pooler_trained = _check_weights(files.name, report["missing_keys"])
        self._dual = hasattr(model, "get_image_features")
        self._pad_to_window = model.config.model_type.startswith("siglip")  # trained so; it has no attention mask
        self._preprocessing = preprocessing_for(self._processor)
        self._model: Any = model.eval().to(self.device)

    def prepare_image(self, image: Image.Image) -> Prepared:
        """Return the model's input for one image (RGB, resized, cropped); safe to call from several threads at once."""
        return self._preprocessing.prepare(image)

    def encode_prepared(self, prepared: Sequence[Prepared]) -> Vectors:
        """Return float32 (n, image_dim) unit rows for what :meth:`prepare_image` made.

        Raises:
            EncoderError: the model gave a vector that is not finite or has no length.
            EncoderUnusableError: no memory even for one image, or the device is lost.
        """
        if not prepared:
            return np.zeros((0, self.image_dim), np.float32)
        return self._in_batches(prepared, self._image_batch)

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """Return float32 (n, image_dim) unit rows; raises as :meth:`encode_prepared`."""
        return self.encode_prepared([self.prepare_image(image) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Return float32 (n, text_dim) unit rows; texts are cut to ``max_text_tokens``.

        Raises:
            EncoderError: the encoder is image-only, or gave a vector that is not finite or has no length.
            EncoderUnusableError: as for :meth:`encode_prepared`.
        """
        if self._tokenizer is None or self.max_text_tokens is None:
            raise EncoderError(f"encoder {self.id} is image-only: it can't encode text")
        if not texts:
            return np.zeros((0, self.text_dim or 0), np.float32)
        window = self.max_text_tokens * _LONGEST_WORD_PIECE
        # Texts of like length share a batch, so that little is padded.
        order = np.argsort([len(text) for text in texts], kind="stable")
        vectors = self._in_batches([texts[i][:window] for i in order], self._text_batch)
        restored = np.empty_like(vectors)
        restored[order] = vectors
        return restored

    def _image_batch(self, prepared: Sequence[Prepared]) -> torch.Tensor:
        pixels = self._preprocessing.batch(prepared, self.device)
        if self._dual:
            return _features(self._model.get_image_features(pixel_values=pixels))
        output = self._model(pixel_values=pixels)
        pooled = getattr(output, "pooler_output", None)
        if pooled is not None and self._pooler_trained:
            return pooled.flatten(1)  # convolutional networks pool to (n, channels, 1, 1)
        hidden = output.last_hidden_state
        return hidden.mean((2, 3)) if hidden.ndim == 4 else hidden[:, 0]  # feature map, or the class token

    def _text_batch(self, texts: Sequence[str]) -> torch.Tensor:
        tokens = self._tokenizer(
            list(texts),
            padding="max_length" if self._pad_to_window else True,
            truncation=True,
            max_length=self.max_text_tokens,
            return_tensors="pt",
        )
        return _features(self._model.get_text_features(**tokens.to(self.device)))

    def _in_batches(self, items: Sequence[Any], encode: Callable[[Sequence[Any]], torch.Tensor]) -> Vectors:
        """Encode batch by batch; when memory runs out the batch is halved and stays so."""
        import torch

        done: list[Vectors] = []
        start = 0
        while start < len(items):
            batch = items[start : start + self.batch_size]
            try:
                with torch.inference_mode():
                    done.append(encode(batch).float().cpu().numpy())
            except (RuntimeError, MemoryError) as error:
                self._shrink_or_raise(error, len(batch))
                continue
            start += len(batch)
        return _unit_rows(np.concatenate(done), self._label())

    def _shrink_or_raise(self, error: Exception, size: int) -> None:
        """Halve the batch size after an out-of-memory error; raise anything else as it is."""
        import torch

        if isinstance(error, torch.AcceleratorError) and not isinstance(error, torch.OutOfMemoryError):
            raise EncoderUnusableError(f"encoder {self._label()}: the device {self.device} failed: {error}") from error
        if not _is_out_of_memory(error):
            raise error
        if size <= 1:
            raise EncoderUnusableError(
                f"encoder {self._label()}: no memory on {self.device} even for one item"
            ) from error
        self.batch_size = max(1, size // 2)
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()

    def _label(self) -> str:
        return getattr(self, "id", "")


def _features(output: Any) -> torch.Tensor:
    """Return the projected features, whichever way this version of transformers hands them out."""
    import torch

    features: torch.Tensor = output if isinstance(output, torch.Tensor) else output.pooler_output
    return features


def _check_weights(name: str, missing: Sequence[str]) -> bool:
    """Tell whether the pooler has weights; raise when anything but the pooler lacks them (it would encode noise)."""
    untrained = [key for key in missing if not key.startswith("pooler.")]
    if untrained:
        raise EncoderError(
            f"can't use encoder {name!r}: its files lack {len(untrained)} weights, such as {sorted(untrained)[0]}; "
            "take the files from the model's publisher again"
        )
    return not missing


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return "can't allocate memory" in str(error) or "not enough memory" in str(error)  # how torch says it on CPU


def _unit_rows(vectors: Vectors, label: str) -> Vectors:
    """Return the rows at unit length; norms are summed in float64."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    bad = ~np.isfinite(norms) | (norms < 1e-12)
    if bad.any():
        raise EncoderError(
            f"encoder {label} gave vectors without direction for items {np.flatnonzero(bad)[:5].tolist()}"
        )
    unit: Vectors = (vectors / norms[:, None]).astype(np.float32)
    return unit


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Keep loading bars and reports of unused classifier weights off the console."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
