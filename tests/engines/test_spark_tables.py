"""Spark and the local engine leave equal tables, and each reads, replaces and merges what the other wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from landed_sources import BATCHES, MUSEUM, Archive, Landed
from spark_sessions import SMALL, jvms, spark_engine
from store_snapshots import differences, tables_of

from heritage_assets.assets.cleansed_records import cleansed_records
from heritage_assets.curation.landing import CorruptBatchError
from heritage_assets.curation.schemas import (
    CANONICAL_RECORDS,
    CLEANSED_RECORDS,
    CLIP_EMBEDDINGS,
    REJECTED_RECORDS,
    SOURCE_IMAGES,
    TableSpec,
)
from heritage_assets.definitions import build_resources
from heritage_assets.engines.base import CleansedBatch, Engine, Step
from heritage_assets.engines.local import LocalEngine
from heritage_assets.engines.spark.engine import SparkEngine, hadoop_uri
from heritage_assets.partitions import harvest_batches
from heritage_assets.settings import Settings
from heritage_assets.stores.lake import Lake

RECORD_TABLES = (CLEANSED_RECORDS, REJECTED_RECORDS, SOURCE_IMAGES, CLIP_EMBEDDINGS)
pytestmark = pytest.mark.usefixtures("spark_ready")


@dataclass(frozen=True)
class Worked:
    """The record steps were run on all batches of an archive by one engine."""

    archive: Archive
    engine: Engine
    outcomes: dict[str, CleansedBatch]


def work(archive: Archive, engine: Engine, encoder: Path) -> Worked:
    outcomes = {batch: archive.cleanse(engine, batch) for batch in BATCHES}
    archive.fetch(engine, MUSEUM[2])  # has withdrawn records
    archive.embed(engine, MUSEUM[2], encoder)
    return Worked(archive, engine, outcomes)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory, spark_ready: None) -> Iterator[SparkEngine]:
    folder = tmp_path_factory.mktemp("spark")
    with spark_engine(folder.as_uri(), folder, master="local[2]", partitions=2) as engine:
        yield engine


@pytest.fixture(scope="module")
def by_spark(
    landed: Landed, spark: SparkEngine, tmp_path_factory: pytest.TempPathFactory, small_encoder: Path
) -> Worked:
    return work(landed.archive(tmp_path_factory.mktemp("by-spark")), spark, small_encoder)


@pytest.fixture(scope="module")
def by_local(landed: Landed, tmp_path_factory: pytest.TempPathFactory, small_encoder: Path) -> Worked:
    return work(landed.archive(tmp_path_factory.mktemp("by-local")), LocalEngine(), small_encoder)


def rejected(batch: str, lines: range, reason: str = "no_guid") -> pa.RecordBatch:
    rows = [{"batch": batch, "line": line, "reason": reason, "raw": "{}"} for line in lines]
    return pa.RecordBatch.from_pylist(rows, schema=REJECTED_RECORDS.schema)


def test_both_engines_leave_equal_tables(by_spark: Worked, by_local: Worked) -> None:
    ours, theirs = tables_of(by_local.archive.lake), tables_of(by_spark.archive.lake)
    assert all(ours[table.name] for table in RECORD_TABLES), {name: len(rows) for name, rows in ours.items()}
    assert not differences(ours, theirs)


def test_both_engines_tell_the_same(by_spark: Worked, by_local: Worked) -> None:
    for batch in BATCHES:
        ours, theirs = by_local.outcomes[batch], by_spark.outcomes[batch]
        assert (ours.outcomes, ours.reasons) == (theirs.outcomes, theirs.reasons)
        assert (ours.cleansed.rows, ours.rejected.rows) == (theirs.cleansed.rows, theirs.rejected.rows)
    assert by_spark.outcomes["edm"].outcomes == {"cleansed": 40, "repeated": 11, "rejected": 2}


def test_tables_keep_schema_and_protocol(by_spark: Worked) -> None:
    for table in RECORD_TABLES:
        opened = by_spark.archive.lake.open(table)
        assert opened is not None
        assert by_spark.archive.lake.read(table).schema == table.schema
        assert opened.protocol().min_reader_version == 1  # no feature that a reader could lack
        assert opened.metadata().partition_columns == ["batch"]


@pytest.mark.parametrize("table", RECORD_TABLES, ids=lambda table: table.name)
def test_spark_reads_what_the_local_engine_wrote(by_local: Worked, spark: SparkEngine, table: TableSpec) -> None:
    seen = spark.session.read.format("delta").load(hadoop_uri(by_local.archive.lake.uri(table)))
    ours = by_local.archive.lake.read(table, columns=list(table.key)).to_pylist()
    assert sorted(map(tuple, seen.select(*table.key).collect())) == sorted(tuple(row.values()) for row in ours)


def test_each_replaces_a_slice_that_the_other_wrote(spark: SparkEngine, tmp_path: Path) -> None:
    lake = Lake((tmp_path / "größer 100%").as_uri())
    local = LocalEngine()
    spark.replace_batch(lake, REJECTED_RECORDS, "a", [rejected("a", range(5))])
    local.replace_batch(lake, REJECTED_RECORDS, "b'ü", [rejected("b'ü", range(3))])
    local.replace_batch(lake, REJECTED_RECORDS, "a", [rejected("a", range(2))])
    spark.replace_batch(lake, REJECTED_RECORDS, "b'ü", [rejected("b'ü", range(7))])
    assert {batch: lake.count(REJECTED_RECORDS, batches=[batch]) for batch in ("a", "b'ü")} == {"a": 2, "b'ü": 7}


@pytest.mark.parametrize("name", ["local", "spark"])
def test_a_narrowed_slice_leaves_the_rest_of_its_batch(spark: SparkEngine, tmp_path: Path, name: str) -> None:
    engine = spark if name == "spark" else LocalEngine()
    lake = Lake(tmp_path.as_uri())
    assert engine.replace_batch(lake, REJECTED_RECORDS, "a", []).rows == 0
    engine.replace_batch(lake, REJECTED_RECORDS, "a", [rejected("a", range(3)), rejected("a", range(3, 8), "other")])
    shown: list[int] = []
    written = engine.replace_batch(
        lake,
        REJECTED_RECORDS,
        "a",
        [rejected("a", range(2))],
        only={"reason": "no_guid"},
        watch=lambda rows: shown.extend(rows["line"].to_pylist()),
    )
    assert (written.rows, sorted(shown)) == (2, [0, 1])
    assert sorted(lake.read(REJECTED_RECORDS)["line"].to_pylist()) == [0, 1, 3, 4, 5, 6, 7]
    emptied = engine.replace_batch(lake, REJECTED_RECORDS, "a", [], only={"reason": "no_guid"})
    assert (emptied.rows, emptied.version) == (0, lake.version(REJECTED_RECORDS))
    assert set(lake.read(REJECTED_RECORDS)["reason"].to_pylist()) == {"other"}


def test_spark_reads_what_was_merged(spark: SparkEngine, tmp_path: Path) -> None:
    lake = Lake(tmp_path.as_uri())
    for number in range(2):  # the second merge leaves files of its own kind
        rows = [{"guid": f"a-rather-long-guid-{one}", "canonical_id": f"c-{one}"} for one in range(number, 4)]
        lake.merge(CANONICAL_RECORDS, pa.Table.from_pylist(rows, schema=CANONICAL_RECORDS.schema))
    seen = spark.session.read.format("delta").load(lake.uri(CANONICAL_RECORDS))
    assert seen.where("canonical_id = 'c-3'").count() == 1
    assert seen.count() == 4


def spoil(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        raise KeyError(f"row {batch.num_rows} can't be read")
        yield batch


def rename(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        yield batch.rename_columns([name.upper() for name in batch.schema.names])


@pytest.mark.parametrize(("function", "error"), [(spoil, KeyError), (rename, TypeError)])
def test_an_error_of_a_step_comes_home_and_the_slice_stays(
    spark: SparkEngine, tmp_path: Path, function: object, error: type[Exception]
) -> None:
    by_value()
    lake = Lake(tmp_path.as_uri())
    spark.replace_batch(lake, REJECTED_RECORDS, "a", [rejected("a", range(5))])
    step = Step("spoilt", function, REJECTED_RECORDS.schema)
    with pytest.raises(error, match=r"row|declares"):
        spark.replace_batch(lake, REJECTED_RECORDS, "a", spark.run(step, [rejected("a", range(3))]))
    assert lake.count(REJECTED_RECORDS, batches=["a"]) == 5


def test_a_corrupt_part_is_named_as_such(landed: Landed, spark: SparkEngine, tmp_path: Path) -> None:
    archive = landed.archive(tmp_path)
    (part,) = tmp_path.glob("landing/*/tate/records-00000.jsonl.gz")
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(CorruptBatchError, match=r"records-00000\.jsonl\.gz"):
        archive.cleanse(spark, "tate")
    assert archive.lake.count(CLEANSED_RECORDS) == 0


def mark_process(rows: Iterator[pa.RecordBatch], spec: object) -> Iterator[pa.RecordBatch]:
    """Load an encoder as the embedding step does, and tell which object of which process came."""
    import os

    for batch in rows:
        told = f"{os.getpid()} {id(spec.load())}"
        yield batch.set_column(batch.schema.get_field_index("raw"), "raw", pa.array([told] * batch.num_rows))


def test_the_encoder_loads_once_in_each_worker(spark: SparkEngine, small_encoder: Path) -> None:
    from heritage_assets.curation.encoders.spec import Backend, EncoderSpec

    by_value()
    spec = EncoderSpec(str(small_encoder), "cpu", Backend.TORCH)
    step = Step("mark", partial(mark_process, spec=spec), REJECTED_RECORDS.schema)
    told: set[str] = set()
    for _ in range(2):
        found = pa.Table.from_batches(spark.run(step, [rejected("a", range(200))]))
        assert sorted(found["line"].to_pylist()) == list(range(200))
        told |= set(pc.unique(found["raw"]).to_pylist())
    assert 1 <= len(told) <= 2  # two cores, two workers
    assert len({entry.split()[0] for entry in told}) == len(told)


def by_value() -> None:
    """Let Spark's workers have this module's functions, whose file they do not see."""
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])


def test_the_step_of_the_chain_starts_and_stops_its_session(landed: Landed, tmp_path: Path) -> None:
    """Comes last: it stops the session that the other tests use."""
    from pyspark import SparkContext

    settings = Settings(_env_file=None, home=tmp_path, engine="spark", spark={"master": "local[2]", "conf": SMALL})
    archive = landed.archive(tmp_path / "lake")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(harvest_batches.name), ["edm"])
        resources = build_resources(settings)
        wanted = {name: resources[name] for name in ("lake", "object_store", "engine")}
        done = dg.materialize([cleansed_records], instance=instance, partition_key="edm", resources=wanted)
    assert done.success
    assert archive.lake.count(CLEANSED_RECORDS) == 40
    assert SparkContext._active_spark_context is None
    assert jvms()  # the JVM stays for the next session
