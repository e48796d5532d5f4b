"""What runs in Spark's Python workers: a step around its input, and errors that come home as what they are."""

from __future__ import annotations

import base64
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from heritage_assets.engines.base import Reader, Step
from heritage_assets.engines.local import check_schema

KEY_COLUMN = "_together"


@dataclass(frozen=True)
class ErrorCourier:
    """Carries a worker's exception through the text of Spark's own errors.

    The text of an error may quote a provider's record, and unpickling is running code: so only what stands behind ``token``, a
    secret of this run, is unpickled.
    """

    token: str

    def pack(self, error: Exception) -> RuntimeError:
        """Return an exception whose text holds ``error``, or only its description where it can't be pickled."""
        try:
            packed = pickle.dumps(error)
            pickle.loads(packed)  # noqa: S301 (our own bytes: some exceptions pickle, but do not unpickle)
        except Exception:
            packed = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
        return RuntimeError(f"{self.token}:{base64.b64encode(packed).decode()}:")

    def unpack(self, text: str) -> Exception | None:
        """Return the exception that a text carries, if it carries one."""
        found = re.search(re.escape(self.token) + r":([A-Za-z0-9+/=]+):", text)
        if found is None:
            return None
        error: Exception = pickle.loads(base64.b64decode(found[1]))  # noqa: S301 (behind the token of this run)
        return error


@dataclass(frozen=True)
class Stage:
    """A step as Spark's ``mapInArrow`` calls it: once for each partition.

    ``readers``: input is the numbers of these readers. Without: input is rows of ``source``, perhaps with a key beside them.
    """

    step: Step
    courier: ErrorCourier
    source: pa.Schema | None = None
    readers: Sequence[Reader] = ()

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run the step over one partition."""
        read = self._read_parts if self.source is None else self._rows
        try:
            for batch in self.step.function(read(batches)):
                check_schema(self.step, batch)
                yield batch
        except Exception as error:
            raise self.courier.pack(error) from error

    def _read_parts(self, numbers: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in numbers:
            for number in batch["id"].to_pylist():
                yield from self.readers[number]()

    def _rows(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        assert self.source is not None
        for batch in batches:
            yield batch.select(self.source.names).cast(self.source)


def keyed(table: pa.Table, together: Callable[[pa.RecordBatch], pa.Array]) -> pa.Table:
    """Append the key by which rows go together, as text."""
    keys = [together(batch).cast(pa.string()) for batch in table.to_batches()]
    return table.append_column(KEY_COLUMN, pa.chunked_array(keys, pa.string()))
