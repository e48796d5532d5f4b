"""The threshold of an encoder for this collection, without labels.

A sample of the collection's own pictures is edited the harmless ways that archives do. How alike a picture and its edited
copy are (``same``) is compared with how alike it is to the nearest *different* picture (``different``). The threshold is
chosen for a stated precision; where the sample has no false pair left, the upper tail of ``different`` is continued, because a
sample of a thousand can't show one error in a hundred thousand.

Hashes are calibrated too. Pairs whose hashes differ in 13 to 20 bits (the ring) are almost never copies; how steeply their
number falls towards fewer bits says how many *different* pictures of this collection have near or almost equal hashes: hardly
any among photographs, many among pages of text or coins of one mould. Where there are hardly any, that number and the scores
in the ring bound the false pairs that a near hash lets through. Where there are many, hashes say nothing and the score decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.duplicates.attributes import Attributes, evidence_table
from heritage_assets.curation.duplicates.crowding import CROWDED_MEDIAN
from heritage_assets.curation.duplicates.edits import EDITS, Edit
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.duplicates.neighbours import TAIL, Neighbours, metadata_tell_apart, neighbours, tail
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.progress import Stage

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
LoadImage = Callable[[str], Any]
EncodeImages = Callable[[Sequence[Any]], Floats]
HashImage = Callable[[Any], str]

BINS = 80
CROWDED_RECALL = 0.5
"""One that finds fewer of the edited copies at the wanted precision cannot either."""
MOST_TWINS = 10.0
"""Where hashes say nothing and the average picture has more neighbours that score like copies, they are look-alikes."""
LOOK_ALIKES = 0.01
"""Expected different neighbours of almost equal hash per picture from which a warning is given."""
HASH_CHANCE = 0.01
"""Largest assumed share of nearest different neighbours whose hash is near by chance, where hashes tell pictures apart."""
STRONG_EDITS = frozenset({"greyscale"})
"""Edits that change scores so much that they would hide what mild ones do."""
TOGETHER = 8
"""Pictures edited and encoded in one call."""


@dataclass(frozen=True)
class Calibration:
    """What was measured for one encoder on one collection. ``settings_for`` applies it.

    ``threshold``: image cosine from which a pair is a duplicate with at least ``precision`` when a share ``prior`` of the
    records has a copy. ``hash_floor``: the same for pairs whose hashes are almost equal. ``recall``: share of edited copies
    at or above the threshold; ``recall_with_hash``: or found by hash. ``look_alikes``: expected different neighbours of
    almost equal hash per picture. ``crowding``: median cosine of the nearest different neighbour. ``warnings``: in plain
    words.
    """

    encoder: str
    threshold: float
    hash_floor: float
    look_alikes: float
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
            "review_band": max(settings.review_band, min(0.1, (1.0 - self.threshold) / 4)),
        }
        return DuplicateSettings.model_validate(values)


@dataclass(frozen=True)
class Samples:
    """Scores of a calibration: (n, edits) cosines and hash distances of the copies, and the neighbourhood."""

    same: Doubles
    same_hash: npt.NDArray[np.int64]
    around: Neighbours
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
    evidence: pa.Table | None = None,
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
        settings: hash distances and tolerances.
        evidence: :data:`~.attributes.EVIDENCE` of the records in the order of ``guids``: pairs that their metadata tell apart do
            not count as neighbours, since no score can join them.
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
    mild = [number for number, name in enumerate(chosen) if name not in STRONG_EDITS]
    like_a_copy = float(np.quantile(same[:, mild], 0.05))
    tells_apart = None
    if evidence is not None:
        if evidence["guid"].to_pylist() != list(guids):
            raise ValueError("evidence must have one row for each of guids, in their order")
        tells_apart = metadata_tell_apart(Attributes(evidence_table(evidence)), settings)
    around = neighbours(vectors, hashes, read, settings, like_a_copy, tells_apart)
    return summarise(encoder, Samples(same, same_hash, around, tuple(chosen)), settings, precision, prior)


def summarise(
    encoder: str, samples: Samples, settings: DuplicateSettings, precision: float, prior: float
) -> Calibration:
    """Choose thresholds from measured scores."""
    around = samples.around
    look_alikes = around.expected(settings.hash_same)
    hashes_tell = look_alikes < LOOK_ALIKES
    nearest = around.far if hashes_tell else np.fmax(around.far, around.near)
    confusing = not hashes_tell and around.twins > MOST_TWINS
    different = nearest[~np.isnan(nearest)]
    crowding = float(np.median(different)) if len(different) else 0.0
    allowed = prior * (1.0 - precision) / precision
    if hashes_tell:
        # A wrong pair needs a near hash by chance too.
        expected = around.expected(settings.hash_near)
        scored = tail(different, allowed / min(1.0, max(HASH_CHANCE, expected)))
        threshold = min(max(scored, around.score_reached_by(allowed / expected)), 0.9999)
        # Even where hashes alone would do, the encoder must see more than unrelated neighbours reach.
        floors = (around.score_reached_by(TAIL), around.score_reached_by(allowed / look_alikes), 0.01)
        hash_floor = min(threshold, max(floors))
    else:
        threshold = hash_floor = 0.9999 if confusing else min(tail(different, allowed), 0.9999)
    reached = samples.same >= threshold
    with_hash = reached | ((samples.same_hash <= settings.hash_same) & (samples.same >= hash_floor))
    recall = float(reached.mean())
    crowded = crowding >= CROWDED_MEDIAN or recall < CROWDED_RECALL
    edges = np.linspace(min(0.0, float(np.nanmin(samples.same))), 1.0, BINS + 1)
    return Calibration(
        encoder=encoder,
        threshold=round(threshold, 4),
        hash_floor=round(max(hash_floor, 0.01), 4),
        look_alikes=look_alikes,
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
        warnings=_warnings(encoder, crowding, recall, look_alikes, len(samples.same)),
    )


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
    same = np.empty((len(rows), len(edits)))
    distances = np.zeros((len(rows), len(edits)), np.int64)
    readable = np.zeros(len(rows), bool)
    for start in range(0, len(rows), TOGETHER):
        here: list[int] = []
        copies: list[Any] = []
        for number, row in enumerate(rows[start : start + TOGETHER].tolist(), start):
            try:
                image = load_image(guids[row])
            except (OSError, ValueError):
                continue
            here.append(number)
            copies.extend(edit(image) for edit in edits.values())
        if here:
            encoded = encode_images(copies).astype(np.float64).reshape(len(here), len(edits), -1)
            same[here] = np.einsum("ied,id->ie", encoded, vectors[rows[here]].astype(np.float64))
            found, _ = parse_hashes(pa.array([hash_image(copy) for copy in copies]))
            distances[here] = np.bitwise_count(found.reshape(len(here), -1) ^ hashes[rows[here], None])
            readable[here] = True
        stage.advance(min(TOGETHER, len(rows) - start))
    return same[readable], distances[readable], rows[readable]


def _warnings(encoder: str, crowding: float, recall: float, look_alikes: float, sampled: int) -> tuple[str, ...]:
    found = []
    if crowding >= CROWDED_MEDIAN or recall < CROWDED_RECALL:
        found.append(
            f"scores of {encoder} crowd: the nearest different picture typically scores {crowding:.3f}, and only {recall:.0%} of "
            "edited copies pass the threshold. Cosine alone will not merge; hashes and metadata decide."
        )
    if look_alikes >= LOOK_ALIKES:
        found.append(
            f"a picture has {look_alikes:.2g} different ones of almost equal hash (pages, coins, plates?): hashes stand in "
            "for the score only where it is high, so strongly edited copies may be missed"
        )
    if sampled < 200:
        found.append(
            f"only {sampled} pictures were sampled: the threshold is uncertain, calibrate again when there are more"
        )
    return tuple(found)
