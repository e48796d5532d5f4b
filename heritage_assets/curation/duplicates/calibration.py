"""The threshold of an encoder for this collection, without labels.

A sample of the collection's own pictures is edited the harmless ways that archives do. How alike a picture and its edited
copy are (``same``) is compared with how alike it is to the nearest *different* picture (``different``). The threshold is
chosen for a stated precision; where the sample has no false pair left, the upper tail of ``different`` is continued as an
exponential (peaks over threshold: Pickands 1975), because a sample of a thousand can't show one error in a hundred thousand.

Nearest neighbours whose hash is near are left out of ``different``: nobody has labelled them, and most are real copies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.duplicates.edits import EDITS, Edit
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.progress import Stage

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
LoadImage = Callable[[str], Any]
EncodeImages = Callable[[Sequence[Any]], Floats]
HashImage = Callable[[Any], str]

BINS = 80
NEIGHBOURS = 8
TAIL = 0.1
"""Share of ``different`` that the tail is fitted to."""
CROWDED_MEDIAN = 0.95
"""An encoder whose typical nearest *different* neighbour is so near cannot tell pictures apart by its score."""
BLOCK = 8_192


@dataclass(frozen=True)
class Calibration:
    """What was measured for one encoder on one collection. ``settings_for`` applies it.

    ``threshold``: image cosine from which a pair is a duplicate with at least ``precision`` when a share ``prior`` of the
    records has a copy. ``hash_floor``: the same for pairs whose hashes are almost equal. ``recall``: share of edited copies
    at or above the threshold; ``recall_with_hash``: or found by hash. ``crowding``: median cosine of the nearest different
    neighbour. ``warnings``: in plain words.
    """

    encoder: str
    threshold: float
    hash_floor: float
    precision: float
    prior: float
    recall: float
    recall_with_hash: float
    recall_by_edit: dict[str, float]
    false_pair_rate: float
    crowding: float
    crowded: bool
    sampled: int
    edges: list[float]
    same: list[int]
    different: list[int]
    warnings: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Calibration:
        """Read what :meth:`to_dict` wrote."""
        return cls(**{**values, "warnings": tuple(values.get("warnings", ()))})

    def settings_for(self, settings: DuplicateSettings) -> DuplicateSettings:
        """Return the settings with this encoder's threshold, hash floor and crowding."""
        values = settings.model_dump() | {
            "threshold": self.threshold,
            "hash_floor": min(self.hash_floor, self.threshold),
            "crowded": self.crowded,
        }
        return DuplicateSettings.model_validate(values)


@dataclass(frozen=True)
class Samples:
    """Scores of a calibration: (n, edits) of copies, and (n,) of the nearest different picture, NaN where none was found."""

    same: Doubles
    same_hash: npt.NDArray[np.int64]
    different: Doubles
    different_near_hash: Doubles
    edits: tuple[str, ...]


def calibrate(
    encoder: str,
    guids: Sequence[str],
    vectors: Floats,
    hashes: Hashes,
    *,
    load_image: LoadImage,
    encode_images: EncodeImages,
    hash_image: HashImage,
    settings: DuplicateSettings,
    precision: float = 0.999,
    prior: float = 0.05,
    sample: int = 500,
    edits: dict[str, Edit] | None = None,
    seed: int = 0,
) -> Calibration:
    """Find the threshold of an encoder for a collection.

    Args:
        encoder: name of the encoder.
        guids: (n,) records with pictures.
        vectors: (n, d) float32 unit vectors of their pictures, all of the collection (or a large random share).
        hashes: (n,) uint64 perceptual hashes.
        load_image: guid to upright RGB picture; one that raises ``OSError`` or ``ValueError`` is skipped.
        encode_images: pictures to (k, d) float32 unit vectors, as the collection was encoded.
        hash_image: picture to 16 hexadecimal digits.
        settings: hash distances.
        precision: wanted share of right pairs among those found.
        prior: share of records assumed to have a copy in the collection.
        sample: how many pictures to edit.
        edits: other edits than :data:`~.edits.EDITS`.
        seed: chooses the sample.

    Raises:
        ValueError: fewer than 20 pictures can be read: too few to calibrate on.
    """
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(guids), min(sample, len(guids)), replace=False))
    chosen = EDITS if edits is None else edits
    same, same_hash, read = _copies(guids, vectors, hashes, rows, load_image, encode_images, hash_image, chosen)
    if len(read) < 20:
        raise ValueError(
            f"only {len(read)} pictures of {len(guids)} could be read: too few to calibrate on, keep the default"
        )
    different, near = nearest_different(vectors, hashes, read, settings)
    return summarise(encoder, Samples(same, same_hash, different, near, tuple(chosen)), settings, precision, prior)


