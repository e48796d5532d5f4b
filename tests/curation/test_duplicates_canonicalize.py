"""The partition depends on the records, not on how they arrive; ids last; every step can be repeated."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from duplicates_factory import ENCODER, decision, record, records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heritage_assets.curation.duplicates import (
    DuplicateSettings,
    MemoryArchive,
    canonicalize,
    find_pairs,
    regroup,
)
from heritage_assets.curation.duplicates.identity import FOUNDER_DIGITS, canonical_id, founder_mark

RULES = DuplicateSettings(max_same_image=5)
MORE = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(archive, rows, gone=(), rules=RULES):
    """One run: the batch's records are current in the archive before it starts, as in the lake."""
    archive.put(rows, gone)
    result = canonicalize(rows, archive, rules, ENCODER, gone=gone)
    archive.merge_pairs(result.pairs.merge, result.pairs.delete)
    archive.merge_canonical(result.groups.merge)
    return result


def groups(archive):
    found = defaultdict(set)
    for row in archive.canonical().to_pylist():
        if not row["withdrawn"]:
            found[row["canonical_id"]].add(row["guid"])
    return sorted(map(sorted, found.values()))


def ids(archive):
    return {row["guid"]: row["canonical_id"] for row in archive.canonical().to_pylist()}


def table_set(table):
    return sorted(map(repr, table.to_pylist()))


@st.composite
def worlds(draw):
    """Records on a circle, so that chains are common; hashes, files, providers, numbers and pages at random."""
    n = draw(st.integers(2, 14))
    rows = []
    for number in range(n):
        angle = draw(st.integers(0, 20)) * 0.07
        has_image = draw(st.integers(0, 9)) > 0
        rows.append(
            record(
                f"g{number:02d}",
                [np.cos(angle), np.sin(angle), 0.0] if has_image else None,
                hash=draw(st.sampled_from([None, 0, 1, 0xFF, 0xFFFF_FFFF])),
                sha=draw(st.sampled_from([None, None, "x", "y"])) if has_image else None,
                title=draw(st.sampled_from([None, "Vase", "Vase, page 1", "Vase, page 2"])),
                data_provider=draw(st.sampled_from(["A", "B"])),
                identifiers=draw(st.sampled_from([None, ["1"], ["2"]])),
                width=draw(st.sampled_from([100, 200])),
                rights_category=draw(st.sampled_from(["cc0", "in_copyright", None])),
                harvested_at=dt.datetime(2024, 1, draw(st.integers(1, 28)), tzinfo=dt.UTC),
            )
        )
    return rows


@MORE
@given(worlds(), st.randoms(use_true_random=False), st.data())
def test_any_order_and_any_batches_give_the_same_partition(rows, random, data):
    whole = MemoryArchive()
    run(whole, records(rows))
    rows = list(rows)
    random.shuffle(rows)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    pieces = MemoryArchive()
    batches = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    for batch in batches:
        run(pieces, records(batch))
    assert groups(pieces) == groups(whole)
    assert table_set(pieces.pairs()) == table_set(whole.pairs())
    before = pieces.canonical(), pieces.pairs()
    for batch in batches:
        again = run(pieces, records(batch))
        assert len(again.groups.merge) == len(again.pairs.merge) == len(again.pairs.delete) == 0
    assert (pieces.canonical(), pieces.pairs()) == before


@MORE
@given(worlds(), st.data())
def test_withdrawals_leave_what_would_be_there_without_them(rows, data):
    gone = [row["guid"] for row in rows if data.draw(st.booleans())]
    # A placeholder that withdrawals make rare is compared again on a rebuild only.
    rules = DuplicateSettings()
    archive, never = MemoryArchive(), MemoryArchive()
    run(archive, records(rows), rules=rules)
    before = ids(archive)
    run(archive, records([]), gone=gone, rules=rules)
    run(never, records([row for row in rows if row["guid"] not in gone]), rules=rules)
    assert groups(archive) == groups(never)
    again = run(archive, records([]), gone=gone, rules=rules)
    assert len(again.groups.merge) == 0
    # A group whose members all had one id, and that nobody else with it left, keeps it.
    for members in groups(archive):
        former = {before[guid] for guid in members}
        elsewhere = {before[guid] for other in groups(archive) if other != members for guid in other}
        if len(former) == 1 and not former & elsewhere:
            assert ids(archive)[members[0]] in former


class Run:
    """One run, step by step: its rows arrive, it compares, it writes pairs, it reads all and writes groups."""

    def __init__(self, archive, rows):
        self.archive, self.rows, self.change = archive, rows, None
        self.steps = [self.arrive, self.compare, self.write_pairs, self.write_groups]

    def arrive(self):
        self.archive.put(self.rows)

    def compare(self):
        self.change = find_pairs(self.rows, self.archive, RULES, ENCODER)

    def write_pairs(self):
        self.archive.merge_pairs(self.change.merge, self.change.delete)

    def write_groups(self):
        found = regroup(self.archive, RULES, ENCODER, affected=self.change.affected)
        self.archive.merge_canonical(found.merge)


