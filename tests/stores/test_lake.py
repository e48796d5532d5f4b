"""The lake: slices are replaced whole, global tables are merged by key, writers don't harm each other."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLUSTERS, REJECTED_RECORDS
from heritage_assets.stores.lake import Lake, text


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path.as_uri())


def rejected(batch: str, lines: range) -> pa.RecordBatch:
    rows = [{"batch": batch, "line": line, "reason": "no_guid", "raw": "{}"} for line in lines]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTED_RECORDS.schema)


def canonical(pairs: dict[str, str]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"guid": guid, "canonical_id": canonical_id} for guid, canonical_id in pairs.items()],
        schema=CANONICAL_RECORDS.schema,
    )


def ids(lake: Lake) -> dict[str, str]:
    return {row["guid"]: row["canonical_id"] for row in lake.read(CANONICAL_RECORDS).to_pylist()}


def test_an_absent_table_is_empty(lake: Lake) -> None:
    assert lake.read(CLUSTERS).num_rows == 0
    assert lake.read(CLUSTERS).schema == CLUSTERS.schema
    assert lake.count(REJECTED_RECORDS) == 0
    assert lake.version(CLUSTERS) is None
    assert lake.batches(REJECTED_RECORDS) == []


def test_a_slice_is_replaced_and_the_others_stay(lake: Lake) -> None:
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(3)), rejected("a", range(3, 5))])
    lake.replace_batch(REJECTED_RECORDS, "b", [rejected("b", range(2))])
    written = lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(1))])
    assert written.rows == 1
    assert lake.count(REJECTED_RECORDS, batches=["a"]) == 1
    assert lake.count(REJECTED_RECORDS, batches=["b"]) == 2
    assert lake.batches(REJECTED_RECORDS) == ["a", "b"]


def test_an_empty_slice_empties_it(lake: Lake) -> None:
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(3))])
    lake.replace_batch(REJECTED_RECORDS, "a", [])
    assert lake.count(REJECTED_RECORDS) == 0


def test_an_empty_first_slice_makes_the_table(lake: Lake) -> None:
    assert lake.replace_batch(REJECTED_RECORDS, "a", []).rows == 0
    assert lake.version(REJECTED_RECORDS) == 0


def test_a_failing_stream_leaves_the_slice_as_it_was(lake: Lake) -> None:
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(3))])

    def broken():
        yield rejected("a", range(1))
        raise OSError("the provider hung up")

    with pytest.raises(OSError, match="the provider hung up"):
        lake.replace_batch(REJECTED_RECORDS, "a", broken())
    assert lake.count(REJECTED_RECORDS, batches=["a"]) == 3


def test_a_stream_may_read_the_lake_that_it_is_written_to(lake: Lake) -> None:
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(3))])

    def copied():
        for rows in lake.scan(REJECTED_RECORDS, batches=["a"]):
            yield rows.set_column(0, "batch", pa.array(["b"] * rows.num_rows))

    lake.replace_batch(REJECTED_RECORDS, "b", copied())
    assert lake.count(REJECTED_RECORDS, batches=["b"]) == 3


def test_a_merge_inserts_updates_and_leaves_the_rest(lake: Lake) -> None:
    lake.merge(CANONICAL_RECORDS, canonical({"a": "a", "b": "b"}))
    lake.merge(CANONICAL_RECORDS, canonical({"b": "a", "c": "c"}))
    assert ids(lake) == {"a": "a", "b": "a", "c": "c"}


def test_a_merge_that_changes_nothing_makes_no_version(lake: Lake) -> None:
    first = lake.merge(CANONICAL_RECORDS, canonical({"a": "a"}))
    again = lake.merge(CANONICAL_RECORDS, canonical({"a": "a"}))
    assert first.version == again.version


def test_delete_missing_leaves_exactly_what_was_given(lake: Lake) -> None:
    lake.merge(CANONICAL_RECORDS, canonical({"a": "a", "b": "b"}))
    lake.merge(CANONICAL_RECORDS, canonical({"b": "b"}), delete_missing=True)
    assert ids(lake) == {"b": "b"}


def test_global_tables_have_no_slices(lake: Lake) -> None:
    with pytest.raises(ValueError, match="merge it by key"):
        lake.replace_batch(CLUSTERS, "a", [])


def test_filters_and_columns(lake: Lake) -> None:
    lake.replace_batch(REJECTED_RECORDS, "a", [rejected("a", range(10))])
    found = lake.read(REJECTED_RECORDS, columns=["line"], where=pc.field("line") > 7)
    assert found.to_pydict() == {"line": [8, 9]}


def test_text_can_be_filtered_after_merges(lake: Lake) -> None:
    many = {f"a-rather-long-guid-{number:05d}": f"canonical-{number}" for number in range(50)}
    lake.merge(CANONICAL_RECORDS, canonical(many))
    lake.merge(CANONICAL_RECORDS, canonical({"another-rather-long-guid": "x"}))
    wanted = text("guid").isin(pa.array(["a-rather-long-guid-00007", "another-rather-long-guid"]))
    assert lake.read(CANONICAL_RECORDS, where=wanted).num_rows == 2
    assert lake.read(CANONICAL_RECORDS, where=text("canonical_id") == "canonical-9").num_rows == 1


def test_odd_batch_keys_are_found_again(lake: Lake) -> None:
    for key in ("a_b-c", "x%y z", "ü'ö"):
        lake.replace_batch(REJECTED_RECORDS, key, [rejected(key, range(2))])
        lake.replace_batch(REJECTED_RECORDS, key, [rejected(key, range(3))])
        assert lake.count(REJECTED_RECORDS, batches=[key]) == 3


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    writes=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz"), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_merges_behave_like_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, writes: list[dict[str, str]]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake").as_uri())
    expected: dict[str, str] = {}
    for write in writes:
        lake.merge(CANONICAL_RECORDS, canonical(write))
        expected |= write
    assert ids(lake) == expected


def _merge_many(root: str, prefix: str, count: int) -> None:
    lake = Lake(root)
    for number in range(count):
        lake.merge(CANONICAL_RECORDS, canonical({f"{prefix}{number}": prefix, "shared": prefix}))


def test_two_processes_merging_into_one_table_lose_nothing(lake: Lake) -> None:
    lake.merge(CANONICAL_RECORDS, canonical({"shared": "start"}))
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_merge_many, args=(lake.root, prefix, 6)) for prefix in "pq"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
        assert writer.exitcode == 0
    found = ids(lake)
    assert found.pop("shared") in ("p", "q")
    assert found == {f"{prefix}{number}": prefix for prefix in "pq" for number in range(6)}
