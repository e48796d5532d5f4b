"""A table that is read more than once while it grows: what was read already is not read again."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.schemas import TableSpec
from heritage_assets.stores.lake import Lake


class GrowingTable:
    """Reads a table of the lake as it is now, and of its files only those that earlier reads have not seen.

    A file of a Delta table never changes, and a merge that only inserts rows only adds files. Memory: the selected rows, as long
    as this lives.
    """

    def __init__(self, lake: Lake, table: TableSpec, where: pc.Expression | None = None) -> None:
        self._lake = lake
        self._table = table
        self._where = where
        self._files: dict[str, pa.Table] = {}

    def read(self) -> pa.Table:
        """Return the selected rows of the newest version, in any order."""
        schema = self._table.schema
        opened = self._lake.open(self._table)
        if opened is None:
            return schema.empty_table()
        dataset = opened.to_pyarrow_dataset()
        files: dict[str, pa.Table] = {}
        for fragment in dataset.get_fragments():
            known = self._files.get(fragment.path)
            if known is None:
                rows = fragment.to_table(schema=dataset.schema, columns=schema.names, filter=self._where)
                known = rows.cast(schema)
            files[fragment.path] = known
        self._files = files
        return pa.concat_tables([schema.empty_table(), *files.values()])
