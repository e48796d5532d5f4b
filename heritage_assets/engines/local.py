"""The local engine: streams a step through this process, one record batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Step:
    """A bulk step: a picklable function over record batches and the schema that it promises."""

    name: str
    function: BatchFunction
    schema: pa.Schema


class Engine(Protocol):
    """Runs bulk steps."""

    name: str

    def run(self, step: Step, source: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the step's output for ``source``; nothing is computed before the first batch is asked for."""
        ...


class LocalEngine:
    """Runs a step in this process; memory is what the step itself holds plus one batch."""

    name = "local"

    def run(self, step: Step, source: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """See :class:`Engine`.

        Raises:
            TypeError: the step yields another schema than it declares.
        """
        for batch in step.function(iter(source)):
            if not batch.schema.equals(step.schema):
                raise TypeError(f"step {step.name} declares\n{step.schema}\nbut yields\n{batch.schema}")
            yield batch
