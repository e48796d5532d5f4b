"""Resource: the engine that runs the bulk steps."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

if TYPE_CHECKING:
    from heritage_assets.engines.base import Engine
    from heritage_assets.engines.spark.engine import SparkEngine


class EngineResource(dg.ConfigurableResource):
    """Runs bulk steps in the step's own process, or on Spark.

    A Spark session is started by the first step that asks for the engine, and stopped when the run's resources are.
    """

    name: str = Field("local", description="local or spark.")
    spark: dict[str, Any] = Field(default_factory=dict, description="Values of HERITAGE_SPARK__*.")
    lake_root: str = Field("", description="Root URI of the lake, which decides about the jars.")
    s3: dict[str, Any] = Field(default_factory=dict, description="How the S3 server is reached.")
    home: str = Field(".heritage", description="Home: Spark's log goes there.")

    _spark_engine: SparkEngine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Generator[EngineResource, None, None]:
        """Hand out the engine, and stop what it started."""
        try:
            yield self
        finally:
            if self._spark_engine is not None:
                from heritage_assets.engines.spark.session import stop_session

                self._spark_engine = None
                stop_session()

    def engine(self) -> Engine:
        """Return the engine.

        Raises:
            JavaMissingError: Spark is wanted, and there is no Java.
            SparkStartError: Spark does not start.
        """
        if self.name == "spark":
            return self._started()
        from heritage_assets.engines.local import LocalEngine

        return LocalEngine()

    def _started(self) -> SparkEngine:
        from heritage_assets.engines.spark.engine import SparkEngine
        from heritage_assets.engines.spark.jvm import jvm_lives
        from heritage_assets.engines.spark.session import spark_conf, start_session, stop_session
        from heritage_assets.engines.spark.settings import SparkSettings
        from heritage_assets.stores.s3 import S3Access

        if self._spark_engine is not None and not jvm_lives():
            stop_session()  # a retry must not get the session of a JVM that was killed
            self._spark_engine = None
        if self._spark_engine is None:
            settings = SparkSettings.model_validate(self.spark)
            conf = spark_conf(settings, self.lake_root, S3Access.model_validate(self.s3))
            session = start_session(conf, Path(self.home), settings.log_level, settings.executor_wait)
            self._spark_engine = SparkEngine(session, settings.partitions)
        return self._spark_engine


LocalEngineResource = EngineResource
