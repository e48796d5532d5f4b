"""Resource: the engine that runs the bulk steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from heritage_assets.engines.local import Engine


class LocalEngineResource(dg.ConfigurableResource):
    """Runs bulk steps in the step's own process."""

    def engine(self) -> Engine:
        """Return the engine."""
        from heritage_assets.engines.local import LocalEngine

        return LocalEngine()
