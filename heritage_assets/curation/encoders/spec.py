"""Which encoder is meant, in words that travel: to Spark workers, into Dagster's resources, between processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heritage_assets.curation.encoders.pretrained import PretrainedEncoder


class Backend(StrEnum):
    """What runs the model."""

    AUTO = "auto"
    """OpenVINO on a CPU where it gives the same vectors as torch, torch otherwise."""
    TORCH = "torch"
    OPENVINO = "openvino"


class Precision(StrEnum):
    """The numbers that the model calculates in; vectors are float32 always."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


@dataclass(frozen=True)
class EncoderSpec:
    """How an encoder is loaded; picklable, and what a loaded encoder pickles as.

    ``name``: ``demo``, a folder in transformers format, or a model name (``owner/model``, ``owner/model@revision``).
    ``device``: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``. ``cache``: folder for converted models; None keeps them in
    memory.
    """

    name: str
    device: str = "auto"
    backend: Backend = Backend.AUTO
    precision: Precision = Precision.FLOAT32
    cache: str | None = None

    def load(self) -> PretrainedEncoder:
        """Load the encoder, or return the one that this process already has (see :func:`~.loading.load_encoder`)."""
        from heritage_assets.curation.encoders.loading import load_encoder

        return load_encoder(self.name, self.device, backend=self.backend, precision=self.precision, cache=self.cache)


def load_spec(spec: EncoderSpec) -> PretrainedEncoder:
    """Load what a spec names: how a pickled encoder comes back to life, once per process."""
    return spec.load()
