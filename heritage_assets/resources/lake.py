"""Resource: the Delta tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.stores.lake import Lake


class LakeResource(dg.ConfigurableResource):
    """Delta tables under one root URI."""

    root: str = Field(description="file:///folder or s3://bucket/prefix")
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="delta-rs options (credentials, endpoint)."
    )

    def open(self) -> Lake:
        """Open the lake."""
        from heritage_assets.stores.lake import Lake

        return Lake(self.root, self.storage_options)
