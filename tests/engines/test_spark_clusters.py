"""Executors in processes of their own: Spark's own small cluster, and a standalone cluster of master and worker."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow as pa
import pyspark
import pytest
from landed_sources import Archive, Landed, land_files
from local_servers import free_port
from spark_sessions import jvms, killed_after, spark_engine, struck_midway
from store_snapshots import differences, tables_of

from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.schemas import REJECTED_RECORDS
from heritage_assets.engines.local import LocalEngine
from heritage_assets.engines.spark.jvm import end_jvm
from heritage_assets.engines.spark.session import SparkStartError
from heritage_assets.stores.objects import open_object_store

EXECUTOR = "CoarseGrainedExecutorBackend"
SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
pytestmark = pytest.mark.usefixtures("spark_on_request")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Landed:
    folder = tmp_path_factory.mktemp("landed")
    land_files(LandingZone(open_object_store(folder.as_uri())), folder, shared_data)
    return Landed(folder)


@pytest.fixture(scope="module")
def expected(files: Landed, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = files.archive(tmp_path_factory.mktemp("local"))
    archive.cleanse(LocalEngine(), "edm")
    return archive


@pytest.fixture(scope="module", autouse=True)
def _one_jvm_for_all(spark_on_request: None) -> Iterator[None]:
    yield
    end_jvm()


def test_separate_executors_leave_equal_tables_also_when_one_dies(
    files: Landed, expected: Archive, tmp_path: Path
) -> None:
    archive = files.archive(tmp_path)
    rows = [{"batch": "a", "line": line, "reason": "no_guid", "raw": "{}"} for line in range(40)]
    given = pa.RecordBatch.from_pylist(rows, schema=REJECTED_RECORDS.schema)
    with spark_engine(tmp_path.as_uri(), tmp_path, master="local-cluster[2,1,2048]", keep_jvm=True) as engine:
        archive.cleanse(engine, "edm")
        assert not differences(tables_of(expected.lake), tables_of(archive.lake))
        executors = wait_for_executors(2)
        with struck_midway(tmp_path, executors[0].kill) as step:
            written = engine.replace_batch(archive.lake, REJECTED_RECORDS, "a", engine.run(step, [given]))
        assert not executors[0].is_running()
    assert written.rows == archive.lake.count(REJECTED_RECORDS, batches=["a"]) == 40


def test_a_standalone_cluster_leaves_equal_tables(files: Landed, expected: Archive, tmp_path: Path) -> None:
    archive = files.archive(tmp_path)
    port = free_port()
    master = f"spark://127.0.0.1:{port}"
    local = {"conf": {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}}
    where = ("--host", "127.0.0.1", "--webui-port", "0")
    with killed_after(150), server(tmp_path, "master.Master", *where, "--port", str(port)):
        wait_for_port(port)
        with (
            pytest.raises(SparkStartError, match="no executor came within 2 s"),
            spark_engine(tmp_path.as_uri(), tmp_path, master=master, executor_wait=2, keep_jvm=True, **local),
        ):
            pass
        with (
            server(tmp_path, "worker.Worker", *where, "--cores", "1", "--memory", "1500m", master),
            spark_engine(tmp_path.as_uri(), tmp_path, master=master, **local) as engine,
        ):
            archive.cleanse(engine, "edm")
    assert not differences(tables_of(expected.lake), tables_of(archive.lake))


@contextmanager
def server(folder: Path, name: str, *arguments: str) -> Iterator[None]:
    """Run one of Spark's servers from the classes of the installed wheel."""
    command = [SPARK_CLASS, f"org.apache.spark.deploy.{name}", *arguments]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.2)


def wait_for_executors(count: int, seconds: float = 60) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while len(found := jvms(EXECUTOR)) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} executors"
        time.sleep(0.2)
    return found
