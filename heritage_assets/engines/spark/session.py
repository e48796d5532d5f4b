"""A Spark session from settings: jars by coordinates, quiet, and with tables that delta-rs can read."""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from heritage_assets.engines.spark.java import java_home
from heritage_assets.engines.spark.jvm import end_jvm, start_context
from heritage_assets.engines.spark.settings import DELTA_PACKAGES, S3A_PACKAGES, SparkSettings
from heritage_assets.stores.s3 import S3Access
from heritage_assets.stores.trust import java_trust_store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG_FILE = "spark.log"
_TAIL = 2_000


class SparkStartError(RuntimeError):
    """Spark could not be started; the message says why, and where its log is."""


def spark_conf(settings: SparkSettings, lake_root: str, s3: S3Access) -> dict[str, str]:
    """Return the configuration of a session that works on the lake at ``lake_root``."""
    on_s3 = lake_root.startswith("s3://")
    packages = (*DELTA_PACKAGES, *(S3A_PACKAGES if on_s3 else ())) if settings.packages is None else settings.packages
    conf = {
        "spark.master": settings.master,
        "spark.app.name": "heritage_assets",
        "spark.driver.memory": settings.driver_memory,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.debug.maxToStringFields": "200",
        "spark.python.worker.reuse": "true",  # an encoder is loaded once in each worker
        "spark.python.worker.faulthandler.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1024",
        "spark.pyspark.python": settings.python or sys.executable,
        "spark.pyspark.driver.python": sys.executable,
        "spark.executorEnv.OMP_NUM_THREADS": "1",  # a worker for each core: more threads only get in each other's way
        # What delta-rs neither reads nor writes stays off, and logs of a few hundred commits need no fifty tasks to be read.
        "spark.databricks.delta.properties.defaults.enableDeletionVectors": "false",
        "spark.databricks.delta.properties.defaults.columnMapping.mode": "none",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.skipRecordingEmptyCommits": "false",  # a commit is found again by its mark
        "spark.databricks.delta.schema.autoMerge.enabled": "false",
    }
    if packages:
        conf |= {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": ",".join(settings.excludes)}
    if settings.master.startswith("local"):  # also local-cluster: all of it is on this machine
        conf |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if settings.executor_memory:
        conf["spark.executor.memory"] = settings.executor_memory
    if on_s3:
        conf |= {f"spark.hadoop.{name}": value for name, value in s3.hadoop_options().items()}
    conf |= settings.conf
    return _trusting(conf, s3.ca_bundle) if on_s3 and s3.ca_bundle else conf


def _trusting(conf: dict[str, str], ca_bundle: str) -> dict[str, str]:
    """Let the JVMs trust an authority beside the usual ones; executors are sent the store, into the folder that they work in."""
    store = java_trust_store(ca_bundle)
    places = {"driver": str(store), "executor": store.name}
    trusting = {
        f"spark.{role}.extraJavaOptions": f"{conf.get(f'spark.{role}.extraJavaOptions', '')} "
        f"-Djavax.net.ssl.trustStore={place}".strip()
        for role, place in places.items()
    }
    files = [name for name in conf.get("spark.files", "").split(",") if name]
    return conf | trusting | {"spark.files": ",".join([*files, str(store)])}


def start_session(
    conf: dict[str, str], home: Path, log_level: str = "ERROR", executor_wait: float = 120.0
) -> SparkSession:
    """Start a session, or return the one that runs.

    What the JVM says goes to ``logs/spark.log`` below ``home``. A process has one JVM at a time: the next session is there in
    about two seconds where it asks for the same jars and memory; for others the JVM is replaced.

    Args:
        conf: see :func:`spark_conf`.
        home: folder for the log, and for the wrapper around Java where one is needed.
        log_level: Spark's own log.
        executor_wait: seconds in which a cluster must have given the first executor; without one, Spark's jobs wait for ever.

    Raises:
        JavaMissingError: no Java.
        SparkStartError: anything else; for most, jars that can't be fetched, a master that does not answer, or no free worker.
    """
    found = java_home(home / "tools")
    if found is not None:
        os.environ["JAVA_HOME"] = str(found)
    from dagster_pyspark import LazyPySparkResource

    log = home / "logs" / LOG_FILE
    log.parent.mkdir(parents=True, exist_ok=True)
    # Arrow, not pandas, carries the rows here.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    try:
        start_context(conf, log, log_level)
        session: SparkSession = LazyPySparkResource(spark_config=conf).spark_session
        if not conf["spark.master"].startswith("local["):
            _await_executor(session, executor_wait)
    except Exception as error:
        stop_session()
        said = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:] if log.exists() else ""
        raise SparkStartError(
            f"Spark did not start on {conf['spark.master']}: {str(error).splitlines()[0] if str(error) else error!r}. "
            f"Check HERITAGE_SPARK__MASTER and that the jars can be fetched (or HERITAGE_SPARK__PACKAGES). {log} ends:\n{said}"
        ) from error
    return session


def _await_executor(session: SparkSession, seconds: float) -> None:
    """Wait for the first executor.

    Raises:
        TimeoutError: none came.
    """
    deadline = time.monotonic() + seconds
    while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 2:  # the driver is one of them
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"no executor came within {seconds:.0f} s: the cluster has no worker with free cores and memory, or its "
                "workers can't reach this driver (spark.driver.host)"
            )
        time.sleep(0.2)


def stop_session() -> None:
    """Stop the session of this process, if there is one; also where its JVM is gone."""
    if "pyspark.sql" not in sys.modules:
        return
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkSession._instantiatedSession or SparkContext._active_spark_context
    if running is None:
        return
    try:
        running.stop()
    except (Py4JError, OSError):  # the JVM was killed: nothing is left to be stopped, only to be forgotten
        end_jvm()
