"""Spark on a lake in a real S3 server: the same tables, and a server that is killed while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from landed_sources import Archive, land_files
from local_servers import program
from minio_server import MinioServer
from spark_sessions import spark_engine, struck_midway
from store_snapshots import differences, tables_of

from heritage_assets.curation.schemas import REJECTED_RECORDS
from heritage_assets.engines.local import LocalEngine
from heritage_assets.engines.spark.engine import SparkEngine
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import open_object_store

pytestmark = pytest.mark.usefixtures("spark_on_request")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    binary = program("minio")
    if binary is None:
        pytest.skip("no MinIO (scripts/services.sh builds it where Go is)")
    running = MinioServer(binary, tmp_path_factory.mktemp("minio"))
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def spark(server: MinioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    impatient = {"spark.hadoop.fs.s3a.attempts.maximum": "2", "spark.hadoop.fs.s3a.retry.limit": "1"}
    home = tmp_path_factory.mktemp("spark")
    with spark_engine("s3://any", home, s3=server.access, master="local[2]", partitions=2, conf=impatient) as engine:
        yield engine


def archive_on(server: MinioServer) -> Archive:
    root = server.bucket()
    store = open_object_store(root, s3_options=server.access.boto3_options())
    return Archive(store, Lake(f"{root}/tables", server.access.delta_options()))


def test_spark_and_the_local_engine_leave_equal_tables_on_s3(
    server: MinioServer, spark: SparkEngine, tmp_path: Path, shared_data: Path
) -> None:
    first, second = archive_on(server), archive_on(server)
    for archive, engine in ((first, LocalEngine()), (second, spark)):
        land_files(archive.zone, tmp_path, shared_data)
        archive.cleanse(engine, "edm")
    assert not differences(tables_of(first.lake), tables_of(second.lake))
    archive.cleanse(LocalEngine(), "edm")  # over what Spark wrote
    assert not differences(tables_of(first.lake), tables_of(second.lake))


def test_a_server_killed_midway_fails_the_write_and_the_rerun_completes(
    server: MinioServer, spark: SparkEngine, tmp_path: Path
) -> None:
    lake = archive_on(server).lake
    rows = [{"batch": "a", "line": line, "reason": "no_guid", "raw": "{}"} for line in range(40)]
    given = pa.RecordBatch.from_pylist(rows, schema=REJECTED_RECORDS.schema)
    spark.replace_batch(lake, REJECTED_RECORDS, "a", [given.slice(0, 5)])
    before = lake.version(REJECTED_RECORDS)
    try:
        with struck_midway(tmp_path, server.kill) as step, pytest.raises(OSError):
            spark.replace_batch(lake, REJECTED_RECORDS, "a", spark.run(step, [given]))
    finally:
        server.start()
    assert (lake.version(REJECTED_RECORDS), lake.count(REJECTED_RECORDS)) == (before, 5)
    assert spark.replace_batch(lake, REJECTED_RECORDS, "a", spark.run(step, [given])).rows == 40
    assert lake.count(REJECTED_RECORDS) == 40
