"""The JVM behind a Spark session: started with its output in a log, replaced for other jars, ended in bounded time."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

_AT_LAUNCH = ("spark.driver.", "spark.jars", "spark.log")
"""What a JVM must be told before it runs, and can't be told later. Everybody on the machine can read it: no secrets."""
_SECONDS_TO_END = 20.0
_launched_with: dict[str, str] = {}


def start_context(conf: dict[str, str], log: Path, log_level: str) -> None:
    """Start JVM and Spark context unless they run; Spark's own builder would let the JVM write to the terminal."""
    from pyspark import SparkConf, SparkContext

    if SparkContext._active_spark_context is not None:
        if jvm_lives():
            return
        end_jvm()
    os.environ["PYSPARK_PYTHON"] = conf["spark.pyspark.python"]  # the only place where a running driver looks
    at_launch = {key: value for key, value in conf.items() if key.startswith(_AT_LAUNCH)}
    if SparkContext._gateway is not None and (at_launch != _launched_with or not jvm_lives()):
        end_jvm()
    if SparkContext._gateway is None:
        _launch(at_launch, log)
    SparkContext(conf=SparkConf().setAll(list(conf.items()))).setLogLevel(log_level)


def _launch(at_launch: dict[str, str], log: Path) -> None:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    launch = SparkConf(loadDefaults=False).setAll(list(at_launch.items()))
    with log.open("ab") as sink:
        gateway = launch_gateway(launch, {"stdout": sink, "stderr": sink})
    SparkContext._ensure_initialized(gateway=gateway)  # SparkConf must find this JVM, and not start another
    _launched_with.clear()
    _launched_with.update(at_launch)


def jvm_lives() -> bool:
    """Tell whether this process has a JVM that runs."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    return gateway is not None and (gateway.proc is None or gateway.proc.poll() is None)


def end_jvm() -> None:
    """End the JVM of this process, whatever runs in it; a later session starts another."""
    from py4j.protocol import Py4JError
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    gateway = SparkContext._gateway
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    SparkSession._instantiatedSession = SparkSession._activeSession = None
    if gateway is None:
        return
    with contextlib.suppress(Py4JError, OSError):  # gone already
        gateway.shutdown()
    if gateway.proc is not None:
        _end_process(gateway.proc)


def _end_process(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()  # the sign on which it ends itself
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
