"""One interface for all methods of grouping: scans in scanning order in, rows of GROUPS out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from heritage_assets.curation.pages.decisions import Standing, standing
from heritage_assets.curation.pages.evidence import Model
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.signals import FEATURE_COLUMNS, Floats, Index

CHUNK = 2_048
INDEX = pa.schema([("guid", pa.string()), ("scan", pa.string())])


class PageStream(Protocol):
    """The scans of one dataset in scanning order; their features are read as often as asked for."""

    def index(self) -> pa.Table:
        """Return guid and scan of all, in order (:data:`INDEX`)."""
        ...

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[pa.RecordBatch]:
        """Read the features (:data:`~.signals.FEATURE_COLUMNS`) of the places ``first`` to ``last``, in order."""
        ...

    def sample(self, most: int) -> tuple[Index, pa.Table]:
        """Return the places of at most ``most`` scans spread over the collection, ascending, and their features."""
        ...

    def take(self, places: Index) -> pa.Table:
        """Return the features of some places, in the order given."""
        ...


class TablePages:
    """Scans whose features are in memory already (rows of PAGE_FEATURES in scanning order)."""

    def __init__(self, features: pa.Table) -> None:
        self._features = features

    def index(self) -> pa.Table:
        """See :class:`PageStream`."""
        return self._features.select(INDEX.names)

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[pa.RecordBatch]:
        """See :class:`PageStream`."""
        end = self._features.num_rows if last is None else last
        yield from self._features.select(FEATURE_COLUMNS).slice(first, end - first).to_batches(max_chunksize=CHUNK)

    def sample(self, most: int) -> tuple[Index, pa.Table]:
        """See :class:`PageStream`."""
        places = spread(self._features.num_rows, most)
        return places, self._features.select(FEATURE_COLUMNS).take(pa.array(places))

    def take(self, places: Index) -> pa.Table:
        """See :class:`PageStream`."""
        return self._features.select(FEATURE_COLUMNS).take(pa.array(places))


def spread(scans: int, most: int) -> Index:
    """Return at most ``most`` places spread evenly over ``scans``."""
    return np.unique(np.linspace(0, max(scans - 1, 0), min(scans, most)).astype(np.int64))


@dataclass(frozen=True)
class Grouping:
    """What a method found: rows of GROUPS by place, and the model that it used."""

    groups: pa.Table
    model: Model


@dataclass(frozen=True)
class Nearest:
    """Where a method of unordered scans finds neighbours: the scans most like some others.

    ``add(guids, vectors)`` tells the vectors of scans, once each; ``find(vectors, limit)`` returns the guids nearest to each;
    ``close()`` forgets them.
    """

    add: Callable[[list[str], Floats], None]
    find: Callable[[Floats, int], list[list[str]]]
    close: Callable[[], None] = lambda: None


class Segmenter(Protocol):
    """``segment(pages, settings, decided, …) -> Grouping``: what every method is."""

    def __call__(
        self, pages: PageStream, settings: GroupingSettings, decided: Standing, *, model: Model | None = None
    ) -> Grouping:
        """Group the scans. ``model``: weights and scale to use; None: the method's own."""
        ...


def group_pages(
    pages: PageStream,
    settings: GroupingSettings,
    decisions: pa.Table | None = None,
    *,
    model: Model | None = None,
    nearest: Nearest | None = None,
) -> Grouping:
    """Group scans into documents by the method that the settings name.

    Args:
        pages: the scans.
        settings: method and its parameters.
        decisions: rows of PAGE_DECISIONS of this dataset; confirmed documents stay as they are.
        model: weights and scale to use, such as those of a training; None: found from the pages.
        nearest: for ``similarity``: finds neighbours in a vector store; None: all pairs are compared.

    Raises:
        ValueError: settings that can't be met, such as ``learned`` without a model.
    """
    from heritage_assets.curation.pages.similarity import group_by_similarity
    from heritage_assets.curation.pages.stream import group_stream

    decided = standing(decisions)
    if settings.method == "similarity":
        return group_by_similarity(pages, settings, decided, model=model, nearest=nearest)
    if settings.method == "learned" and model is None:
        raise ValueError("the method learned needs a model: confirm documents, then run `heritage pages train`")
    return group_stream(pages, settings, decided, model=model)
