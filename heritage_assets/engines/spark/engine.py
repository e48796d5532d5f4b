"""The Spark engine: steps as ``mapInArrow`` stages on the executors, slices of Delta tables written by Spark.

Global tables are merged by the lake itself (delta-rs): what is merged are the results of global steps, which are made in the
driver and are small beside the records; sending them through Spark would only add a way.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from heritage_assets.curation.records import CLEANSED, REJECTED, REPEATED
from heritage_assets.curation.schemas import CLEANSED_RECORDS, REJECTED_RECORDS, TableSpec
from heritage_assets.engines.base import CleansedBatch, PartedSource, Rows, Step
from heritage_assets.engines.spark.worker import KEY_COLUMN, ErrorCourier, Stage, keyed
from heritage_assets.stores.lake import Lake, Written, slice_predicate, within

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PERMANENT = (
    "AnalysisException",
    "ParseException",
    "IllegalArgumentException",
    "PySparkTypeError",
    "PySparkValueError",
)


class SparkJobError(OSError):
    """A Spark job failed, but not by an error of the step; worth another try.

    Lost executors, a storage that does not answer, another writer's commit.
    """


class SparkRows:
    """The rows of a step as a Spark data frame: computed when they are read or written, each time anew.

    Iterating brings them all to the driver: for small results.
    """

    def __init__(self, frame: DataFrame, schema: pa.Schema, courier: ErrorCourier) -> None:
        self.frame = frame
        self.schema = schema
        self.courier = courier

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Compute and collect the rows."""
        with said_plainly(self.courier):
            table: pa.Table = self.frame.toArrow()
        yield from table.cast(self.schema).to_batches()


