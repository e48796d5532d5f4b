"""The join equals brute force, whatever prunes it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.duplicates import join as join_module
from heritage_assets.curation.duplicates.candidates import _any_crowd
from heritage_assets.curation.duplicates.cells import plan_cells
from heritage_assets.curation.duplicates.hashes import near_hashes, near_hashes_between, parse_hashes
from heritage_assets.curation.duplicates.join import TooManyPairs, cosines, similar_pairs, similar_pairs_between
from heritage_assets.curation.duplicates.reduction import Reduction, normal_rows

MORE = settings(max_examples=40, deadline=None)


@pytest.fixture
def small_is_large(monkeypatch):
    """Reduce and prune already at 400 rows."""
    monkeypatch.setattr(join_module, "SMALL", 400)


def unit(rows):
    rows = np.asarray(rows, np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def brute(vectors, threshold):
    """Every pair, one by one, in float64."""
    i, j = np.triu_indices(len(vectors), 1)
    keep = _cosines(vectors, i, vectors, j) >= threshold
    return set(zip(i[keep].tolist(), j[keep].tolist(), strict=True))


def _cosines(a, i, b, j):
    return np.concatenate(
        [cosines(a[i[k : k + 50_000]], b[j[k : k + 50_000]]) for k in range(0, len(i), 50_000)] or [[]]
    )


def found(pairs):
    return set(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))


def embedding_like(n, d, seed, clusters=12):
    """Clustered, decaying spectrum, 5 % near-duplicates, and some exact ones."""
    rng = np.random.default_rng(seed)
    spectrum = (1 + np.arange(d)) ** -0.6
    rows = (rng.standard_normal((clusters, d)) + 0.0)[rng.integers(0, clusters, n)] * spectrum
    rows = unit(rows + 0.6 * rng.standard_normal((n, d)) * spectrum).astype(np.float64)
    copies = rng.permutation(n)[: n // 20]
    noise = unit(rng.standard_normal((len(copies), d))) * rng.uniform(0, 0.3, (len(copies), 1))
    rows[copies] = rows[rng.integers(0, n, len(copies))] + noise
    rows[copies[:3]] = rows[0]
    return unit(rows)


@MORE
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(2, 24), st.floats(0.1, 1.0))
def test_equals_brute_force_on_anything(seed, n, d, threshold):
    rng = np.random.default_rng(seed)
    vectors = unit(rng.integers(-2, 3, (n, d)) + 1e-3 * rng.standard_normal((n, d)))
    assert found(similar_pairs(vectors, threshold)) == brute(vectors, threshold)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("threshold", [0.98, 0.9, 0.7])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_brute_force_through_reduction_and_cells(seed, threshold):
    vectors = embedding_like(1_500, 96, seed)
    pairs = similar_pairs(vectors, threshold)
    assert pairs.report.exact
    assert found(pairs) == brute(vectors, threshold)
    if threshold == 0.98:
        assert pairs.report.cells > 8
        assert pairs.report.multiplied < len(vectors) ** 2 / 8


@pytest.mark.usefixtures("small_is_large")
def test_boundary_cosines():
    """Pairs one float32 step apart around the threshold fall on the side that the exact cosine says."""
    vectors = embedding_like(1_000, 64, 3)
    i, j = np.triu_indices(400, 1)
    exact = np.sort(cosines(vectors[i], vectors[j]))
    for value in exact[[-1, -5, -60, -2_000]]:
        for threshold in (value, np.nextafter(value, 2), np.nextafter(value, 0)):
            if threshold <= 1:
                assert found(similar_pairs(vectors, float(threshold))) == brute(vectors, threshold)


@pytest.mark.usefixtures("small_is_large")
def test_small_blocks_and_threads_change_nothing(monkeypatch):
    vectors = embedding_like(1_000, 48, 5)
    whole = similar_pairs(vectors, 0.95)
    monkeypatch.setattr(join_module, "TILE_ROWS", 37)
    monkeypatch.setattr("heritage_assets.curation.duplicates.tiles.VERIFY_ROWS", 5)
    other = similar_pairs(vectors, 0.95, threads=3)
    assert np.array_equal(whole.i, other.i) and np.array_equal(whole.j, other.j)
    assert np.array_equal(whole.cosine, other.cosine)


@pytest.mark.usefixtures("small_is_large")
def test_the_order_of_rows_changes_nothing():
    vectors = embedding_like(1_000, 48, 6)
    order = np.random.default_rng(0).permutation(len(vectors))
    plain, shuffled = similar_pairs(vectors, 0.97), similar_pairs(vectors[order], 0.97)
    back = {
        tuple(sorted((order[i], order[j]))): c for i, j, c in zip(shuffled.i, shuffled.j, shuffled.cosine, strict=True)
    }
    assert back == dict(zip(zip(plain.i, plain.j, strict=True), plain.cosine, strict=True))


@MORE
@given(st.integers(0, 10_000), st.integers(0, 30), st.integers(0, 60), st.integers(1, 25))
def test_between_equals_brute_force(seed, n, m, size):
    rng = np.random.default_rng(seed)
    rows = unit(rng.integers(-2, 3, (n + m, 6)) + 1e-3)
    new, archive = rows[:n], rows[n:]
    blocks = ((start, archive[start : start + size]) for start in range(0, m, size))
    pairs = similar_pairs_between(new, blocks, 0.9)
    i, j = np.divmod(np.arange(n * m), max(m, 1))
    keep = _cosines(new, i, archive, j) >= 0.9
    assert found(pairs) == set(zip(i[keep].tolist(), j[keep].tolist(), strict=True))


@pytest.mark.usefixtures("small_is_large")
def test_between_and_within_agree_to_the_bit():
    vectors = embedding_like(1_800, 64, 8)
    within = similar_pairs(vectors, 0.97)
    across = similar_pairs_between(vectors[:500], [(0, vectors[500:1_700]), (1_200, vectors[1_700:])], 0.97)
    mine = (within.i < 500) & (within.j >= 500)
    assert np.array_equal(within.i[mine], across.i) and np.array_equal(within.j[mine], across.j + 500)
    assert np.array_equal(within.cosine[mine], across.cosine)


def test_reduction_never_lowers_a_cosine():
    vectors = embedding_like(1_500, 128, 9)
    norms = normal_rows(vectors)
    with ThreadPoolExecutor(1) as pool:
        short = Reduction.fit(vectors, norms, 0.98).apply(vectors, norms, pool).astype(np.float64)
    assert short.shape[1] < 128
    truth = vectors[:500].astype(np.float64) @ vectors[:500].T.astype(np.float64)
    assert np.all(short[:500] @ short[:500].T >= truth - 1e-6)


@pytest.mark.usefixtures("small_is_large")
def test_pruned_join_measures_its_recall(monkeypatch):
    vectors = embedding_like(2_500, 64, 10)
    pairs = similar_pairs(vectors, 0.98, exact_rows=1_000, margin=0.5, recall_rows=2_000)
    assert not pairs.report.exact
    truth = brute(vectors[:0], 0.98) | found(similar_pairs(vectors, 0.98))
    assert found(pairs) <= truth
    assert pairs.report.sampled == 2_000 and pairs.report.sampled_pairs > 0
    assert pairs.report.recall == pytest.approx(len(found(pairs)) / len(truth), abs=0.05)

    # A plan that forgets all guests must not look perfect.
    def blind(*args, **kwargs):
        plan = plan_cells(*args, **kwargs)
        return type(plan)(plan.members, plan.starts, plan.guests[:0], np.zeros_like(plan.guest_starts), False)

    monkeypatch.setattr(join_module, "plan_cells", blind)
    lost = similar_pairs(vectors, 0.9, exact_rows=1_000, margin=0.5, recall_rows=2_500)
    truth = similar_pairs_between(vectors, [(0, vectors)], 0.9)
    assert lost.report.recall == pytest.approx(2 * len(lost) / int((truth.i != truth.j).sum()))
    assert lost.report.recall < 1


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, 2.0])
def test_refuses_rows_that_are_not_unit_vectors(bad):
    vectors = embedding_like(50, 8, 0)
    vectors[7] = bad
    with pytest.raises(ValueError, match=r"row 7 has length"):
        similar_pairs(vectors, 0.98)
    with pytest.raises(ValueError, match=r"archive block at 100: row 7"):
        similar_pairs_between(embedding_like(5, 8, 0), [(100, vectors)], 0.98)


def test_refuses_other_shapes_and_thresholds():
    vectors = embedding_like(50, 8, 0)
    with pytest.raises(ValueError, match="float32"):
        similar_pairs(vectors.astype(np.float64), 0.98)
    with pytest.raises(ValueError, match="cosine"):
        similar_pairs(vectors, 98)
    with pytest.raises(ValueError, match="another encoder"):
        similar_pairs_between(vectors, [(0, embedding_like(5, 16, 0))], 0.98)


def test_too_many_pairs_is_refused_with_a_reason():
    with pytest.raises(TooManyPairs, match="placeholder"):
        similar_pairs(np.ones((200, 1), np.float32), 0.98, most_pairs=1_000)


def test_nothing_and_one():
    for n in (0, 1):
        assert len(similar_pairs(embedding_like(30, 8, 0)[:n], 0.98)) == 0


HASHES = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 255) | st.just(2**64 - 1), max_size=40)


@MORE
@given(HASHES, HASHES, st.integers(0, 12))
def test_hash_join_equals_brute_force(a, b, distance):
    x, y = np.array(a, np.uint64), np.array(b, np.uint64)
    i, j = near_hashes_between(x, y, distance)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [
        (p, q) for p in range(len(a)) for q in range(len(b)) if (a[p] ^ b[q]).bit_count() <= distance
    ]
    i, j = near_hashes(x, distance)
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [
        (p, q) for p in range(len(a)) for q in range(p + 1, len(a)) if (a[p] ^ a[q]).bit_count() <= distance
    ]


def test_hash_join_in_small_chunks(monkeypatch):
    values = np.random.default_rng(0).integers(0, 64, 500).astype(np.uint64)
    expected = near_hashes(values, 2)
    monkeypatch.setattr("heritage_assets.curation.duplicates.hashes.CHUNK", 10)
    assert all(np.array_equal(x, y) for x, y in zip(expected, near_hashes(values, 2), strict=True))


def test_hash_join_is_bounded():
    with pytest.raises(ValueError, match="100 records"):
        near_hashes(np.zeros(100, np.uint64), 4, most_pairs=1_000)


def test_malformed_hashes_are_not_valid():
    values, valid = parse_hashes(pa.array(["00000000000000ff", None, "xyz", "zzzzzzzzzzzzzzzz", ""]))
    assert valid.tolist() == [True, False, False, False, False]
    assert values[0] == 255


def test_a_long_side_is_joined_like_a_short_one():
    rng = np.random.default_rng(0)
    new = rng.integers(0, 2**64, 20, dtype=np.uint64)
    flips = np.uint64(1) << rng.integers(0, 64, (3, 40)).astype(np.uint64)
    near = np.bitwise_xor.reduce(flips, axis=0) ^ new[rng.integers(0, 20, 40)]
    archive = rng.permutation(np.concatenate([rng.integers(0, 2**64, 500, dtype=np.uint64), near, near[:5], new[:3]]))
    for distance in (0, 2, 4, 7):
        i, j = near_hashes_between(new, archive, distance)
        expected = np.argwhere(np.bitwise_count(new[:, None] ^ archive[None]) <= distance)
        assert np.array_equal(np.column_stack([i, j]), expected)


@given(
    st.lists(st.one_of(st.none(), st.text("0123456789abcdefABCDEFgü ", max_size=18), st.from_regex("[0-9a-fA-F]{16}")))
)
def test_hashes_are_read_as_hexadecimal_numbers(texts):
    values, valid = parse_hashes(pa.chunked_array([texts[:2], texts[2:]], pa.string()))
    for text, value, known in zip(texts, values.tolist(), valid.tolist(), strict=True):
        assert known == bool(text and re.fullmatch("[0-9a-fA-F]{16}", text))
        assert value == (int(text, 16) if known else 0)


@given(st.lists(st.sampled_from(["", "short", "a" * 64, "b" * 64, "b" * 63 + "c", "d" * 64])), st.integers(1, 4))
def test_a_crowd_is_never_overlooked(names, most):
    crowded = any(names.count(name) > most for name in names)
    assert _any_crowd(pa.array(names, pa.string()), most) >= crowded
    assert not _any_crowd(pa.array([f"{k:064d}"[::-1] for k in range(50)]), 1)
    assert not _any_crowd(pa.array([f"{k:064d}"[::-1] for k in range(20)]), 30)  # fewer names than make a crowd
