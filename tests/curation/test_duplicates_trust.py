"""A run measures itself: the recall of a join that is not by proof, and whether scores tell pictures apart."""

from __future__ import annotations

import dagster as dg
import numpy as np
import pytest
from duplicates_factory import ENCODER, record, records

from heritage_assets.assets.duplicate_checks import CROWDING, LEAST_RECALL, RECALL, trust
from heritage_assets.curation.duplicates import DuplicateSettings, MemoryArchive, find_pairs
from heritage_assets.curation.duplicates.crowding import crowding

ROWS = 4_000


def collection(rows=ROWS, width=16, clusters=60, seed=0):
    """Clustered vectors; every tenth is almost a copy of the one before."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((clusters, width))[rng.integers(0, clusters, rows)]
    vectors = vectors + 0.4 * rng.standard_normal((rows, width))
    vectors[10::10] = vectors[9:-1:10] + 0.01 * rng.standard_normal((len(vectors[10::10]), width))
    return records([record(f"g{k:05d}", vector) for k, vector in enumerate(vectors)])


def statistics(rules, table):
    return find_pairs(table, MemoryArchive(), rules, ENCODER).statistics


@pytest.fixture(scope="module")
def table():
    return collection()


def test_a_join_by_proof_says_so(table):
    measured, checks = trust(statistics(DuplicateSettings(), table), DuplicateSettings())
    assert measured["join_exact"] and measured["join_recall"] == 1.0 and measured["join_recall_sampled_rows"] == 0
    assert [check.check_name for check in checks] == [RECALL, CROWDING] and all(check.passed for check in checks)


def test_an_approximate_join_measures_its_recall_on_two_thousand_rows(table):
    rules = DuplicateSettings(exact_rows=1_000, join_margin=0.5)
    measured, checks = trust(statistics(rules, table), rules)
    assert not measured["join_exact"]
    assert measured["join_recall_sampled_rows"] == 2_000 and measured["join_recall_sampled_pairs"] > 100
    assert checks[0].passed == (measured["join_recall"] >= LEAST_RECALL)


def test_a_join_that_prunes_too_much_fails_the_check(table):
    """The recall that was measured is that of all rows, within what a sample can say."""
    rules = DuplicateSettings(exact_rows=1_000, join_margin=1e-9, review_band=0.2)
    found = statistics(rules, table)
    measured, checks = trust(found, rules)
    exact = statistics(DuplicateSettings(review_band=0.2), table)
    share = sum(join.pairs for join in found.joins) / sum(join.pairs for join in exact.joins)
    assert measured["join_recall"] < LEAST_RECALL
    assert measured["join_recall"] == pytest.approx(share, abs=0.05)
    assert not checks[0].passed and checks[0].severity == dg.AssetCheckSeverity.ERROR


def crowded(rows, share=0.02):
    """Vectors that differ in little from one that they all share."""
    rng = np.random.default_rng(1)
    return records([record(f"g{k}", [1.0, *(share * rng.standard_normal(8))], hash=None) for k in range(rows)])


def test_crowded_scores_are_warned_of():
    rules = DuplicateSettings()
    found = statistics(rules, crowded(200))
    assert found.crowding > 0.99
    measured, checks = trust(found, rules)
    assert not checks[1].passed and checks[1].severity == dg.AssetCheckSeverity.WARN
    assert "heritage calibrate" in measured["warning"]
    # Calibration has seen it: other evidence decides, and there is nothing left to warn of.
    calm, checks = trust(found, DuplicateSettings(crowded=True))
    assert checks[1].passed and "warning" not in calm


def test_copies_do_not_count_as_crowding():
    rng = np.random.default_rng(2)
    originals = rng.standard_normal((60, 64))
    by_hash = [record(f"h{k}-{n}", v, hash=(k + 1) << 50 | k) for k, v in enumerate(originals[:30]) for n in (0, 1)]
    hashes = rng.integers(0, 2**64, 30, dtype=np.uint64).tolist()
    for k, row in enumerate(by_hash):
        row["perceptual_hash"] = f"{hashes[k // 2]:016x}"
    by_file = [record(f"f{k}-{n}", v, sha=f"file{k}") for k, v in enumerate(originals[30:]) for n in (0, 1)]
    assert crowding(records(by_hash + by_file), DuplicateSettings()) < 0.7


def test_too_few_pictures_say_nothing():
    assert crowding(crowded(20), DuplicateSettings()) is None
    assert crowding(records([record(f"g{k}") for k in range(100)]), DuplicateSettings()) is None
