"""The encoder in use and the one that may follow it, on the whole archive; nothing of the archive is changed by comparing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.canonicalize import canonicalize
from heritage_assets.curation.encoder_comparison import (
    NEIGHBOURS,
    GroupComparison,
    Neighbours,
    ScoreDistribution,
    compare_groups,
    nearest,
    overlap,
    score_distribution,
)
from heritage_assets.curation.schemas import CANONICAL_RECORDS
from heritage_assets.search.retrieval import Gallery, evaluate_truth, read_gallery
from heritage_assets.search.retrieval_truth import RetrievalTruth
from heritage_assets.stores.archive import LakeArchive
from heritage_assets.stores.calibrations import calibrate_archive, load_calibration, save_calibration, settings_in_force
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.views import newest_rows

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

SAMPLE = 2_000
"""Records whose neighbours are compared; drawn evenly over the archive."""
PRECISION = 0.999
CALIBRATED = 300


@dataclass(frozen=True)
class Side:
    """One of the two encoders: id, dimension of its images, duplicate threshold in force, scores, figures of search."""

    encoder: str
    dimension: int
    threshold: float
    calibrated: bool
    scores: ScoreDistribution
    retrieval: dict[str, Any] | None


@dataclass(frozen=True)
class Contrast:
    """One record whose neighbours differ: guids of the nearest by the encoder in use, and by the new one."""

    guid: str
    shared: float
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class Comparison:
    """What a person decides by."""

    old: Side
    new: Side
    pictures: int
    sampled: int
    overlap_mean: float
    overlap_quantiles: dict[str, float]
    groups: GroupComparison
    contrasts: list[Contrast]
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as ``--json`` prints them."""
        return {
            "pictures": self.pictures,
            f"neighbour_overlap@{NEIGHBOURS}": self.overlap_mean,
            "neighbour_overlap_quantiles": self.overlap_quantiles,
            "sampled": self.sampled,
            "duplicates": {
                "pairs_before": self.groups.pairs_before,
                "pairs_after": self.groups.pairs_after,
                "pairs_gained": self.groups.pairs_gained,
                "pairs_lost": self.groups.pairs_lost,
                "groups_gained": len(self.groups.gained_groups),
                "groups_lost": len(self.groups.lost_groups),
            },
            "old": _side(self.old),
            "new": _side(self.new),
            "notes": self.notes,
        }


def compare(
    platform: Platform, old: Encoder, new: Encoder, truth: RetrievalTruth | None = None, *, sample: int = SAMPLE
) -> Comparison:
    """Compare two encoders that have both embedded the archive.

    The new one is calibrated on the archive's own pictures first, where it never was: its threshold holds if it is taken.

    Memory: the image vectors of both (4 KiB a record at 512 dimensions), and what canonicalization needs.

    Raises:
        ValueError: too few pictures, or an encoder without vectors.
    """
    notes: list[str] = []
    before, after = _aligned(read_gallery(platform.lake, old.id), read_gallery(platform.lake, new.id))
    queries = np.unique(np.linspace(0, len(before.guids) - 1, min(sample, len(before.guids))).astype(np.int64))
    near_before, near_after = (nearest(one.images, queries) for one in (before, after))
    shares = overlap(near_before, near_after)
    _calibrate(platform, new, notes)
    groups = compare_groups(current_groups(platform), groups_by(platform, new))
    if truth is None:
        notes.append("search was not compared: give a truth file with --truth")
    return Comparison(
        old=_measured(platform, old, before, near_before, truth, notes),
        new=_measured(platform, new, after, near_after, truth, notes),
        pictures=len(before.guids),
        sampled=len(queries),
        overlap_mean=float(shares.mean()),
        overlap_quantiles={f"{q:.0%}": float(np.quantile(shares, q)) for q in (0.05, 0.5, 0.95)},
        groups=groups,
        contrasts=_contrasts(before.guids, queries, near_before, near_after, shares),
        notes=notes,
    )


