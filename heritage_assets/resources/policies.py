"""Resources: the rules by which duplicates are decided and clusters made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.curation.clusters import ClusterSettings
    from heritage_assets.curation.duplicates import DuplicateSettings
    from heritage_assets.stores.objects import ObjectStore


class DuplicatePolicyResource(dg.ConfigurableResource):
    """Thresholds and rules of the duplicate verdict."""

    policy: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_DUPLICATES__*.")

    def settings(self, store: ObjectStore, encoder: str) -> DuplicateSettings:
        """Return the rules in force for an encoder: defaults, then its calibration, then what was set explicitly."""
        from heritage_assets.stores.calibrations import settings_in_force

        return settings_in_force(store, encoder, self.policy)


class ClusterPolicyResource(dg.ConfigurableResource):
    """Method and parameters of clustering."""

    policy: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_CLUSTERS__*.")

    def settings(self) -> ClusterSettings:
        """Return the validated settings."""
        from heritage_assets.curation.clusters import ClusterSettings

        return ClusterSettings.model_validate(self.policy)
