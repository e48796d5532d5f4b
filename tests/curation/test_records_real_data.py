"""Real records: all of a museum's sample, and all EDM files."""

from __future__ import annotations

import gzip
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from heritage_assets.curation.mapping import load_mapping
from heritage_assets.curation.records import CLEANSING_OUTCOMES, CleansingContext, cleanse, mark_repeats
from heritage_assets.curation.schemas import RAW_RECORDS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def cleansed(raws: list[str], context: CleansingContext) -> pa.Table:
    columns = {"line": range(1, len(raws) + 1), "guid": [None] * len(raws), "deleted": [False] * len(raws), "raw": raws}
    batches = pa.table(columns, RAW_RECORDS).to_batches(max_chunksize=1_000)
    return pa.Table.from_batches(mark_repeats(cleanse(batches, context)), CLEANSING_OUTCOMES)


def test_all_records_of_a_museum(shared_data: Path) -> None:
    with gzip.open(shared_data / "tate" / "artworks-sample.jsonl.gz", "rt") as lines:
        raws = lines.read().splitlines()
    context = CleansingContext("tate", "tate-1", "mapped", load_mapping("tate").model_dump(), NOW)
    started = time.process_time()
    rows = cleansed(raws, context)
    rate = len(raws) / (time.process_time() - started)
    counts = Counter(rows["outcome"].to_pylist())
    assert counts == {"cleansed": 5_000}
    assert rows["title"].null_count == 824
    assert rows["date"].null_count == 437
    assert rows["year_from"].null_count == rows["date"].null_count
    assert set(rows["rights_category"].to_pylist()) == {"unknown", "in_copyright", "restricted"}
    assert rate > 1_000, f"{rate:.0f} records a second; some 3,500 are usual on one core"


def test_all_edm_files(shared_data: Path) -> None:
    files = sorted((shared_data / "europeana_edm").glob("*.xml"))
    rows = cleansed([file.read_text() for file in files], CleansingContext("edm", "edm-1", "edm", None, NOW))
    assert Counter(rows["outcome"].to_pylist()) == {"cleansed": 40, "repeated": 11, "rejected": 2}
    assert Counter(rows["reason"].to_pylist()) == {None: 51, "malformed_xml": 2}
    by_guid = {row["guid"]: row for row in rows.to_pylist() if row["outcome"] == "cleansed"}
    skara_brae = by_guid["/352/CMC_HA_1255"]
    assert (skara_brae["year_from"], skara_brae["year_to"]) == (-3180, -2500)
    assert skara_brae["language"] == "en"
    assert len(skara_brae["title_by_language"]) == 5
    games = by_guid["#Resource:227351442"]
    assert games["creator"] == "Cook, Theodore Andrea, 1867-1928"
    assert games["iiif_service"] == "https://view.nls.uk/iiif/2275/5852/227558529.5"
    temple = next(row for guid, row in by_guid.items() if guid.endswith("zoomify58405_html"))
    assert "façade" in temple["title"]
    assert "façade" in temple["description"]
    assert temple["date"] == "1892"
