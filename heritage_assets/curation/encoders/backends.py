"""What runs the towers: torch here, OpenVINO in :mod:`~.openvino_backend`; and the rule by which two backends count as equal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.encoders.interface import EncoderUnusableError, Vectors
from heritage_assets.curation.encoders.spec import Precision

if TYPE_CHECKING:
    from heritage_assets.curation.encoders.towers import ImageTower, TextTower

Tokens = dict[str, NDArray[np.int64]]
"""What a tokenizer made: ``input_ids`` and, for most models, ``attention_mask``, each (n, length)."""

LEAST_COSINE = {Precision.FLOAT32: 0.99999, Precision.BFLOAT16: 0.9995, Precision.FLOAT16: 0.9995}
"""Smallest cosine to torch in float32 that a backend may show on the probe, by precision.

Float32 backends within the first bound count as one encoder. 0.0005 is a twentieth of the distance between the
cosines of near-duplicates (0.99) and a perfect copy; MobileNetV2 in bfloat16 (0.998) does not pass, ViT-B/32 (0.9999) does.
"""


class OutOfMemoryError(RuntimeError):
    """The batch was too large for the device's memory; a smaller one may do."""


class BackendError(RuntimeError):
    """The backend can't run this model, or gives other vectors than torch."""


class ModelBackend(Protocol):
    """Runs both towers of one model; calls from several threads take turns where they must."""

    @property
    def label(self) -> str:
        """Backend, version, device and precision, such as ``torch-2.8-cpu-float32``."""
        ...

    def images(self, pixels: NDArray[Any]) -> Vectors:
        """Return float32 (n, image_dim), not of unit length. Raises :class:`OutOfMemoryError`."""
        ...

    def texts(self, tokens: Tokens) -> Vectors:
        """Return float32 (n, text_dim), not of unit length. Raises :class:`OutOfMemoryError`."""
        ...


class TorchBackend:
    """The towers in eager torch, on any device; reduced precision by autocast, so weights and sums stay float32.

    Raises:
        EncoderUnusableError: (on calls) the device failed for good.
    """

    def __init__(self, image: ImageTower, text: TextTower | None, device: str, precision: Precision) -> None:
        import torch

        self.device = device
        self.precision = precision
        self.image = image.eval().to(device)
        self.text = text.eval().to(device) if text is not None else None
        kind = device.partition(":")[0]
        self.label = f"torch-{torch.__version__.partition('+')[0]}-{kind}-{precision.value}"

    def images(self, pixels: NDArray[Any]) -> Vectors:
        """See :class:`ModelBackend`; pixels travel to the device as they are (uint8 mostly)."""
        return self._run(self.image, pixels=pixels)

    def texts(self, tokens: Tokens) -> Vectors:
        """See :class:`ModelBackend`."""
        assert self.text is not None
        return self._run(self.text, **tokens)

    def _run(self, tower: ImageTower | TextTower, **inputs: NDArray[Any]) -> Vectors:
        import torch

        reduced = self.precision is not Precision.FLOAT32
        autocast = (
            torch.autocast(self.device.partition(":")[0], getattr(torch, self.precision.value)) if reduced else None
        )
        try:
            with torch.inference_mode(), autocast or contextlib.nullcontext():
                tensors = {name: torch.from_numpy(values).to(self.device) for name, values in inputs.items()}
                found: Vectors = tower(**tensors).float().cpu().numpy()
        except (RuntimeError, MemoryError) as error:
            self._raise_as_known(error)
            raise
        return found

    def _raise_as_known(self, error: Exception) -> None:
        """Raise what the error means, where that is known."""
        import torch

        if isinstance(error, torch.AcceleratorError) and not isinstance(error, torch.OutOfMemoryError):
            raise EncoderUnusableError(f"the device {self.device} failed: {error}") from error
        if is_out_of_memory(error) or isinstance(error, torch.OutOfMemoryError):
            if self.device.startswith("cuda"):
                torch.cuda.empty_cache()
            raise OutOfMemoryError(f"no memory on {self.device}") from error


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether an error of torch or OpenVINO on a CPU means that memory ran out."""
    told = str(error)
    return isinstance(error, MemoryError) or any(
        words in told for words in ("can't allocate memory", "not enough memory", "bad_alloc", "Cannot allocate memory")
    )


def smallest_cosine(one: Vectors, other: Vectors) -> float:
    """Return the smallest cosine between rows of equal number; -1 where a row is not finite or the shapes differ."""
    if one.shape != other.shape:
        return -1.0
    left, right = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = np.einsum("ij,ij->i", left, right) / lengths
    return float(cosines.min()) if np.isfinite(cosines).all() else -1.0
