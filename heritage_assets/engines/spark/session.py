"""A Spark session from settings: jars by coordinates, quiet, and with tables that delta-rs can read."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from heritage_assets.engines.spark.java import java_home
from heritage_assets.engines.spark.settings import DELTA_PACKAGES, S3A_PACKAGES, SparkSettings
from heritage_assets.stores.s3 import S3Access

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOG_FILE = "spark.log"
_TAIL = 2_000
_AT_LAUNCH = ("spark.master", "spark.driver.", "spark.jars", "spark.log")


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
        "spark.databricks.delta.schema.autoMerge.enabled": "false",
    }
    if packages:
        conf |= {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": ",".join(settings.excludes)}
    if settings.master.startswith("local[") or settings.master == "local":
        conf |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if settings.executor_memory:
        conf["spark.executor.memory"] = settings.executor_memory
    if on_s3:
        conf |= {f"spark.hadoop.{name}": value for name, value in s3.hadoop_options().items()}
    return conf | settings.conf


def start_session(conf: dict[str, str], home: Path, log_level: str = "ERROR") -> SparkSession:
    """Start a session, or return the one that runs.

    What the JVM says goes to ``logs/spark.log`` below ``home``. A process has one JVM: after a first session has been stopped,
    the next one starts in about two seconds, with the jars of the first.

    Raises:
        JavaMissingError: no Java.
        SparkStartError: anything else; for most, jars that can't be fetched or a master that does not answer.
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
        _start_context(conf, log, log_level)
        session: SparkSession = LazyPySparkResource(spark_config=conf).spark_session
    except Exception as error:
        said = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:] if log.exists() else ""
        raise SparkStartError(
            f"Spark did not start on {conf['spark.master']}: {str(error).splitlines()[0] if str(error) else error!r}. "
            f"Check HERITAGE_SPARK__MASTER and that the jars can be fetched (or HERITAGE_SPARK__PACKAGES). {log} ends:\n{said}"
        ) from error
    return session


def _start_context(conf: dict[str, str], log: Path, log_level: str) -> None:
    """Start JVM and context; Spark's own builder would let the JVM write to the terminal.

    The JVM is told on its command line, which everybody on the machine can read, only what it needs before it runs.
    """
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    if SparkContext._active_spark_context is not None:
        return
    os.environ["PYSPARK_PYTHON"] = conf["spark.pyspark.python"]  # the only place where a running driver looks
    if SparkContext._gateway is None:
        launch = SparkConf(loadDefaults=False).setAll([(key, conf[key]) for key in conf if key.startswith(_AT_LAUNCH)])
        with log.open("ab") as sink:
            gateway = launch_gateway(launch, {"stdout": sink, "stderr": sink})
        SparkContext._ensure_initialized(gateway=gateway)  # SparkConf must find this JVM, and not start another
    SparkContext(conf=SparkConf().setAll(list(conf.items()))).setLogLevel(log_level)


def stop_session() -> None:
    """Stop the session of this process, if there is one."""
    modules = sys.modules.get("pyspark.sql")
    session = modules.SparkSession.getActiveSession() if modules is not None else None
    if session is not None:
        session.stop()