def summarise(
    encoder: str, samples: Samples, settings: DuplicateSettings, precision: float, prior: float
) -> Calibration:
    """Choose thresholds from measured scores."""
    different = samples.different[~np.isnan(samples.different)]
    allowed = prior * (1.0 - precision) / precision
    threshold = _threshold(different, allowed)
    near = samples.different_near_hash[~np.isnan(samples.different_near_hash)]
    # With an almost equal hash a lower score is enough, but never one that ordinary pictures of this collection reach.
    hash_floor = min(threshold, max(float(np.median(different)) if len(different) else threshold, *near.tolist(), 0.05))
    reached = samples.same >= threshold
    with_hash = reached | ((samples.same_hash <= settings.hash_same) & (samples.same >= hash_floor))
    crowding = float(np.median(different)) if len(different) else 0.0
    recall = float(reached.mean())
    crowded = crowding >= CROWDED_MEDIAN or recall < 0.5
    edges = np.linspace(min(0.0, float(np.nanmin(samples.same))), 1.0, BINS + 1)
    return Calibration(
        encoder=encoder,
        threshold=round(threshold, 4),
        hash_floor=round(hash_floor, 4),
        precision=precision,
        prior=prior,
        recall=recall,
        recall_with_hash=float(with_hash.mean()),
        recall_by_edit=dict(zip(samples.edits, reached.mean(axis=0).tolist(), strict=True)),
        false_pair_rate=float((different >= threshold).mean()) if len(different) else 0.0,
        crowding=crowding,
        crowded=crowded,
        sampled=len(samples.same),
        edges=edges.tolist(),
        same=np.histogram(samples.same, edges)[0].tolist(),
        different=np.histogram(different, edges)[0].tolist(),
        warnings=_warnings(encoder, crowding, recall, crowded, len(samples.same)),
    )


def nearest_different(
    vectors: Floats, hashes: Hashes, rows: npt.NDArray[np.int64], settings: DuplicateSettings
) -> tuple[Doubles, Doubles]:
    """Return the cosine of each row to its nearest neighbour whose hash is not near, and to the nearest whose hash is between
    almost equal and near; both (len(rows),) float64, NaN where there is none. Memory: ``4 · rows · BLOCK`` bytes.
    """
    far = np.full(len(rows), np.nan)
    between = np.full(len(rows), np.nan)
    for start in range(0, len(vectors), BLOCK):
        part = slice(start, start + BLOCK)
        score = vectors[rows] @ vectors[part].T
        distance = np.bitwise_count(hashes[rows, None] ^ hashes[None, part])
        for target, mask in (
            (far, distance > settings.hash_near),
            (between, (distance > settings.hash_same) & (distance <= settings.hash_near)),
        ):
            best = np.where(mask, score, -np.inf).max(axis=1)
            np.fmax(target, np.where(np.isfinite(best), best, np.nan), out=target)
    return far, between


def _copies(
    guids: Sequence[str],
    vectors: Floats,
    hashes: Hashes,
    rows: npt.NDArray[np.int64],
    load_image: LoadImage,
    encode_images: EncodeImages,
    hash_image: HashImage,
    edits: dict[str, Edit],
) -> tuple[Doubles, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    stage = Stage("calibration", len(rows))
    same, distances, read = [], [], []
    for row in rows.tolist():
        try:
            image = load_image(guids[row])
        except (OSError, ValueError):
            stage.advance()
            continue
        copies = [edit(image) for edit in edits.values()]
        encoded = encode_images(copies)
        same.append(encoded.astype(np.float64) @ vectors[row].astype(np.float64))
        distances.append([(int(hash_image(copy), 16) ^ int(hashes[row])).bit_count() for copy in copies])
        read.append(row)
        stage.advance()
    return np.array(same).reshape(len(read), -1), np.array(distances).reshape(len(read), -1), np.array(read, np.int64)


def _threshold(different: Doubles, allowed: float) -> float:
    """Return the score that a share ``allowed`` of nearest different neighbours reaches, by the exponential tail."""
    if not len(different):
        return 0.98
    start = float(np.quantile(different, 1.0 - TAIL))
    excess = different[different > start] - start
    mean = float(excess.mean()) if len(excess) else 0.0
    tail = start + mean * np.log(TAIL / allowed) if allowed < TAIL else start
    seen = float(np.quantile(different, 1.0 - allowed, method="higher"))
    return float(min(max(tail, seen), 0.9999))


def _warnings(encoder: str, crowding: float, recall: float, crowded: bool, sampled: int) -> tuple[str, ...]:
    found = []
    if crowded:
        found.append(
            f"scores of {encoder} crowd: the nearest different picture typically scores {crowding:.3f}, and only {recall:.0%} of "
            "edited copies pass the threshold. Cosine alone will not merge; hashes and metadata decide."
        )
    if sampled < 200:
        found.append(
            f"only {sampled} pictures were sampled: the threshold is uncertain, calibrate again when there are more"
        )
    return tuple(found)
