"""What an engine is, and what it is given: bulk steps, and sources of record batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from heritage_assets.curation.schemas import TableSpec
from heritage_assets.stores.lake import Lake, Written

BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
Reader = Callable[[], Iterator[pa.RecordBatch]]
Rows = Iterable[pa.RecordBatch]
"""What a step gives. An engine may know its own rows again when it writes them; anybody else may iterate over them once."""


@dataclass(frozen=True)
class Step:
    """A bulk step: a picklable function over record batches and the schema that it promises.

    ``together``: gives each row of a record batch a key; rows with one key go to the same call of the function (all images of a
    host, so that the limits of politeness hold). Without it, rows go wherever there is room.
    """

    name: str
    function: BatchFunction
    schema: pa.Schema
    together: Callable[[pa.RecordBatch], pa.Array] | None = None


@runtime_checkable
class PartedSource(Protocol):
    """A source that several processes can read at the same time."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read all of it, in order."""
        ...

    def readers(self, wanted: int) -> Sequence[Reader]:
        """Return picklable readers of disjoint parts, together the whole; about ``wanted`` of them."""
        ...


@dataclass(frozen=True)
class CleansedBatch:
    """What cleansing a batch left: both tables, the records by outcome, the rejected ones by reason."""

    cleansed: Written
    rejected: Written
    outcomes: Counter[str]
    reasons: Counter[str]


class Engine(Protocol):
    """Runs bulk steps and writes what they give."""

    name: str

    def run(self, step: Step, source: Rows) -> Rows:
        """Return the step's output for ``source``; nothing is computed before it is read or written."""
        ...

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
        """Replace the slice of ``batch`` by ``rows`` in one commit.

        Args:
            lake: where the table is.
            table: a table that is partitioned by batch.
            batch: harvest batch, to which all rows belong.
            rows: the new rows.
            only: narrows the slice to the rows with these values (column to text); the batch's others stay.
            watch: is shown every row of ``rows``, as it is written or as it was stored.

        Returns the number of rows in ``rows``, without what the slice leaves as it is.
        """
        ...

    def replace_outcomes(self, lake: Lake, batch: str, outcomes: Rows) -> CleansedBatch:
        """Write the outcomes of cleansing a batch: of the records with one guid the first stays, the others count as repeated."""
        ...