@MORE
@given(worlds(), st.data())
def test_any_interleaving_of_two_runs_gives_the_groups_of_one(rows, data):
    """Only reading and writing the groups belong together: there the pool lets one run in at a time."""
    whole, archive = MemoryArchive(), MemoryArchive()
    run(whole, records(rows))
    cut = data.draw(st.integers(0, len(rows)))
    runs = Run(archive, records(rows[:cut])), Run(archive, records(rows[cut:]))
    turns = data.draw(st.permutations([0] * 4 + [1] * 4))
    # A run may also be killed after any of its steps, and run again at the end.
    last = [data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))]
    done = [0, 0]
    for one in turns:
        if done[one] < last[one]:
            runs[one].steps[done[one]]()
            done[one] += 1
    for one in (0, 1):
        if last[one] < 4:
            for step in runs[one].steps:
                step()
    assert groups(archive) == groups(whole)
    assert table_set(archive.pairs()) == table_set(whole.pairs())


@MORE
@given(worlds(), st.data())
def test_killed_between_the_steps(rows, data):
    whole, archive = MemoryArchive(), MemoryArchive()
    run(whole, records(rows))
    cut = data.draw(st.integers(0, len(rows)))
    first, second = records(rows[:cut]), records(rows[cut:])
    archive.put(first)
    change = find_pairs(first, archive, RULES, ENCODER)
    archive.merge_pairs(change.merge, change.delete)
    run(archive, second)
    run(archive, first)
    assert groups(archive) == groups(whole)


@MORE
@given(worlds(), st.data())
def test_every_member_is_a_direct_duplicate_of_the_representative(rows, data):
    archive = MemoryArchive()
    run(archive, records(rows))
    joined = {(p["guid_a"], p["guid_b"]) for p in archive.pairs().to_pylist() if p["verdict"] == "duplicate"}
    heads = {r["canonical_id"]: r["guid"] for r in archive.canonical().to_pylist() if r["is_representative"]}
    for row in archive.canonical().to_pylist():
        head = heads[row["canonical_id"]]
        assert head == row["guid"] or tuple(sorted((head, row["guid"]))) in joined


