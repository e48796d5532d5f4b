"""Resource: the vector store, a Qdrant server or the embedded endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder
    from heritage_assets.stores.vectors import VectorStore


class VectorStoreResource(dg.ConfigurableResource):
    """Qdrant by URL; without one, the embedded endpoint of the home (started on demand)."""

    url: str | None = Field(None, description="Address of a Qdrant server; none: the embedded endpoint.")
    api_key: str | None = None
    home: str = Field(".heritage", description="Home of the embedded endpoint.")
    server: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_VECTORS__*.")

    def open(self) -> VectorStore:
        """Connect, starting the embedded endpoint where no server is named."""
        from heritage_assets.stores.connect import connect_vector_store
        from heritage_assets.stores.vector_settings import VectorSettings

        return connect_vector_store(self.url, self.api_key, Path(self.home), VectorSettings.model_validate(self.server))

    def collection(self, encoder: Encoder) -> VectorStore:
        """Connect to the encoder's collection."""
        from heritage_assets.stores.connect import encoder_collection

        return encoder_collection(self.open(), encoder)
