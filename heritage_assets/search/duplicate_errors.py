"""What is needed to look at an evaluation of duplicates: the pairs that came out wrong with their evidence, and all scores.

Belongs here: reading and judging. Does not belong here: how it is shown (``duplicate_report.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates import DuplicateSettings
from heritage_assets.curation.duplicates.decisions import ordered
from heritage_assets.curation.duplicates.evaluation import PairError
from heritage_assets.curation.duplicates.judged import JudgedPair, judge_pairs
from heritage_assets.curation.duplicates.verdicts import WHY
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.archive import LakeArchive
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import text

Doubles = npt.NDArray[np.float64]
SHOWN = ("title", "creator", "date", "data_provider", "identifiers")
MOST_TRUE_PAIRS = 20_000
"""True pairs whose scores are drawn; of more, the first of each group."""


@dataclass(frozen=True)
class Side:
    """One record of a wrong pair, as people should see it; ``thumbnail`` is the content of an image file."""

    guid: str
    fields: Mapping[str, str]
    thumbnail: bytes | None


@dataclass(frozen=True)
class WrongPair:
    """Two records wrongly together or apart, and how the rules in force judge the two."""

    kind: str
    sides: tuple[Side, Side]
    judged: JudgedPair
    why: str


@dataclass(frozen=True)
class Scores:
    """Image cosines: of pairs that the truth calls one object, and of stored pairs that it calls two."""

    same: Doubles
    different: Doubles
    threshold: float


def wrong_pairs(
    platform: Platform, archive: LakeArchive, errors: Sequence[PairError], settings: DuplicateSettings
) -> list[WrongPair]:
    """Judge pairs anew by the rules in force. Memory: the vectors, evidence and thumbnails of the records that are named."""
    if not errors:
        return []
    guids = sorted({guid for error in errors for guid in (error.guid_a, error.guid_b)})
    table = archive.evidence(guids)
    current = set(table["guid"].to_pylist())
    known = [error for error in errors if {error.guid_a, error.guid_b} <= current]
    pairs = [(error.guid_a, error.guid_b) for error in known]
    judged = judge_pairs(table, pairs, pair_cosines(archive, pairs), settings)
    sides = _sides(platform, table)
    return [
        WrongPair(error.kind, (sides[error.guid_a], sides[error.guid_b]), pair, WHY[pair.rule])
        for error, pair in zip(known, judged, strict=True)
    ]


def pair_cosines(archive: LakeArchive, pairs: Sequence[tuple[str, str]]) -> Doubles:
    """Return the image cosine of each pair of guids; NaN where one has no vector."""
    wanted = pa.array(sorted({guid for pair in pairs for guid in pair}), pa.string())
    vectors: dict[str, Any] = {}
    for rows in archive.vectors():
        mine = rows.filter(pc.is_in(rows["guid"], value_set=wanted))
        vectors.update(
            zip(mine["guid"].to_pylist(), mine["embedding_image"].to_numpy(zero_copy_only=False), strict=True)
        )
    found = np.full(len(pairs), np.nan)
    for number, (a, b) in enumerate(pairs):
        if a in vectors and b in vectors:
            found[number] = np.dot(vectors[a].astype(np.float64), vectors[b].astype(np.float64))
    return found


def measured_scores(archive: LakeArchive, truth: Mapping[str, str], threshold: float) -> Scores:
    """Return the scores of true pairs (at most :data:`MOST_TRUE_PAIRS`) and of stored pairs that the truth tells apart."""
    same = pair_cosines(archive, _true_pairs(truth))
    pairs = archive.pairs()
    columns = (pairs[name].to_pylist() for name in ("guid_a", "guid_b", "image_cosine"))
    different = [
        cosine
        for a, b, cosine in zip(*columns, strict=True)
        if cosine is not None and a in truth and b in truth and truth[a] != truth[b]
    ]
    return Scores(same[~np.isnan(same)], np.array(different, np.float64), threshold)


def _true_pairs(truth: Mapping[str, str]) -> list[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for guid in sorted(truth):
        groups.setdefault(truth[guid], []).append(guid)
    many = [members for members in groups.values() if len(members) > 1]
    whole = sum(len(members) * (len(members) - 1) // 2 for members in many) <= MOST_TRUE_PAIRS
    heads = ((members, len(members) if whole else 1) for members in many)
    pairs = [ordered(members[i], other) for members, most in heads for i in range(most) for other in members[i + 1 :]]
    return pairs[:MOST_TRUE_PAIRS]


def _sides(platform: Platform, table: pa.Table) -> dict[str, Side]:
    thumbnails = _thumbnails(platform, table.select(["guid", "batch"]))
    return {
        row["guid"]: Side(row["guid"], _fields(row), thumbnails.get(row["guid"]))
        for row in table.select(["guid", *SHOWN]).to_pylist()
    }


def _fields(row: Mapping[str, Any]) -> dict[str, str]:
    shown = {name: row[name] for name in SHOWN if row[name]}
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in shown.items()
    }


def _thumbnails(platform: Platform, current: pa.Table) -> dict[str, bytes]:
    batch = dict(zip(*(current[name].to_pylist() for name in ("guid", "batch")), strict=True))
    wanted = text("guid").isin(pa.array(sorted(batch), pa.string())) & pc.field("thumbnail").is_valid()
    rows = platform.lake.read(SOURCE_IMAGES, columns=["guid", "batch", "thumbnail"], where=wanted).to_pylist()
    return {row["guid"]: content for row, content in _read(platform, rows) if batch[row["guid"]] == row["batch"]}


def _read(platform: Platform, rows: Iterable[dict[str, Any]]) -> Iterable[tuple[dict[str, Any], bytes]]:
    for row in rows:
        try:
            yield row, platform.objects.get(row["thumbnail"])
        except KeyError:  # shown as "no picture"
            continue
