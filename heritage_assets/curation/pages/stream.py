"""Documents in an ordered stream of scans: evidence between scans a few places apart, then the best cuts.

The features are read twice, once for what is usual in this collection (a sample) and once for the evidence. Time is linear in
scans. Memory: the features of one chunk and of ``window`` scans before it, and about ``12 · window + 400`` bytes a scan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from heritage_assets.curation.pages.decisions import Standing
from heritage_assets.curation.pages.evidence import Model, starting_weights
from heritage_assets.curation.pages.layout import Chain, lay_out
from heritage_assets.curation.pages.methods import Grouping, PageStream
from heritage_assets.curation.pages.scale import Scale
from heritage_assets.curation.pages.segmentation import Segmentation, segment
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.signals import (
    AT,
    SIGNALS,
    Floats,
    Index,
    Pages,
    concatenated,
    distances,
    pages_of,
    text_evidence,
)
from heritage_assets.curation.pages.verdicts import stream_groups

SAMPLE = 1_024
"""Scans from which is learned what is usual in a collection."""
FAR_PAIRS = 20_000
WEIGHT = 16.0
"""How much the mean evidence of a document's pairs counts against the prior of its length."""


@dataclass(frozen=True)
class Evidence:
    """Evidence between scans that speak.

    ``odds``: (speaking, window) float32, log odds that scan k and the (1 + w)-th that speaks after it are of one document.
    ``places``: (speaking,) their places among all scans. ``defects``: of all scans, by place.
    """

    odds: Floats
    places: Index
    defects: list[list[str]]


def group_stream(
    pages: PageStream, settings: GroupingSettings, decided: Standing, *, model: Model | None = None
) -> Grouping:
    """Cut an ordered stream into documents (methods ``stream`` and ``learned``).

    Blank, black, truncated and missing scans take no part in the cutting, so that they can't glue what lies on their two sides;
    they follow the scan before them.
    """
    index = pages.index()
    guids = index["guid"].to_pylist()
    used = model or Model(starting_weights(), usual(pages, settings.window))
    found = gather(pages, used, settings.window, len(guids))
    chain = lay_out(guids, found.places, decided)
    odds = found.odds if chain.complete else _without(found.odds, chain.kept)
    cuts = cut(odds, chain, settings)
    groups = stream_groups(index, found.defects, chain, cuts, odds, decided)
    return Grouping(groups, used)


def usual(pages: PageStream, window: int) -> Scale:
    """Take from a sample what distances are usual between scans that lie far apart."""
    places, rows = pages.sample(SAMPLE)
    sampled = pages_of(rows)
    speaking = np.flatnonzero(sampled.speaks)
    return far_scale(sampled.take(speaking), places[speaking], window)


def far_scale(pages: Pages, places: Index, window: int) -> Scale:
    """Return the scale of distances of pairs more than ``window`` places, or a third of the collection, apart."""
    if len(pages) < 2:
        return Scale(np.tile([0.0, 1.0], (len(SIGNALS), 1)))
    chance = np.random.default_rng(0)
    left, right = chance.integers(0, len(pages), (2, FAR_PAIRS))
    apart = np.abs(places[left] - places[right]) > min(window, int(places[-1] - places[0] + 1) // 3)
    ink = float(np.median(pages.measures[:, AT["ink_share"]]))
    return Scale.of(distances(pages, left[apart], right[apart]), int(places[-1]) + 1, ink)


def gather(
    pages: PageStream, model: Model, window: int, scans: int, first: int = 0, last: int | None = None
) -> Evidence:
    """Read the features of the places ``first`` to ``last`` (of ``scans``) once, and weigh every scan against the ones before it.

    Raises:
        ValueError: fewer or more rows than the index has.
    """
    end = scans if last is None else last
    odds = np.zeros((end - first, window), np.float32)
    places = np.zeros(end - first, np.int64)
    defects: list[list[str]] = []
    spoken, tail = 0, None
    for rows in pages.rows(first, end):
        chunk = pages_of(pa.Table.from_batches([rows]))
        speaking = np.flatnonzero(chunk.speaks)
        places[spoken : spoken + len(speaking)] = first + len(defects) + speaking
        defects += [list(names or ()) for names in rows["defects"].to_pylist()]
        both = chunk.take(speaking) if tail is None else concatenated(tail, chunk.take(speaking))
        known = len(both) - len(speaking)
        for left, right in _pairs(known, len(both), window):
            found = model.log_odds(both, left, right) + text_evidence(both, left, right)
            odds[spoken - known + left, right - left - 1] = found
        spoken += len(speaking)
        tail = both.take(np.arange(max(len(both) - window, 0), len(both)))
    if len(defects) != end - first:
        raise ValueError(f"{len(defects)} rows of features for {end - first} scans: compute the features again")
    return Evidence(odds[:spoken], places[:spoken], defects)


def _pairs(known: int, total: int, window: int) -> list[tuple[Index, Index]]:
    """Return for each distance the pairs (left, right) whose right side is new."""
    found = []
    for lag in range(1, window + 1):
        right = np.arange(max(known, lag), total)
        if len(right):
            found.append((right - lag, right))
    return found


def cut(odds: Floats, chain: Chain, settings: GroupingSettings) -> Segmentation:
    """Find the best cuts of a chain; a wished cut between scans that are no neighbours goes where a cut is likeliest."""
    must_cut, must_join = chain.must_cut.copy(), chain.must_join
    for _ in range(len(chain.apart) + 1):
        found = segment(
            odds,
            weight=WEIGHT,
            typical_length=settings.typical_length,
            longest=settings.longest,
            caution=settings.caution,
            must_cut=must_cut,
            must_join=must_join,
        )
        starts = np.zeros(len(odds) + 1, bool)
        starts[found.starts] = True
        broken = [(left, right) for left, right in chain.apart if not starts[left + 1 : right + 1].any()]
        if not broken:
            break
        left, right = broken[0]
        free = np.where(must_join[left + 1 : right + 1], -1.0, found.cut_probability[left + 1 : right + 1])
        if free.max() < 0:
            break  # a later wish joined all of them
        must_cut[left + 1 + int(np.argmax(free))] = True
    return found


def _without(odds: Floats, kept: Index) -> Floats:
    """Return the evidence among the kept scans alone: distances shrink where scans between them are left out."""
    window = odds.shape[1]
    found = np.zeros((len(kept), window), np.float32)
    for lag in range(1, min(window, len(kept) - 1) + 1):
        span = kept[lag:] - kept[:-lag]
        near = span <= window
        rows = np.flatnonzero(near)
        found[rows, lag - 1] = odds[kept[:-lag][near], span[near] - 1]
    return found