@MORE
@given(worlds(), st.data())
def test_decisions_are_followed_in_every_recompute(rows, data):
    names = [row["guid"] for row in rows]
    made = []
    for number in range(data.draw(st.integers(1, 6))):
        a, b = data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        made.append(decision(number, a, b, data.draw(st.sampled_from(["same", "different", "variant", "page_of"]))))
    table = pa.concat_tables(made)
    late, early = MemoryArchive(), MemoryArchive(table)
    run(early, records(rows[: len(rows) // 2]))
    run(early, records(rows[len(rows) // 2 :]))
    run(late, records(rows))
    late.decide(table)
    result = run(late, records([]))
    assert groups(late) == groups(early)
    where = {guid: number for number, members in enumerate(groups(late)) for guid in members}
    latest = {tuple(sorted((d["guid_a"], d["guid_b"]))): d for d in table.to_pylist()}
    unfollowed = {c.decision_id for c in result.groups.contradictions}
    for (a, b), row in latest.items():
        if row["decision"] == "same":
            assert where[a] == where[b] or row["decision_id"] in unfollowed
        else:
            assert where[a] != where[b]


def vase(guid, angle=0.0, day=1, **more):
    harvested = dt.datetime(2024, 1, day, tzinfo=dt.UTC)
    return record(guid, [np.cos(angle), np.sin(angle), 0.0], hash=0, title="Vase", harvested_at=harvested, **more)


def test_a_late_arrival_keeps_the_id():
    archive = MemoryArchive()
    run(archive, records([vase("b", day=5)]))
    before = ids(archive)["b"]
    assert before == canonical_id("b", int(dt.datetime(2024, 1, 5, tzinfo=dt.UTC).timestamp() * 1000))
    run(archive, records([vase("a", day=1, rights_category="cc0")]))
    assert ids(archive) == {"a": before, "b": before}
    head = [row["guid"] for row in archive.canonical().to_pylist() if row["is_representative"]]
    assert head == ["a"]


def test_merge_keeps_the_older_id_and_a_split_gives_the_other_back():
    archive = MemoryArchive()
    run(archive, records([vase("a", 0.0, day=3), vase("c", 0.6, day=2)]))
    old = ids(archive)
    assert old["a"] != old["c"]
    result = run(archive, records([vase("b", 0.3, day=9)]))
    assert set(ids(archive).values()) == {old["c"]}
    assert result.groups.merges == [(old["c"], old["a"])]
    assert all(row["aliases"] == [old["a"]] for row in archive.canonical().to_pylist())
    result = run(archive, records([]), gone=["b"])
    assert {guid: ids(archive)[guid] for guid in "ac"} == old
    assert result.groups.splits == [(old["c"], old["a"])]
    assert all(row["aliases"] in ([], [old["a"]]) for row in archive.canonical().to_pylist())


def test_the_founder_leaves_and_comes_back():
    archive = MemoryArchive()
    run(archive, records([vase("a"), vase("b", day=2)]))
    identity = ids(archive)["a"]
    run(archive, records([]), gone=["a"])
    assert ids(archive)["b"] == identity
    tomb = next(row for row in archive.canonical().to_pylist() if row["guid"] == "a")
    assert (tomb["withdrawn"], tomb["group_size"], tomb["canonical_id"]) == (True, 0, identity)
    run(archive, records([vase("a", 1.5, day=7)]))
    assert ids(archive)["b"] == identity
    assert ids(archive)["a"] != identity


def test_changed_picture_leaves_its_group():
    archive = MemoryArchive()
    run(archive, records([vase("a"), vase("b")]))
    assert groups(archive) == [["a", "b"]]
    result = run(archive, records([record("b", [0.0, 1.0, 0.0], hash=0xFFFF_FFFF_FFFF, title="Vase")]))
    assert groups(archive) == [["a"], ["b"]]
    assert result.pairs.delete.to_pylist() == [{"guid_a": "a", "guid_b": "b"}]


def test_chain_is_split_and_counted():
    archive = MemoryArchive()
    rows = [record(f"g{k}", [np.cos(k * 0.15), np.sin(k * 0.15), 0.0], title="Vase") for k in range(4)]
    result = run(archive, records(rows))
    assert groups(archive) == [["g0", "g1", "g2"], ["g3"]]
    assert result.groups.chains_split == 1
    row = archive.canonical().to_pylist()[0]
    assert row["weakest_similarity"] == pytest.approx(np.cos(0.3), abs=1e-6)


def test_placeholder_is_not_compared():
    archive = MemoryArchive()
    rows = [record(f"g{k}", [1.0, 0.0, 0.0], hash=0, sha="none", title=f"Thing {chr(65 + k)}") for k in range(6)]
    for row in rows[:5]:
        run(archive, records([row]))
    assert groups(archive) == [["g0", "g1", "g2", "g3", "g4"]]
    result = run(archive, records(rows[5:]))
    assert result.pairs.statistics.placeholders == ["none"]
    assert len(groups(archive)) == 6
    assert len(archive.pairs()) == 0


def test_work_is_proportional_to_what_is_new():
    archive = MemoryArchive()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((3_000, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    run(archive, records([record(f"g{k:05d}", list(v), title=None) for k, v in enumerate(vectors)]))
    asked = []
    evidence = archive.evidence
    archive.evidence = lambda guids: asked.append(len(guids)) or evidence(guids)
    result = run(archive, records([record("new", list(vectors[7]))]))
    assert result.groups.records == 2
    assert max(asked) <= 2


@MORE
@given(worlds(), st.data())
def test_what_is_left_alone_would_not_have_changed(rows, data):
    """A run that looks at what is new, or withdrawn, only leaves the rows that looking at everything would leave."""
    cut = data.draw(st.integers(0, len(rows)))
    names = [row["guid"] for row in rows]
    gone = data.draw(st.lists(st.sampled_from(names[:cut]), unique=True)) if cut else []
    archive = MemoryArchive()
    run(archive, records(rows[:cut]))
    if data.draw(st.booleans()):
        a, b = data.draw(st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True))
        archive.decide(decision(1, a, b, data.draw(st.sampled_from(["same", "different"]))))
    run(archive, records(rows[cut:]), gone=gone)
    everything = regroup(archive, RULES, ENCODER, affected=names, gone=gone)
    assert len(everything.merge) == 0
    assert everything.records == len(rows) - len(gone)


@given(st.text(min_size=1), st.integers(0, 2**48), st.integers(0, 4_095))
def test_an_id_ends_with_the_mark_of_its_founder(guid, harvested, generation):
    identity = canonical_id(guid, harvested, generation)
    assert identity.endswith(founder_mark(guid)) and len(founder_mark(guid)) == FOUNDER_DIGITS


def test_a_founder_never_takes_an_id_that_is_in_use_elsewhere():
    """Another record holds the id that this one founded: it founds the next generation, however few are looked at."""
    archive = MemoryArchive()
    far = [record(f"x{k}", [np.cos(k), np.sin(k), 0.3 * k], title=None) for k in range(1, 12)]
    run(archive, records([vase("a"), vase("b", day=2), *far]))
    first = ids(archive)["a"]
    run(archive, records([]), gone=["a"])
    assert ids(archive)["b"] == first
    run(archive, records([vase("a", 1.5)]))
    assert ids(archive)["a"] == canonical_id("a", int(dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp() * 1000), 1)


def test_rebuild_keeps_the_ids():
    archive = MemoryArchive()
    rows = [vase("a", 0.0, day=3), vase("c", 0.6, day=2), vase("b", 0.19, day=9)]
    for row in rows:
        run(archive, records([row]))
    before = table_set(archive.canonical())
    result = run(archive, records(rows))
    assert len(result.groups.merge) == 0
    assert table_set(archive.canonical()) == before


def test_refuses_a_guid_twice():
    with pytest.raises(ValueError, match="one row for each guid"):
        canonicalize(records([vase("a"), vase("a")]), MemoryArchive(), RULES, ENCODER)
