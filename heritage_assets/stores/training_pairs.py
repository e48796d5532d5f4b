"""The image–text pairs of the archive: every current record that has both a picture and words."""

from __future__ import annotations

import io
import logging

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from heritage_assets.curation.fine_tuning import Pair
from heritage_assets.curation.prompts import build_prompts
from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLEANSED_RECORDS, SOURCE_IMAGES
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.views import CurrentFilter, live_rows

log = logging.getLogger(__name__)

_WORDS = ("title", "subject", "creator", "type", "description")


def training_pairs(lake: Lake) -> list[Pair]:
    """Return the pairs by guid; records of one object (by canonical id, else by picture) are marked as such.

    Memory: about 2 KB a record, for its prompt.
    """
    keep = CurrentFilter(live_rows(lake))
    things = lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id"], where=~pc.field("withdrawn"))
    thing_of = dict(zip(things["guid"].to_pylist(), things["canonical_id"].to_pylist(), strict=True))
    pictures: dict[str, tuple[str, str]] = {}
    columns = ["guid", "batch", "sha256", "derivative"]
    for rows in keep(lake.scan(SOURCE_IMAGES, columns=columns, where=text("status") == "OK")):
        for row in rows.to_pylist():
            if row["derivative"]:
                pictures[row["guid"]] = (row["sha256"] or row["guid"], row["derivative"])
    pairs: list[Pair] = []
    for rows in keep(lake.scan(CLEANSED_RECORDS, columns=["guid", "batch", *_WORDS])):
        prompts: pa.Array = build_prompts(rows)
        for guid, title, prompt in zip(
            rows["guid"].to_pylist(), rows["title"].to_pylist(), prompts.to_pylist(), strict=True
        ):
            if prompt and guid in pictures:
                sha256, derivative = pictures[guid]
                pairs.append(Pair(guid, thing_of.get(guid, sha256), prompt, title, derivative))
    return sorted(pairs, key=lambda pair: pair.guid)


def picture_of(store: ObjectStore, pair: Pair) -> Image.Image | None:
    """Return the picture of a pair, opened but not decoded; None where it is gone or no picture (which is logged)."""
    try:
        return Image.open(io.BytesIO(store.get(pair.derivative)))
    except (KeyError, OSError, ValueError, Image.DecompressionBombError) as error:
        log.warning("no picture for %s: %r", pair.guid, error)
        return None
