"""From settings to open stores: what the command line, the search application and the resources share."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from heritage_assets.curation.landing import LandingZone
from heritage_assets.registry.encoders import resolve_name
from heritage_assets.registry.tracking import Tracking
from heritage_assets.settings import Settings
from heritage_assets.stores.encoder_in_use import name_in_use
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore, open_object_store
from heritage_assets.stores.vector_settings import VectorSettings

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder
    from heritage_assets.stores.vectors import VectorStore


def connect_vector_store(
    url: str | None, api_key: str | None, home: Path, server: VectorSettings | None = None
) -> VectorStore:
    """Connect to the Qdrant server at ``url``; without one, to the home's embedded endpoint, started when it must be."""
    from heritage_assets.stores.vectors import VectorStore

    return VectorStore.embedded(home) if url is None else VectorStore(url, api_key, server=server)


def vector_dimensions(encoder: Encoder) -> dict[str, int]:
    """Return the length of each named vector that an encoder's points have."""
    if encoder.text_dim is None:
        return {"embedding_image": encoder.image_dim}
    return {
        "embedding_image": encoder.image_dim,
        "embedding_text": encoder.text_dim,
        "combined": encoder.image_dim + encoder.text_dim,
    }


def encoder_collection(store: VectorStore, encoder: Encoder) -> VectorStore:
    """Return the store over the encoder's own collection, made when there is none: two models' vectors never mix."""
    return store.on(store.ensure_collection(encoder.id, vector_dimensions(encoder)))


class Platform:
    """The open stores of one configuration; each is opened when it is first asked for."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    @cached_property
    def objects(self) -> ObjectStore:
        """Object storage."""
        return open_object_store(self.settings.lake_root, s3_options=self.settings.s3_client_options())

    @cached_property
    def landing(self) -> LandingZone:
        """The landing zone."""
        return LandingZone(self.objects)

    @cached_property
    def lake(self) -> Lake:
        """The Delta tables."""
        return Lake(self.settings.tables_root, self.settings.table_storage_options())

    @cached_property
    def vectors(self) -> VectorStore:
        """The vector store."""
        key = self.settings.qdrant_api_key
        return connect_vector_store(
            self.settings.qdrant_url,
            key.get_secret_value() if key else None,
            self.settings.home,
            self.settings.vectors,
        )

    def encoder_name(self) -> str:
        """The name of the encoder in use: HERITAGE_ENCODER where that is set, else what the archive was switched to."""
        return name_in_use(self.settings, self.objects)

    def encoder(self, name: str | None = None) -> Encoder:
        """The encoder ``name`` (default: the one in use, asked for anew each time), loaded once per process."""
        files = resolve_name(Tracking.of(self.settings), name or self.encoder_name())
        return replace(self.settings.encoder_spec(), name=files).load()
