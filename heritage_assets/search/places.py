"""Rankings, once they are there: what is near is matched with the tables, copies collapse, places are sorted by a field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from heritage_assets.search.questions import Question, Ranked
from heritage_assets.search.snapshot import Snapshot


def distinct(ranking: Iterable[Ranked], snapshot: Snapshot, mask: Any, question: Question) -> list[Ranked]:
    """Keep the best place of each object (record, without collapsing); the representative stands for it where it may."""
    rows, codes, heads = snapshot.row_of, snapshot.canonical_codes, snapshot.representative_rows
    asked = {*question.likes, *question.unlikes}
    seen: set[Any] = {int(codes[rows[guid]]) for guid in asked if guid in rows} if question.collapse else set(asked)
    kept: list[Ranked] = []
    for place in ranking:
        row = rows.get(place.guid)
        if place.guid in snapshot.withdrawn or (row is not None and not mask[row]):
            continue
        collapses = question.collapse and row is not None
        key: Any = int(codes[row]) if collapses else place.guid
        if key in seen:
            continue
        seen.add(key)
        speaks = collapses and place.match != "identifier" and mask[heads[key]]
        kept.append(replace(place, guid=snapshot.guids[heads[key]]) if speaks else place)
    return kept


def sorted_by(ranking: list[Ranked], snapshot: Snapshot, sort: str) -> list[Ranked]:
    """Sort places by a field (``-`` before its name: from the highest); those that lack it come last, in their order."""
    rows = [snapshot.row_of[place.guid] for place in ranking if place.guid in snapshot.row_of]
    name = sort.removeprefix("-")
    value_of = {card["guid"]: card[name] for card in snapshot.cards(rows) if card[name] is not None}
    have = [place for place in ranking if place.guid in value_of]
    lack = [place for place in ranking if place.guid not in value_of]
    return [*sorted(have, key=lambda place: value_of[place.guid], reverse=sort.startswith("-")), *lack]
