"""Resource: how images are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.curation.images import FetchSettings


class HttpFetcherResource(dg.ConfigurableResource):
    """Limits, politeness and allowed networks of image fetching."""

    policy: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_FETCH__*.")

    def settings(self) -> FetchSettings:
        """Return the validated settings."""
        from heritage_assets.curation.images import FetchSettings

        return FetchSettings.model_validate(self.policy)
