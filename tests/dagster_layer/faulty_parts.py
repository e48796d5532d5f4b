"""Real parts with one fault each: an engine that loses or damages rows, a store that forgets, an encoder that stumbles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.schemas import TableSpec
from heritage_assets.engines.base import Rows
from heritage_assets.engines.local import Engine, LocalEngine, Step
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.engine import LocalEngineResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.vectors import VectorStore


class FaultyEngine(LocalEngine):
    """Does ``fault`` to the output of the step ``of``."""

    def __init__(self, of: str, fault: str) -> None:
        self.of, self.fault = of, fault

    def run(self, step: Step, source: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in super().run(step, source):
            if step.name != self.of:
                yield rows
            elif self.fault == "lose a row":
                yield rows.slice(1)
            else:
                yield _longer_vectors(rows) if self.fault == "wrong norm" else _shorter_vectors(rows)

    def replace_batch(self, lake: Lake, table: TableSpec, batch: str, rows: Rows, **how: Any) -> Written:
        # What was fetched comes from checkpoints, not from the step's output: it is lost on its way into the table.
        loses = self.of == "fetch" and self.fault == "lose a row" and table.name == "source_images"
        return super().replace_batch(lake, table, batch, (one.slice(1) for one in rows) if loses else rows, **how)


def _longer_vectors(rows: pa.RecordBatch) -> pa.RecordBatch:
    vectors = [None if one is None else [2 * number for number in one] for one in rows["embedding_text"].to_pylist()]
    return _with(rows, "embedding_text", vectors)


def _shorter_vectors(rows: pa.RecordBatch) -> pa.RecordBatch:
    vectors = [None if one is None else [1.0] for one in rows["embedding_text"].to_pylist()]
    return _with(rows, "embedding_text", vectors)


def _with(rows: pa.RecordBatch, name: str, values: list[Any]) -> pa.RecordBatch:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(name), pa.array(values, rows.schema.field(name).type))


class FaultyEngineResource(LocalEngineResource):
    """An engine with a fault in one step."""

    of: str
    fault: str

    def engine(self) -> Engine:
        return FaultyEngine(self.of, self.fault)


class ForgetfulStore(VectorStore):
    """Acknowledges every write and leaves out the first point of each."""

    def upsert(
        self,
        guids: Sequence[str],
        vectors: Mapping[str, Any],
        present: Mapping[str, Any] | None = None,
        payloads: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        rest = {name: matrix[1:] for name, matrix in vectors.items()}
        flags = {name: column[1:] for name, column in (present or {}).items()}
        super().upsert(guids[1:], rest, flags, (payloads or [])[1:])

    def set_payloads(self, items: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        return super().set_payloads(list(items)[1:]) + 1


class ForgetfulStoreResource(VectorStoreResource):
    """The home's endpoint through a forgetful client."""

    def collection(self, encoder: Encoder) -> VectorStore:
        found = super().collection(encoder)
        found.__class__ = ForgetfulStore
        return found


class LossyLake(Lake):
    """Loses the first row of each merge into one table."""

    of = ""

    def merge(
        self, table: TableSpec, data: Iterable[pa.RecordBatch] | pa.Table, *, delete_missing: bool = False
    ) -> Written:
        rows = data.slice(1) if table.name == self.of and isinstance(data, pa.Table) else data
        return super().merge(table, rows, delete_missing=delete_missing)


class LossyLakeResource(LakeResource):
    """The home's lake, losing rows of the table ``of``."""

    of: str

    def open(self) -> Lake:
        lake = LossyLake(self.root, self.storage_options)
        lake.of = self.of
        return lake


class StumblingEncoder:
    """The real encoder, which fails on every text or picture that it takes for poison."""

    def __init__(self, encoder: Encoder, poison_text: str, poison_image: np.ndarray | None) -> None:
        self._encoder = encoder
        self._text, self._image = poison_text, poison_image

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_texts(self, texts: Sequence[str]) -> Any:
        if any(self._text in text for text in texts):
            raise RuntimeError("index out of range in self")
        return self._encoder.encode_texts(texts)


class StumblingEncoderResource(EncoderResource):
    """The configured encoder, stumbling over texts that hold ``poison``."""

    poison: str

    def load(self) -> Encoder:
        return StumblingEncoder(super().load(), self.poison, None)  # type: ignore[return-value]
