"""Resource: object storage (a folder, MinIO or S3) and the landing zone in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

if TYPE_CHECKING:
    from heritage_assets.curation.landing import LandingZone
    from heritage_assets.stores.objects import ObjectStore


class ObjectStoreResource(dg.ConfigurableResource):
    """Object storage under one root URI."""

    root: str = Field(description="file:///folder or s3://bucket/prefix")
    s3: dict[str, Any] = Field(default_factory=dict, description="How the S3 server is reached (fields of S3Access).")

    _store: ObjectStore | None = PrivateAttr(default=None)

    def store(self) -> ObjectStore:
        """Open the store; the same one for the life of the resource."""
        from heritage_assets.stores.objects import open_object_store
        from heritage_assets.stores.s3 import S3Access

        if self._store is None:
            options = S3Access.model_validate(self.s3).boto3_options() if self.root.startswith("s3://") else {}
            self._store = open_object_store(self.root, s3_options=options)
        return self._store

    def landing(self) -> LandingZone:
        """Open the landing zone."""
        from heritage_assets.curation.landing import LandingZone

        return LandingZone(self.store())
