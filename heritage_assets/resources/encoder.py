"""Resource: the encoder of images and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder


class EncoderResource(dg.ConfigurableResource):
    """A CLIP-like or image-only encoder, loaded once per process."""

    name: str = Field(default="demo", description="'demo', a folder, or a model name.")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps.")
    backend: str = Field(default="auto", description="auto, torch, openvino.")
    precision: str = Field(default="float32", description="float32, bfloat16, float16.")
    cache: str | None = Field(default=None, description="Folder for converted models.")

    def spec(self) -> EncoderSpec:
        """Say which encoder this is, in words that travel to other processes."""
        return EncoderSpec(self.name, self.device, Backend(self.backend), Precision(self.precision), self.cache)

    def load(self) -> Encoder:
        """Load the encoder, or return the one this process already has."""
        return self.spec().load()