def current_groups(platform: Platform) -> dict[str, str]:
    """Return the canonical id of every living record, as it is."""
    return _objects(
        platform.lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"], where=~pc.field("withdrawn"))
    )


def groups_by(platform: Platform, encoder: Encoder) -> dict[str, str]:
    """Return the canonical id that every living record would have by this encoder's vectors; writes nothing.

    People's decisions hold for it as they hold for the encoder in use.
    """
    explicit = platform.settings.duplicates.model_dump(mode="json", exclude_unset=True)
    settings = settings_in_force(platform.objects, encoder.id, explicit)
    archive = LakeArchive(platform.lake, encoder.id)
    newest = newest_rows(platform.lake)
    gone = newest.filter(newest["withdrawn"])["guid"].to_pylist()
    done = canonicalize(archive.records(None), archive, settings, encoder.id, gone=gone)
    return current_groups(platform) | _objects(
        done.groups.merge.filter(pc.invert(pc.fill_null(done.groups.merge["withdrawn"], False)))
    )


def _objects(rows: pa.Table) -> dict[str, str]:
    return dict(zip(rows["guid"].to_pylist(), rows["canonical_id"].to_pylist(), strict=True))


def _aligned(a: Gallery, b: Gallery) -> tuple[Gallery, Gallery]:
    """Return both galleries with the records that both have, row by row the same."""
    shared = sorted(set(a.guids) & set(b.guids))
    return _picked(a, shared), _picked(b, shared)


def _picked(gallery: Gallery, guids: list[str]) -> Gallery:
    row_of = gallery.row_of
    rows = np.array([row_of[guid] for guid in guids], np.int64)
    texts = gallery.texts[rows] if gallery.texts is not None else None
    return Gallery(guids, gallery.images[rows], texts, gallery.has_text[rows])


def _calibrate(platform: Platform, encoder: Encoder, notes: list[str]) -> None:
    """Measure the new encoder's duplicate threshold where that was not done yet."""
    if load_calibration(platform.objects, encoder.id) is not None:
        return
    try:
        found = calibrate_archive(
            platform.lake,
            platform.objects,
            encoder,
            platform.settings.duplicates,
            precision=PRECISION,
            sample=CALIBRATED,
        )
    except ValueError as error:
        notes.append(f"the new encoder is not calibrated, its threshold is the default: {error}")
        return
    save_calibration(platform.objects, found)
    notes += [f"calibration of the new encoder: {warning}" for warning in found.warnings]


def _measured(
    platform: Platform,
    encoder: Encoder,
    gallery: Gallery,
    neighbours: Neighbours,
    truth: RetrievalTruth | None,
    notes: list[str],
) -> Side:
    explicit = platform.settings.duplicates.model_dump(mode="json", exclude_unset=True)
    figures = None
    if truth is not None:
        try:
            figures = evaluate_truth(platform.lake, encoder, truth)
        except ValueError as error:
            notes.append(f"search with {encoder.id} was not measured: {error}")
    return Side(
        encoder.id,
        encoder.image_dim,
        settings_in_force(platform.objects, encoder.id, explicit).threshold,
        load_calibration(platform.objects, encoder.id) is not None,
        score_distribution(gallery.images, neighbours),
        figures,
    )


def _contrasts(
    guids: Sequence[str], queries: np.ndarray, before: Neighbours, after: Neighbours, shares: np.ndarray, most: int = 6
) -> list[Contrast]:
    """Return the records whose neighbours differ most."""
    return [
        Contrast(
            guids[queries[row]],
            float(shares[row]),
            [guids[at] for at in before.rows[row]],
            [guids[at] for at in after.rows[row]],
        )
        for row in np.argsort(shares, kind="stable")[:most]
    ]


def _side(side: Side) -> dict[str, Any]:
    return {
        "encoder": side.encoder,
        "dimension": side.dimension,
        "threshold": side.threshold,
        "calibrated": side.calibrated,
        "scores": side.scores.quantiles,
        "retrieval": side.retrieval,
    }
