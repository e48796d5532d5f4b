"""Resource: which datasets are scanned pages, and how they are grouped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.curation.pages.settings import PageSettings


class PagePolicyResource(dg.ConfigurableResource):
    """Datasets of pages, reading, method and parameters."""

    policy: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_PAGES__*.")

    def settings(self) -> PageSettings:
        """Return the validated settings."""
        from heritage_assets.curation.pages.settings import PageSettings

        return PageSettings.model_validate(self.policy)
