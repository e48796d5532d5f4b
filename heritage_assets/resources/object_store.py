"""Resource: object storage (a folder, MinIO or S3) and the landing zone in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

if TYPE_CHECKING:
    from heritage_assets.curation.landing import LandingZone
    from heritage_assets.stores.objects import ObjectStore


class ObjectStoreResource(dg.ConfigurableResource):
    """Object storage under one root URI."""

    root: str = Field(description="file:///folder or s3://bucket/prefix")
    endpoint: str | None = Field(None, description="S3 server other than AWS, such as MinIO.")
    access_key: str | None = None
    secret_key: str | None = None
    region: str = "us-east-1"

    _store: ObjectStore | None = PrivateAttr(default=None)

    def store(self) -> ObjectStore:
        """Open the store; the same one for the life of the resource."""
        from heritage_assets.stores.objects import open_object_store, s3_client_options

        if self._store is None:
            options = s3_client_options(self.endpoint, self.access_key, self.secret_key, self.region)
            self._store = open_object_store(self.root, s3_options=options)
        return self._store

    def landing(self) -> LandingZone:
        """Open the landing zone."""
        from heritage_assets.curation.landing import LandingZone

        return LandingZone(self.store())
