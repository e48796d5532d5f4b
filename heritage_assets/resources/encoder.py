"""Resource: the encoder of images and texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from heritage_assets.curation.encoders.spec import Backend, EncoderSpec, Precision
from heritage_assets.resources.object_store import ObjectStoreResource

if TYPE_CHECKING:
    from heritage_assets.curation.encoders.pretrained import PretrainedEncoder
    from heritage_assets.registry.tracking import Tracking

ENCODER_TAG = "heritage/encoder"
"""Tag of a run, or of a backfill, that works for another encoder than the one in use."""


class EncoderResource(dg.ConfigurableResource):
    """A CLIP-like or image-only encoder, loaded once per process.

    Which one: what the run's tag :data:`ENCODER_TAG` names; else what ``follows`` says is in use, where that is given; else
    ``name``.
    """

    name: str = Field(default="demo", description="'demo', a folder, a model name, or models:/NAME@alias.")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps.")
    backend: str = Field(default="auto", description="auto, torch, openvino.")
    precision: str = Field(default="float32", description="float32, bfloat16, float16.")
    cache: str | None = Field(default=None, description="Folder for converted models.")
    follows: ObjectStoreResource | None = Field(
        default=None, description="Where the archive keeps which encoder is in use; none: always the one named here."
    )
    registry: dict[str, Any] = Field(default_factory=dict, description="Home, and values of HERITAGE_MLFLOW__*.")

    _of_run: str | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Take the encoder that the run is tagged with, if any."""
        run = context.run
        self._of_run = run.tags.get(ENCODER_TAG) if run is not None else None

    def spec(self, name: str | None = None) -> EncoderSpec:
        """Say which encoder this is (or another, by ``name``), in words that travel to other processes."""
        named = EncoderSpec(self.name, self.device, Backend(self.backend), Precision(self.precision), self.cache)
        return replace(named, name=self._files(name))

    def tracking(self) -> Tracking:
        """Return the connection to MLflow."""
        from heritage_assets.registry.settings import RegistrySettings
        from heritage_assets.registry.tracking import Tracking

        values = dict(self.registry)
        return Tracking(Path(values.pop("home", ".heritage")), RegistrySettings(**values))

    def load(self) -> PretrainedEncoder:
        """Load the encoder, or return the one this process already has."""
        return self.spec().load()

    def _files(self, name: str | None = None) -> str:
        """Return the name by which the encoder is loaded; that of a registered one is the folder of its files."""
        from heritage_assets.registry.encoders import SCHEME, resolve_name
        from heritage_assets.stores.encoder_in_use import read_in_use

        name = name or self._of_run
        if name is None and self.follows is not None:
            state = read_in_use(self.follows.store())
            name = state.current.name if state is not None else None
        name = name or self.name
        return resolve_name(self.tracking(), name) if name.startswith(SCHEME) else name
