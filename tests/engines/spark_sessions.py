"""Spark for tests: sessions that end in bounded time, and reasons to skip where the machine can't have one."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa

from heritage_assets.curation.schemas import REJECTED_RECORDS
from heritage_assets.engines.base import Step
from heritage_assets.engines.spark.engine import SparkEngine
from heritage_assets.engines.spark.java import JavaMissingError, java_home
from heritage_assets.engines.spark.jvm import end_jvm
from heritage_assets.engines.spark.session import spark_conf, start_session, stop_session
from heritage_assets.engines.spark.settings import DELTA_PACKAGES, S3A_PACKAGES, SparkSettings
from heritage_assets.stores.s3 import S3Access

SECONDS = 420.0
"""After this a test file's JVM is killed; whatever waits for it fails."""
SMALL = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""For a few hundred rows: nothing is worth being compiled well, or cut small."""
_SECONDS_OF_DOWNLOAD = 100
_FETCH = """
import sys
from pathlib import Path
from heritage_assets.engines.spark.jvm import end_jvm
from heritage_assets.engines.spark.session import spark_conf, start_session
from heritage_assets.engines.spark.settings import SparkSettings
from heritage_assets.stores.s3 import S3Access
start_session(spark_conf(SparkSettings(master="local[1]"), "s3://nowhere", S3Access()), Path(sys.argv[1]))
end_jvm()
"""


@functools.cache
def why_no_spark() -> str | None:
    """Return why Spark can't run here, or None; jars that were never here are fetched first."""
    with tempfile.TemporaryDirectory() as tools:
        try:
            java_home(Path(tools))
        except JavaMissingError as error:
            return f"no Java: {error}"
        with (Path(tempfile.gettempdir()) / "heritage-test-jars.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two processes that fetch into one cache get in each other's way
            return None if _jars_are_here() else _fetch_jars(Path(tools))


def _jars_are_here() -> bool:
    """Tell whether an earlier resolution left its jars where Spark 4 keeps them."""
    cache = Path.home() / ".ivy2.5.2" / "jars"
    names = (coordinates.split(":") for coordinates in (*DELTA_PACKAGES, *S3A_PACKAGES))
    return all((cache / f"{group}_{artifact}-{version}.jar").is_file() for group, artifact, version in names)


def _fetch_jars(folder: Path) -> str | None:
    command = [sys.executable, "-c", _FETCH, str(folder)]
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            status = process.wait(_SECONDS_OF_DOWNLOAD)
        except subprocess.TimeoutExpired:
            return f"Spark's jars did not come within {_SECONDS_OF_DOWNLOAD} s"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # also the JVM, which does not look up from a download
            process.wait()
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    return f"Spark's jars can't be had: {lines[-1] if lines else status}" if status else None


@contextmanager
def spark_engine(
    lake_root: str, home: Path, *, s3: S3Access | None = None, keep_jvm: bool = False, **settings: Any
) -> Iterator[SparkEngine]:
    """Start a session, and end its JVM unless another session of the file comes after it."""
    conf = SMALL | settings.pop("conf", {})
    chosen = SparkSettings.model_validate({"executor_wait": 60, "conf": conf, **settings})
    with killed_after(SECONDS):
        try:
            session = start_session(
                spark_conf(chosen, lake_root, s3 or S3Access()), home, executor_wait=chosen.executor_wait
            )
            yield SparkEngine(session, chosen.partitions)
        finally:
            if keep_jvm:
                stop_session()
            else:
                end_jvm()


@contextmanager
def killed_after(seconds: float) -> Iterator[None]:
    """Kill every JVM below this process when the block takes longer; calls that wait for them then fail."""
    guard = threading.Timer(seconds, kill_jvms)
    guard.daemon = True
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def kill_jvms() -> None:
    """Kill every JVM below this process."""
    for child in jvms():
        child.kill()


def jvms(saying: str = "") -> list[psutil.Process]:
    """Return the JVMs below this process whose command line holds ``saying``."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            line = child.cmdline()
        except psutil.NoSuchProcess:
            continue
        if line and Path(line[0]).name == "java" and saying in " ".join(line):
            found.append(child)
    return found


def linger(rows: Iterator[pa.RecordBatch], started: str) -> Iterator[pa.RecordBatch]:
    """Make the file ``started``, and take two seconds for each record batch."""
    for batch in rows:
        Path(started).touch()
        time.sleep(2)
        yield batch


@contextmanager
def struck_midway(folder: Path, strike: Callable[[], object]) -> Iterator[Step]:
    """Yield a step that passes REJECTED_RECORDS on slowly; ``strike`` is called while it first runs."""
    from pyspark import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # whose file the workers do not see
    started = folder / "started"

    def wait() -> None:
        deadline = time.monotonic() + 60
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        strike()

    striker = threading.Thread(target=wait, daemon=True)
    striker.start()
    try:
        yield Step("linger", functools.partial(linger, started=str(started)), REJECTED_RECORDS.schema)
    finally:
        striker.join(90)
    assert started.exists(), "the step never ran"
