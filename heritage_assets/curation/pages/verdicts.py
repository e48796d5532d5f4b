"""From cuts and groups to rows of GROUPS: ids, positions, confidence, and where scans go that took no part."""

from __future__ import annotations

import hashlib
from collections.abc import Container

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.pages.decisions import Standing
from heritage_assets.curation.pages.layout import Chain
from heritage_assets.curation.pages.schemas import GROUPS
from heritage_assets.curation.pages.segmentation import Segmentation
from heritage_assets.curation.pages.signals import Floats, Index

Doubles = npt.NDArray[np.float64]

STRAYS = 0.25
"""Chance that a scan that says nothing belongs to the document after a cut rather than to the one before it."""


def group_id(guid: str, taken: Container[str] = ()) -> str:
    """Return the id of a proposed document by its first scan; another one where a confirmed document has it already."""
    name = f"doc-{hashlib.sha256(guid.encode()).hexdigest()[:12]}"
    return group_id(f"{guid}\x1f", taken) if name in taken else name


def stream_groups(
    index: pa.Table, defects: list[list[str]], chain: Chain, cuts: Segmentation, odds: Floats, decided: Standing
) -> pa.Table:
    """Return the rows of GROUPS for the cuts of a chain."""
    scans = index.num_rows
    starts = np.zeros(len(chain.places), np.int64)
    starts[cuts.starts] = 1
    document = np.cumsum(starts) - 1
    labels = np.full(scans, -1, np.int64)
    labels[chain.places] = document
    cut = np.zeros(scans)
    cut[chain.places] = cuts.cut_probability
    fits = np.ones(scans)
    fits[chain.places] = membership(odds, document)
    _attach(labels, cut, chain, index["guid"].to_pylist(), decided)
    return groups_table(index, defects, labels, cut, fits, decided)


def membership(odds: Floats, document: Index) -> Doubles:
    """Return how well scans fit their documents: the mean evidence with its other scans within the window, as a probability."""
    total, count = np.zeros(len(document)), np.zeros(len(document))
    for lag in range(1, min(odds.shape[1], len(document) - 1) + 1):
        same = document[lag:] == document[:-lag]
        found = np.where(same, odds[:-lag, lag - 1], 0.0)
        for side in (slice(None, -lag), slice(lag, None)):
            total[side] += found
            count[side] += same
    chances: Doubles = np.where(count > 0, 1 / (1 + np.exp(-total / np.maximum(count, 1))), 1.0)
    return chances


def _attach(labels: Index, cut: Doubles, chain: Chain, guids: list[str], decided: Standing) -> None:
    """Give scans that took no part the document of the scan before them, or after where a person cut or nothing is before.

    They may belong to either side of a cut beside them: its probability is shared. Changes ``labels`` and ``cut``.
    """
    followers: list[int] = []  # scans without a say since the last one of the chain, whose document they got
    waiting: list[int] = []  # those that the next scan of the chain takes
    before, fresh = -1, int(labels.max(initial=-1)) + 1
    for place in range(len(labels)):
        if labels[place] >= 0:
            labels[waiting] = labels[place]
            if waiting:
                cut[waiting[0]], cut[place] = cut[place], 0.0
            elif followers:
                given = cut[place] * STRAYS
                cut[followers] = given / len(followers)
                cut[place] -= given
            followers, waiting, before = [], [], int(labels[place])
        elif guids[place] in decided.document_of:
            fresh = _own(labels, waiting, fresh)
            followers, waiting, before = [], [], -1
        elif before >= 0 and place not in chain.follows:
            labels[place] = before
            followers.append(place)
        else:
            before = -1
            waiting.append(place)
    _own(labels, waiting, fresh)


def _own(labels: Index, waiting: list[int], fresh: int) -> int:
    """Make scans that nobody takes a document of their own."""
    labels[waiting] = fresh
    return fresh + bool(waiting)


def groups_table(
    index: pa.Table,
    defects: list[list[str]],
    labels: Index,
    cut: Doubles,
    fits: Doubles,
    decided: Standing,
) -> pa.Table:
    """Return rows of GROUPS.

    Args:
        index: guid and scan, in scanning order.
        defects: of each scan.
        labels: (scans,) number of the proposed document; -1 for scans whose document is confirmed.
        cut: (scans,) probability that another document starts there.
        fits: (scans,) how well each fits its document.
        decided: the confirmed documents.
    """
    guids = index["guid"].to_pylist()
    confirmed = [decided.document_of.get(guid) for guid in guids]
    names: dict[int, str] = {}
    groups = [
        document if document is not None else names.setdefault(label, group_id(guid, decided.documents))
        for guid, label, document in zip(guids, labels.tolist(), confirmed, strict=True)
    ]
    position_of = {guid: k for pages in decided.documents.values() for k, guid in enumerate(pages, start=1)}
    counted: dict[str, int] = {}
    positions: list[int] = []
    starts: list[bool] = []
    for guid, group in zip(guids, groups, strict=True):
        counted[group] = counted.get(group, 0) + 1
        positions.append(position_of.get(guid, counted[group]))
        starts.append(len(starts) == 0 or groups[len(starts) - 1] != group)
    sure = np.where(starts, cut, 1 - cut)
    by_people = np.array([document is not None for document in confirmed], bool)
    sure[by_people] = 1.0
    sure[1:][by_people[:-1]] = 1.0
    sure[:1] = 1.0
    columns = {
        "guid": index["guid"],
        "scan": index["scan"],
        "place": pa.array(np.arange(len(guids))),
        "group": pa.array(groups, pa.string()),
        "position": pa.array(positions, pa.int32()),
        "starts": pa.array(starts, pa.bool_()),
        "confidence": pa.array(np.clip(sure, 0, 1).astype(np.float32)),
        "membership": pa.array(np.where(by_people, 1.0, fits).astype(np.float32)),
        "confirmed": pa.array(by_people),
        "defects": pa.array(defects, GROUPS.field("defects").type),
    }
    return pa.table(columns).cast(GROUPS)
