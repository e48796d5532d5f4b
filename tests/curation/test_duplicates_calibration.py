"""Calibration finds a threshold that holds, from pictures alone; and real near-duplicates come out right with it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pytest
from duplicates_factory import ENCODER, record, records
from PIL import Image

from heritage_assets.curation.duplicates import DuplicateSettings, MemoryArchive, canonicalize
from heritage_assets.curation.duplicates.attributes import Attributes
from heritage_assets.curation.duplicates.calibration import Calibration, calibrate
from heritage_assets.curation.duplicates.edits import EDITS
from heritage_assets.curation.duplicates.evaluation import evaluate_pairs
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.duplicates.neighbours import Neighbours, metadata_tell_apart, neighbours
from heritage_assets.curation.images.hashing import perceptual_hash


def blobs(seed, layout=None):
    """A picture of soft coloured spots; with ``layout`` the spots are fixed and only small marks differ (look-alikes)."""
    rng = np.random.default_rng(seed if layout is None else layout)
    coarse = rng.uniform(0, 255, (6, 6, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((160, 160), Image.Resampling.BICUBIC)
    if layout is not None:
        marks = np.random.default_rng(seed).integers(0, 150, (40, 2))
        for x, y in marks:
            picture.paste((20, 20, 20), (int(x), int(y), int(x) + 6, int(y) + 6))
    return picture


def encode(pictures):
    """A plain encoder: centred colours of a small version."""
    rows = np.stack([np.asarray(p.resize((8, 8), Image.Resampling.BOX), np.float64).ravel() for p in pictures]) - 128
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def calibrated(pictures, encoder=encode, **more):
    guids = [str(k) for k in range(len(pictures))]
    hashes, _ = parse_hashes(pa.array([perceptual_hash(p) for p in pictures]))
    return calibrate(
        ENCODER,
        guids,
        encoder(pictures),
        hashes,
        load_image=lambda guid: pictures[int(guid)],
        encode_images=encoder,
        hash_image=perceptual_hash,
        settings=DuplicateSettings(),
        **more,
    )


def merged(pictures, truth, settings, encoder=encode):
    rows = [
        record(str(k), list(v), sha=f"s{k}", perceptual_hash=perceptual_hash(p), width=p.width, height=p.height)
        for k, (p, v) in enumerate(zip(pictures, encoder(pictures), strict=True))
    ]
    result = canonicalize(records(rows), MemoryArchive(), settings, ENCODER)
    predicted = {row["guid"]: row["canonical_id"] for row in result.groups.merge.to_pylist()}
    return evaluate_pairs(predicted, {str(k): str(group) for k, group in enumerate(truth)})


def test_photographs_and_their_edits():
    originals = [blobs(seed) for seed in range(120)]
    copies = [(seed, edit(originals[seed])) for seed in range(0, 120, 6) for edit in EDITS.values()]
    pictures = originals + [copy for _, copy in copies]
    truth = [*range(120), *(seed for seed, _ in copies)]
    found = calibrated(pictures, sample=80)
    assert 0.4 < found.threshold < 0.99
    assert not found.crowded and found.look_alikes < 0.01
    assert found.recall_with_hash > 0.95
    score = merged(pictures, truth, found.settings_for(DuplicateSettings()))
    assert score.precision == 1.0
    assert score.recall > 0.95
    assert score.recall > merged(pictures, truth, DuplicateSettings()).recall


def test_look_alikes_are_noticed_and_kept_apart():
    pictures = [blobs(seed, layout=1) for seed in range(60)]
    found = calibrated(pictures)
    assert found.look_alikes > 0.01
    assert any("almost equal hash" in warning for warning in found.warnings)
    score = merged(pictures, range(60), found.settings_for(DuplicateSettings()))
    assert score.predicted_pairs == 0


def test_pairs_that_metadata_tell_apart_do_not_count():
    pictures = [blobs(seed) for seed in range(40)]
    rows = [record(str(k), data_provider="A", identifiers=[f"{k % 20}"], year_from=1800 + k // 20) for k in range(40)]
    vectors, rules = encode(pictures), DuplicateSettings()
    hashes, _ = parse_hashes(pa.array([perceptual_hash(p) for p in pictures]))
    tells_apart = metadata_tell_apart(Attributes(records(rows)), rules)
    everyone = np.arange(40)
    assert np.array_equal(tells_apart(everyone, slice(0, 40)), ~np.eye(40, dtype=bool))
    plain = neighbours(vectors, hashes, everyone, rules, 0.99)
    told = neighbours(vectors, hashes, everyone, rules, 0.99, tells_apart)
    assert not np.isnan(plain.far).any()
    assert np.isnan(told.far).all() and not told.ring_scores.any()
    with pytest.raises(ValueError, match="in their order"):
        calibrated(pictures, evidence=records(rows[::-1]))


def test_crowded_encoder_is_noticed():
    def crowded(pictures):
        rows = np.hstack([encode(pictures) * 0.15, np.ones((len(pictures), 1))])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    found = calibrated([blobs(seed) for seed in range(60)], crowded)
    assert found.crowded and found.crowding > 0.95
    assert any("crowd" in warning for warning in found.warnings)
    assert found.settings_for(DuplicateSettings()).crowded


def test_round_trip_and_unreadable_pictures():
    pictures = [blobs(seed) for seed in range(30)]
    found = calibrated(pictures)
    assert Calibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found

    def broken(guid):
        raise OSError(guid)

    with pytest.raises(ValueError, match="only 0 pictures of 30"):
        calibrate(
            ENCODER, [str(k) for k in range(30)], encode(pictures), np.zeros(30, np.uint64), load_image=broken,
            encode_images=encode, hash_image=perceptual_hash, settings=DuplicateSettings(),
        )  # fmt: skip


def test_expected_neighbours_follow_the_ring():
    def around(pairs):
        none = np.full(100, np.nan)
        return Neighbours(none, none, 0.0, np.array(pairs, float), np.zeros(4_000, np.int64))

    steep, flat = around([0.01, 0.05, 0.25, 1.25]), around([4, 4, 4, 4])
    assert steep.expected(4) == pytest.approx(0.01 * (5.0**-5 + 5.0**-6), rel=0.01)
    assert flat.expected(12) == pytest.approx(24, rel=0.01)
    assert steep.expected(4) < steep.expected(12)


@pytest.mark.slow
def test_real_near_duplicates_with_mobilenet(shared_data):
    from heritage_assets.curation.encoders.loading import load_encoder

    folder, model = shared_data / "near_duplicates", shared_data / "models" / "mobilenet_v2_1.0_224"
    if not folder.is_dir() or not model.is_dir():
        pytest.skip("near_duplicates or mobilenet_v2_1.0_224 is not among the real data")
    with (folder / "truth.csv").open() as lines:
        truth = {row["image"]: row["group"] for row in csv.DictReader(lines)}
    pictures = [Image.open(folder / "images" / name).convert("RGB") for name in truth]
    encoder = load_encoder(str(model)).encode_images
    untried = merged(pictures, truth.values(), DuplicateSettings(), encoder)
    assert untried.precision >= 0.99
    assert untried.recall >= 0.95
    found = calibrated(pictures, encoder, sample=20)
    score = merged(pictures, truth.values(), found.settings_for(DuplicateSettings()), encoder)
    assert score.precision >= 0.99
    assert score.recall >= 0.95
