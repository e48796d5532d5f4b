"""Grouping again after a change: only the neighbourhood of what changed is read and cut anew.

Scale and weights of the earlier run are kept, so that evidence elsewhere is what it was. A stretch reaches from a sure start of a
document at least ``window`` scans before the change to one as far behind it: evidence never counts across a start, so that
what lies outside keeps its best cuts. Memory and time: those of the stretch, and the rows of the earlier run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from heritage_assets.curation.pages.decisions import Standing
from heritage_assets.curation.pages.evidence import Model
from heritage_assets.curation.pages.methods import Grouping, PageStream
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.signals import Index
from heritage_assets.curation.pages.stream import group_stream

SURE = 0.9
"""Confidence from which on a start bounds a stretch."""
MOST_SHARE = 0.5
"""Share of the scans from which on everything is grouped anew."""


@dataclass(frozen=True)
class _Stretch:
    """The places ``first`` to ``last`` of a longer stream, as a stream."""

    whole: PageStream
    first: int
    last: int

    def index(self) -> pa.Table:
        return self.whole.index().slice(self.first, self.last - self.first)

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[pa.RecordBatch]:
        end = self.last if last is None else self.first + last
        return self.whole.rows(self.first + first, end)

    def sample(self, most: int) -> tuple[Index, pa.Table]:
        raise NotImplementedError("a stretch is cut with the scale of the whole")

    def take(self, places: Index) -> pa.Table:
        return self.whole.take(places + self.first)


def regroup_stream(
    pages: PageStream,
    settings: GroupingSettings,
    decided: Standing,
    previous: pa.Table,
    model: Model,
    changed: set[str],
) -> Grouping | None:
    """Group a stream again; None where so much changed that all of it should be grouped anew.

    Args:
        pages: the scans as they are now.
        settings: those of the earlier run (method ``stream`` or ``learned``).
        decided: what holds now.
        previous: rows of GROUPS of the earlier run, by place.
        model: that of the earlier run.
        changed: guids whose features changed, or that people decided about, since then; new and moved scans, and places that
            scans left, are found here.
    """
    index = pages.index()
    guids, before = index["guid"].to_pylist(), previous["guid"].to_pylist()
    touched = _touched(guids, before, changed)
    if not touched.any():
        return Grouping(previous, model)
    place_before = {guid: place for place, guid in enumerate(before)}
    anchors = _anchors(guids, previous, place_before, touched)
    stretches = _stretches(touched, anchors, settings.window)
    if sum(last - first for first, last in stretches) > MOST_SHARE * len(guids):
        return None
    parts, done = [], 0
    for first, last in [*stretches, (len(guids), len(guids))]:
        kept = np.array([place_before[guid] for guid in guids[done:first]], np.int64)
        parts.append(previous.take(pa.array(kept)))
        if last > first:
            parts.append(group_stream(_Stretch(pages, first, last), settings, decided, model=model).groups)
        done = last
    groups = pa.concat_tables(parts)
    at = groups.schema.get_field_index("place")
    return Grouping(groups.set_column(at, "place", pa.array(np.arange(len(guids)))), model)


def _touched(guids: list[str], before: list[str], changed: set[str]) -> np.ndarray:
    """Mark the places of changed and new scans, and of scans that have another scan before them than they had."""
    known = set(before)
    now = set(guids)
    predecessor = dict(zip(before[1:], before, strict=False))
    touched = np.zeros(len(guids), bool)
    for place, guid in enumerate(guids):
        same_before = place == 0 or predecessor.get(guid) == guids[place - 1]
        touched[place] = guid in changed or guid not in known or not same_before
    if guids and before and (before[0] != guids[0] or before[-1] not in now):
        touched[0] |= before[0] != guids[0]
        touched[-1] |= before[-1] not in now
    return touched


def _anchors(guids: list[str], previous: pa.Table, place_before: dict[str, int], touched: np.ndarray) -> np.ndarray:
    """Mark the places where a document surely starts, as it did."""
    sure = np.asarray(previous["starts"]) & (np.asarray(previous["confidence"]) >= SURE)
    marks = np.array([guid in place_before and bool(sure[place_before[guid]]) for guid in guids], bool)
    marks &= ~touched
    marks[0] = True
    return marks


def _stretches(touched: np.ndarray, anchors: np.ndarray, window: int) -> list[tuple[int, int]]:
    """Return the stretches [first, last) around touched places, from anchor to anchor, apart from each other."""
    at = np.append(np.flatnonzero(anchors), len(anchors))
    found: list[tuple[int, int]] = []
    for place in np.flatnonzero(touched).tolist():
        before = int(np.searchsorted(at, max(place - window, 0), "right")) - 1
        beyond = int(np.searchsorted(at, place + window, "right"))
        first, last = int(at[before]), int(at[min(beyond, len(at) - 1)])
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found
