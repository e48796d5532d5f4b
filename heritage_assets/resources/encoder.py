"""Resource: the encoder of images and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder


class EncoderResource(dg.ConfigurableResource):
    """A CLIP-like or image-only encoder, loaded once per process."""

    name: str = Field(default="demo", description="'demo', a folder, or a model name.")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps.")

    def load(self) -> Encoder:
        """Load the encoder, or return the one this process already has."""
        from heritage_assets.curation.encoders import load_encoder

        return load_encoder(self.name, self.device)