class SparkEngine:
    """Runs steps on Spark's executors.

    Memory of the driver: the source of a step where it is no :class:`PartedSource` (tasks: a few hundred bytes a record).

    Args:
        session: the session to use; whoever started it stops it.
        partitions: pieces that a step is cut into (default: two for each core).
    """

    name = "spark"

    def __init__(self, session: SparkSession, partitions: int | None = None) -> None:
        self.session = session
        self.partitions = partitions or 2 * session.sparkContext.defaultParallelism

    def run(self, step: Step, source: Rows) -> SparkRows:
        """See :class:`Engine`.

        A failed piece is tried again by Spark (``spark.task.maxFailures``), so steps must be repeatable.
        """
        courier = ErrorCourier(secrets.token_hex(16))
        frame = self._parts(step, source, courier) if isinstance(source, PartedSource) else None
        if frame is None:
            frame = self._rows(step, source, courier)
        return SparkRows(frame, step.schema, courier)

    def run_on(self, step: Step, frame: DataFrame, schema: pa.Schema) -> SparkRows:
        """Run a step on rows that Spark reads itself: ``frame``, whose columns hold those of ``schema``; cut as the frame is."""
        courier = ErrorCourier(secrets.token_hex(16))
        return SparkRows(self._mapped(frame, Stage(step, courier, source=schema)), step.schema, courier)

    def _parts(self, step: Step, source: PartedSource, courier: ErrorCourier) -> DataFrame:
        readers = source.readers(self.partitions)
        numbers = self.session.range(0, len(readers), 1, max(1, len(readers)))
        return self._mapped(numbers, Stage(step, courier, readers=readers))

    def _rows(self, step: Step, source: Rows, courier: ErrorCourier) -> DataFrame:
        batches = list(source)
        if not batches:
            return self._frame(step.schema.empty_table())
        table = pa.Table.from_batches(batches)
        stage = Stage(step, courier, source=table.schema)
        pieces = min(self.partitions, max(1, table.num_rows))
        if step.together is None:
            return self._mapped(self._frame(table).repartition(pieces), stage)
        return self._mapped(self._frame(keyed(table, step.together)).repartition(pieces, KEY_COLUMN), stage)

    def _mapped(self, frame: DataFrame, stage: Stage) -> DataFrame:
        return frame.mapInArrow(stage, spark_schema(stage.step.schema))

    def _frame(self, table: pa.Table) -> DataFrame:
        return self.session.createDataFrame(table, schema=spark_schema(table.schema))

    def replace_batch(
        self,
        lake: Lake,
        table: TableSpec,
        batch: str,
        rows: Rows,
        *,
        only: Mapping[str, str] | None = None,
        watch: Callable[[pa.RecordBatch], object] | None = None,
    ) -> Written:
        """See :class:`Engine`; ``watch`` is shown what was stored, read back."""
        if isinstance(rows, SparkRows):
            written = self._write(lake, table, rows.frame, {"batch": batch, **(only or {})}, rows.courier)
        else:
            given = pa.Table.from_batches(list(rows), schema=table.schema)
            written = self._write(lake, table, self._frame(given), {"batch": batch, **(only or {})})
        if watch is not None:
            for stored in lake.scan(table, batches=[batch], where=within(only)):
                watch(stored)
        return written

    def replace_outcomes(self, lake: Lake, batch: str, outcomes: Rows) -> CleansedBatch:
        """See :class:`Engine`. The outcomes are kept on the executors' disks until both tables are written."""
        from pyspark import StorageLevel
        from pyspark.sql import functions as F

        rows = outcomes if isinstance(outcomes, SparkRows) else self._given(outcomes)
        kept = rows.frame.persist(StorageLevel.DISK_ONLY)
        try:
            with said_plainly(rows.courier):
                repeated = _repeated_lines(kept).persist(StorageLevel.DISK_ONLY)
                repeats = repeated.count()
            cleansed = kept.where(F.col("outcome") == CLEANSED).join(repeated, "line", "left_anti")
            rejected = kept.where(F.col("outcome") == REJECTED)
            slice_of = {"batch": batch}
            first = self._write(
                lake, CLEANSED_RECORDS, cleansed.select(*CLEANSED_RECORDS.schema.names), slice_of, rows.courier
            )
            second = self._write(
                lake, REJECTED_RECORDS, rejected.select(*REJECTED_RECORDS.schema.names), slice_of, rows.courier
            )
            with said_plainly(rows.courier):
                reasons = Counter({row["reason"]: row["count"] for row in rejected.groupBy("reason").count().collect()})
            repeated.unpersist()
        finally:
            kept.unpersist()
        counted = Counter({CLEANSED: first.rows, REPEATED: repeats, REJECTED: second.rows})
        return CleansedBatch(first, second, +counted, reasons)

    def _given(self, rows: Rows) -> SparkRows:
        table = pa.Table.from_batches(list(rows))
        return SparkRows(self._frame(table), table.schema, ErrorCourier(secrets.token_hex(16)))

    def _write(
        self,
        lake: Lake,
        table: TableSpec,
        frame: DataFrame,
        where: Mapping[str, str],
        courier: ErrorCourier | None = None,
    ) -> Written:
        """Replace the rows ``where`` in one commit of Spark, which the lake's log then tells apart by its mark."""
        lake.create(table)
        mark = f"heritage:{secrets.token_hex(12)}"
        with said_plainly(courier):
            (
                frame.write.format("delta")
                .mode("overwrite")
                .option("replaceWhere", slice_predicate(where))
                .option("userMetadata", mark)
                .save(hadoop_uri(lake.uri(table)))
            )
        commit = lake.commit_marked(table, mark)
        told = commit.get("operationMetrics", {})
        # Rows of the batch that a narrowed slice leaves alone are copied with it; none of both is told where there are none.
        rows = int(told.get("numOutputRows", 0)) - int(told.get("numCopiedRows", 0))
        return Written(lake.uri(table), int(commit["version"]), rows)


def hadoop_uri(uri: str) -> str:
    """Return an address as Hadoop knows it; it takes the names of files as they are, not percent-encoded."""
    if uri.startswith("file:"):
        return unquote(uri)
    return f"s3a://{uri.removeprefix('s3://')}" if uri.startswith("s3://") else uri


def spark_schema(schema: pa.Schema) -> Any:
    """Return the Spark type of rows with an Arrow schema; moments keep their time zone."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema, prefer_timestamp_ntz=False)


def _repeated_lines(outcomes: DataFrame) -> DataFrame:
    """Return the lines of cleansed records whose guid an earlier line has; only lines and guids are shuffled."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    cleansed = outcomes.where(F.col("outcome") == CLEANSED).select("line", "guid")
    place = F.row_number().over(Window.partitionBy("guid").orderBy("line"))
    return cleansed.withColumn("place", place).where(F.col("place") > 1).select("line")


@contextmanager
def said_plainly(courier: ErrorCourier | None) -> Iterator[None]:
    """Turn what Spark raises into the step's own error, or into a short one that says whether to try again.

    Raises:
        Exception: what the step raised in its worker.
        SparkJobError: the job failed for a reason outside the step.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        text = str(error)
        carried = courier.unpack(text) if courier is not None else None
        if carried is not None:
            raise carried from None
        if type(error).__name__ in _PERMANENT:
            raise
        raise SparkJobError(f"{type(error).__name__}: {text[:1_000]}") from error
