"""The chain of scans that is cut: without those that do not speak or whose document is confirmed, and with people's wishes."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.decisions import CUT, Standing
from heritage_assets.curation.pages.signals import Index

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Chain:
    """The scans that are cut, in order.

    ``places``: (n,) their places. ``kept``: (n,) their rows among the speaking scans; ``complete``: all of them. ``must_cut``,
    ``must_join``: (n,) before which a document has to start, or none may. ``apart``: pairs of positions that must not share a
    document. ``follows``: places of scans outside the chain that belong to the scan after them, because a person cut before them.
    """

    places: Index
    kept: Index
    complete: bool
    must_cut: Flags
    must_join: Flags
    apart: list[tuple[int, int]]
    follows: frozenset[int]


def lay_out(guids: list[str], speaking: Index, decided: Standing) -> Chain:
    """Lay out the chain.

    Args:
        guids: of all scans, in order.
        speaking: places of the scans that speak.
        decided: what people decided.
    """
    confirmed = np.fromiter((guid in decided.document_of for guid in guids), bool, len(guids))
    kept = np.flatnonzero(~confirmed[speaking]) if len(speaking) else np.zeros(0, np.int64)
    places = speaking[kept]
    must_cut, must_join = np.zeros(len(places), bool), np.zeros(len(places), bool)
    walls = _walls(guids, places, confirmed, decided)
    apart: list[tuple[int, int]] = []
    follows: set[int] = set()
    place_of = {guid: place for place, guid in enumerate(guids)} if decided.wishes else {}
    for wish in decided.wishes:
        there = sorted(place_of[guid] for guid in wish.guids if guid in place_of and guid not in decided.document_of)
        if len(there) < 2:
            continue
        left, right = bisect_left(places, there[0] + 1) - 1, bisect_left(places, there[-1])
        inside = slice(left + 1, right + 1)
        if wish.kind == CUT:
            if right - left == 1 and right < len(places):
                must_cut[right], must_join[right] = True, False
                follows |= set(range(there[-1], int(places[right])))
            else:
                apart.append((left, min(right, len(places) - 1)))
        else:
            apart = [(a, b) for a, b in apart if not (left <= a and b <= right)]
            first, last = bisect_left(places, there[0]), bisect_left(places, there[-1] + 1) - 1
            inside = slice(first + 1, last + 1)
            must_join[inside], must_cut[inside] = True, False
    must_join[walls] = False
    must_cut[walls] = True
    return Chain(places, kept, len(kept) == len(speaking), must_cut, must_join, apart, frozenset(follows))


def _walls(guids: list[str], places: Index, confirmed: Flags, decided: Standing) -> Index:
    """Return the positions before which confirmed documents end: no proposed document reaches over one.

    Single pages that were moved into a document elsewhere are no wall: what lies around them may belong together.
    """
    if not confirmed.any() or len(places) < 2:
        return np.zeros(0, np.int64)
    found = []
    for position in np.flatnonzero(np.diff(places) > 1) + 1:
        between = range(int(places[position - 1]) + 1, int(places[position]))
        pages = Counter(decided.document_of[guids[place]] for place in between if confirmed[place])
        if any(count * 2 >= len(decided.documents[document]) for document, count in pages.items()):
            found.append(int(position))
    return np.array(found, np.int64)
