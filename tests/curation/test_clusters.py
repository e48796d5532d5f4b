"""Clusters as a whole: parts, stable ids, a stable map, tables, small and hostile input."""

from __future__ import annotations

import csv
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from heritage_assets.curation.clusters import Clustering, ClusterSettings, PreviousClusters, cluster, inherit
from heritage_assets.curation.encoders.spec import EncoderSpec
from heritage_assets.curation.evaluation import adjusted_rand
from heritage_assets.curation.schemas import CLUSTER_MEMBERS, CLUSTERS

WORDS = ("coin", "map", "vase", "print", "textile", "manuscript")
QUICK = ClusterSettings(map_iterations=50)


def museum(classes: int = 4, each: int = 20, noise: float = 0.5, seed: int = 0, width: int = 32):
    """Unit vectors around ``classes`` directions in the narrow cone encoders leave, guids, texts and the true class."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, width)) + 3.0
    truth = np.repeat(np.arange(classes), each)
    vectors = centres[truth] + noise * rng.normal(size=(len(truth), width))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    guids = [f"/museum/{number:04d}" for number in rng.permutation(len(truth))]
    texts = [f"{WORDS[kind % len(WORDS)]} of the year {1800 + row}" for row, kind in enumerate(truth)]
    return vectors, guids, texts, {guid: str(kind) for guid, kind in zip(guids, truth, strict=True)}


@pytest.mark.parametrize("method", ["graph", "hdbscan", "kmeans"])
def test_every_method_finds_clear_classes_and_names_them(method):
    vectors, guids, texts, truth = museum()
    found = cluster(vectors, guids, texts, ClusterSettings(method=method, map_iterations=50))
    assert adjusted_rand(found.membership(), truth)["adjusted_rand"] > 0.95
    assert {one.label for one in found.clusters} == {"coin", "map", "vase", "print"}
    assert sum(one.size for one in found.clusters) == sum(name is not None for name in found.cluster_ids)


def test_alike_records_are_near_on_the_map_and_the_exemplar_is_a_member():
    vectors, guids, texts, _ = museum()
    found = cluster(vectors, guids, texts, QUICK)
    ids = np.array(found.cluster_ids)
    for one in found.clusters:
        inside = found.position[ids == one.cluster_id]
        outside = found.position[ids != one.cluster_id]
        middle = np.array([one.x, one.y])
        near = np.median(np.linalg.norm(inside - middle, axis=1))
        assert near < np.median(np.linalg.norm(outside - middle, axis=1)) / 2
        assert found.membership()[one.exemplar] == one.cluster_id


@given(seed=st.integers(0, 2**16), method=st.sampled_from(["graph", "hdbscan", "kmeans"]), size=st.integers(1, 18))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_of_input_changes_nothing(seed, method, size):
    vectors, guids, texts, _ = museum(3, size, noise=2.0, seed=seed)
    settings_ = ClusterSettings(method=method, map_iterations=50)
    order = np.random.default_rng(seed).permutation(len(guids))
    straight = cluster(vectors, guids, texts, settings_)
    shuffled = cluster(vectors[order], [guids[at] for at in order], [texts[at] for at in order], settings_)
    for one, other in zip(straight.to_tables("e"), shuffled.to_tables("e"), strict=True):
        assert one.equals(other)
    assert np.all((straight.probability >= 0) & (straight.probability <= 1))
    assert np.isfinite(straight.position).all()


@pytest.mark.parametrize("method", ["graph", "hdbscan", "kmeans"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_few_records(method, count):
    vectors, guids, texts, _ = museum(1, 5)
    found = cluster(vectors[:count], guids[:count], texts[:count], ClusterSettings(method=method))
    clusters, members = found.to_tables("e")
    assert (clusters.schema, members.schema) == (CLUSTERS.schema, CLUSTER_MEMBERS.schema)
    assert members.num_rows == count
    assert sum(clusters["size"].to_pylist()) <= count
    assert (clusters.num_rows > 0) == (count > 0) or method == "hdbscan"


def test_identical_vectors_make_one_cluster():
    vectors = np.tile(np.eye(1, 8, dtype=np.float32), (60, 1))
    found = cluster(vectors, [f"g{at:02d}" for at in range(60)], ["coin"] * 60, QUICK)
    assert np.isfinite(found.position).all()
    assert len(found.clusters) >= 1


def test_running_again_changes_nothing():
    vectors, guids, texts, _ = museum(noise=1.5)
    first = cluster(vectors, guids, texts, QUICK)
    again = cluster(vectors, guids, texts, QUICK, PreviousClusters.from_table(first.to_tables("e")[1], "e"))
    assert again.membership() == first.membership()
    np.testing.assert_array_equal(again.position, first.position)


def test_ids_and_places_survive_new_records():
    vectors, guids, texts, _ = museum(5, 30)
    first = cluster(vectors[:-8], guids[:-8], texts[:-8], QUICK)
    later = cluster(vectors, guids, texts, QUICK, PreviousClusters.from_clustering(first))
    now = later.membership()
    assert all(now[guid] == name for guid, name in first.membership().items())
    place = dict(zip(later.guids, later.position, strict=True))
    moved = [np.linalg.norm(place[guid] - there) for guid, there in zip(first.guids, first.position, strict=True)]
    assert np.median(moved) < 0.15 * np.ptp(first.position, axis=0).max()


def test_another_encoder_keeps_ids_but_draws_the_map_afresh():
    vectors, guids, texts, _ = museum()
    first = cluster(vectors, guids, texts, QUICK)
    previous = PreviousClusters.from_table(first.to_tables("old")[1], "new")
    assert np.isnan(previous.position).all()
    later = cluster(vectors[:, ::-1].copy(), guids, texts, QUICK, previous)
    assert later.membership() == first.membership()


def test_records_outside_the_sample_join_their_neighbours():
    vectors, guids, texts, truth = museum(4, 60)
    found = cluster(vectors, guids, texts, ClusterSettings(sample=100, map_iterations=50))
    assert len(found.guids) == 240
    assert adjusted_rand(found.membership(), truth)["adjusted_rand"] > 0.95
    assert np.isfinite(found.position).all()


def test_hdbscan_leaves_noise_in_no_cluster():
    vectors, guids, texts, _ = museum(3, 30, noise=0.3)
    scattered = (3 + 2 * np.random.default_rng(1).normal(size=(40, 32))).astype(np.float32)
    scattered /= np.linalg.norm(scattered, axis=1, keepdims=True)
    noise = [f"/noise/{at}" for at in range(40)]
    found = cluster(
        np.vstack([vectors, scattered]),
        guids + noise,
        texts + [""] * 40,
        ClusterSettings(method="hdbscan", min_cluster_size=8, map_iterations=50),
    )
    left_out = {guid for guid, name in found.membership().items() if name is None}
    assert len(left_out) >= 10
    assert left_out <= set(noise)
    assert {found.probability[found.guids.index(guid)] for guid in left_out} == {0.0}
    members = found.to_tables("e")[1]
    assert members["cluster_id"].null_count == len(left_out)


@pytest.mark.slow
def test_real_pictures_part_far_above_chance(shared_data, tmp_path):
    """400 captioned pictures by a real encoder; the best ARI that k-means reaches there is about 0.26."""
    folder = shared_data / "captioned_images"
    with (folder / "records.csv").open(encoding="utf-8") as lines:
        records = list(csv.DictReader(lines))
    spec = EncoderSpec(str(shared_data / "models" / "mobilenet_v2_1.0_224"), "cpu", cache=str(tmp_path))
    encoder, vectors = spec.load(), []
    for start in range(0, len(records), 50):
        pictures = [Image.open(folder / record["image"]).convert("RGB") for record in records[start : start + 50]]
        vectors.append(encoder.encode_images(pictures))
    guids = [record["id"] for record in records]
    found = cluster(np.vstack(vectors), guids, [""] * len(guids))
    truth = {record["id"]: record["title"] for record in records}
    assert adjusted_rand(found.membership(), truth)["adjusted_rand"] >= 0.34


def test_bad_input_is_named():
    vectors, guids, texts, _ = museum(2, 3)
    with pytest.raises(ValueError, match="5 guids"):
        cluster(vectors, guids[:5], texts)
    with pytest.raises(ValueError, match="more than once"):
        cluster(vectors, [guids[0], *guids[:5]], texts)
    vectors[3, 0] = np.nan
    with pytest.raises(ValueError, match=f"{guids[3]}.*not finite"):
        cluster(vectors, guids, texts)
    with pytest.raises(ValueError, match="two axes"):
        cluster(vectors[0], guids, texts)


def test_settings_read_words_and_numbers():
    read = TypeAdapter(ClusterSettings).validate_python
    assert read({"resolution": "2", "k": "12"}) == ClusterSettings(resolution=2.0, k=12)
    for wrong in ({"method": "other"}, {"resolution": -1}, {"k": 0}, {"typo": 1}):
        with pytest.raises(ValidationError):
            read(wrong)


def test_members_inherit_the_row_of_their_representative():
    members = pa.Table.from_pylist(
        [
            {"guid": "a", "cluster_id": "c-1", "probability": 0.5, "x": 1.0, "y": 2.0, "encoder": "e"},
            {"guid": "d", "cluster_id": None, "probability": 0.0, "x": 3.0, "y": 4.0, "encoder": "e"},
        ],
        schema=CLUSTER_MEMBERS.schema,
    )
    canonical = pa.table(
        {
            "guid": ["a", "b", "d", "x"],
            "canonical_id": ["b", "b", "d", "x"],
            "is_representative": [True, False, True, True],
        }
    )
    rows = inherit(members, canonical).to_pylist()
    assert [(row["guid"], row["cluster_id"], row["x"]) for row in rows] == [
        ("a", "c-1", 1.0),
        ("b", "c-1", 1.0),
        ("d", None, 3.0),
    ]
    with pytest.raises(ValueError, match="is_representative"):
        inherit(members, canonical.drop(["is_representative"]))


def test_empty_clustering_gives_empty_tables():
    clusters, members = Clustering(
        (), (), np.empty(0, np.float32), np.empty((0, 2), np.float32), (), "graph"
    ).to_tables("e")
    assert (clusters.num_rows, members.num_rows) == (0, 0)
    assert PreviousClusters.from_table(members, "e").guids == ()


def test_import_stays_light():
    code = (
        "import sys, heritage_assets.curation.clusters, heritage_assets.curation.pictures, heritage_assets.curation.evaluation;"
        "print([m for m in ('sklearn', 'sknetwork', 'openTSNE', 'matplotlib', 'scipy', 'PIL') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
