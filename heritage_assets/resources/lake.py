"""Resource: the Delta tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from heritage_assets.stores.lake import Lake
    from heritage_assets.stores.working_archive import WorkingArchive


class LakeResource(dg.ConfigurableResource):
    """Delta tables under one root URI."""

    root: str = Field(description="file:///folder or s3://bucket/prefix")
    storage_options: dict[str, str] = Field(
        default_factory=dict, description="delta-rs options (credentials, endpoint)."
    )

    cache: str | None = Field(
        None, description="Folder for copies that can be made again at any time; none: made in each run."
    )

    def open(self) -> Lake:
        """Open the lake."""
        from heritage_assets.stores.lake import Lake

        return Lake(self.root, self.storage_options)

    @contextmanager
    def working_archive(self, lake: Lake, encoder: str, *, anew: bool = False) -> Iterator[WorkingArchive]:
        """Open what canonicalization reads of ``lake``, laid out for it (see :mod:`heritage_assets.stores.working_set`).

        With ``anew`` nothing that earlier runs laid out is believed.
        """
        from heritage_assets.stores.working_archive import WorkingArchive
        from heritage_assets.stores.working_set import WorkingSet

        if self.cache is not None:
            yield WorkingArchive(lake, encoder, WorkingSet.open(lake, encoder, Path(self.cache), anew=anew))
            return
        with tempfile.TemporaryDirectory(prefix="heritage-") as folder:
            yield WorkingArchive(lake, encoder, WorkingSet.open(lake, encoder, Path(folder)))
