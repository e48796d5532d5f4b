"""What the lake holds, read from the tables' logs alone: address, and version and rows of each table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from heritage_assets.curation.schemas import TABLES
from heritage_assets.stores.lake import Lake


def lake_facts(lake: Lake) -> dict[str, Any]:
    """Return ``uri`` (see :func:`shown_address`) and ``tables``: table, uri, version, rows, files, bytes, written_at.

    Tables that were never written are left out. ``rows`` is None where a file's statistics don't tell. Costs reading each
    table's log, no data.
    """
    root = shown_address(lake.root)
    opened = ((name, lake.open(table)) for name, table in TABLES.items())
    return {"uri": root, "tables": [_facts(name, f"{root}/{name}", one) for name, one in opened if one is not None]}


def shown_address(root: str) -> str:
    """Return an address of the lake that anybody may read: without credentials, and without a path of the server."""
    parts = urlsplit(root)
    if parts.scheme in ("", "file"):
        return f"file:…/{parts.path.rstrip('/').rpartition('/')[2]}"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _facts(name: str, uri: str, table: DeltaTable) -> dict[str, Any]:
    files = pa.table(table.get_add_actions(flatten=True))
    rows = files["num_records"] if "num_records" in files.column_names else pa.chunked_array([pa.nulls(files.num_rows)])
    (newest,) = table.history(1)
    return {
        "table": name,
        "uri": uri,
        "version": table.version(),
        "rows": None if rows.null_count else int(pc.sum(rows).as_py() or 0),
        "files": files.num_rows,
        "bytes": int(pc.sum(files["size_bytes"]).as_py() or 0),
        "written_at": datetime.fromtimestamp(newest["timestamp"] / 1000, UTC),
    }
