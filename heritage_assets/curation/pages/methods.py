"""One interface for all methods of grouping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from heritage_assets.curation.pages.settings import GroupingSettings


class PageStream(Protocol):
    """The scans of one dataset in scanning order; rows of PAGE_FEATURES, read as often as asked for."""

    @property
    def scans(self) -> int:
        """How many."""
        ...

    def __call__(self) -> Iterator[pa.RecordBatch]:
        """Read them again from the first."""
        ...


Segmenter = Callable[["pa.Table", "GroupingSettings", "pa.Table | None"], "pa.Table"]
"""``segment(features, settings, decisions) -> groups``: PAGE_FEATURES rows, PAGE_DECISIONS rows or None; GROUPS rows."""
