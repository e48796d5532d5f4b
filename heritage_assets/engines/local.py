"""The local engine: streams a step through this process, one record batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.records import cleansed_rows, mark_repeats, rejected_rows
from heritage_assets.curation.schemas import CLEANSED_RECORDS, REJECTED_RECORDS, TableSpec
from heritage_assets.engines.base import BatchFunction, CleansedBatch, Engine, Rows, Step
from heritage_assets.stores.lake import Lake, Written, within

__all__ = ["BatchFunction", "Engine", "LocalEngine", "Step"]


class LocalEngine:
    """Runs a step in this process; memory is what the step itself holds plus one batch."""

    name = "local"

    def run(self, step: Step, source: Rows) -> Iterator[pa.RecordBatch]:
        """See :class:`Engine`.

        Raises:
            TypeError: the step yields another schema than it declares.
        """
        for batch in step.function(iter(source)):
            check_schema(step, batch)
            yield batch

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
        """See :class:`Engine`; delta-rs writes while the step still computes."""
        given = _Watched(rows, watch)
        written = lake.replace_batch(table, batch, chain(_beside(lake, table, batch, only), given))
        return replace(written, rows=given.count)

    def replace_outcomes(self, lake: Lake, batch: str, outcomes: Rows) -> CleansedBatch:
        """See :class:`Engine`. Rejected rows wait in memory (raw text cut at 64 KiB each) until the cleansed ones are written."""
        counted: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        rejected: list[pa.RecordBatch] = []

        def cleansed() -> Iterator[pa.RecordBatch]:
            for rows in mark_repeats(outcomes):
                counted.update(tally(rows["outcome"]))
                refused = rejected_rows(rows)
                reasons.update(tally(refused["reason"]))
                rejected.append(refused)
                yield cleansed_rows(rows)

        kept = lake.replace_batch(CLEANSED_RECORDS, batch, cleansed())
        refused = lake.replace_batch(REJECTED_RECORDS, batch, rejected)
        return CleansedBatch(kept, refused, counted, reasons)


def check_schema(step: Step, batch: pa.RecordBatch) -> None:
    """Raise TypeError when a step yields another schema than it declares."""
    if not batch.schema.equals(step.schema):
        raise TypeError(f"step {step.name} declares\n{step.schema}\nbut yields\n{batch.schema}")


def tally(column: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Count the values of a column."""
    return {row["values"]: row["counts"] for row in pc.value_counts(column).to_pylist()}


def _beside(lake: Lake, table: TableSpec, batch: str, only: Mapping[str, str] | None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the batch that a narrowed slice leaves as they are."""
    named = within(only)
    if named is not None:
        yield from lake.scan(table, batches=[batch], where=~named)


class _Watched:
    """Rows that are counted, and shown to whoever watches, while they stream by."""

    def __init__(self, rows: Rows, watch: Callable[[pa.RecordBatch], object] | None) -> None:
        self.rows = rows
        self.watch = watch
        self.count = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self.rows:
            self.count += batch.num_rows
            if self.watch is not None:
                self.watch(batch)
            yield batch
