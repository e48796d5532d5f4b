"""Scans as fetching leaves them, without a harvest: small drawn pages in the tables and in the object store."""

from __future__ import annotations

import hashlib
import io
import random

import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES
from heritage_assets.stores.connect import Platform


def land(platform: Platform, batch: str, files: list[tuple[str, bytes | None]], dataset: str = "scans") -> None:
    """Write the tables that fetching leaves: one record an image; None is an image that could not be had."""
    records, images = [], []
    for line, (name, data) in enumerate(files):
        row = {"guid": name, "batch": batch, "dataset": dataset}
        address = f"file:///scans/{name}"
        records.append(row | {"line": line, "is_shown_by": address, "withdrawn": False, "harvested_at": 0})
        image = row | {"url": address, "status": "FAILED", "reason": "truncated"}
        if data is not None:
            digest = hashlib.sha256(data).hexdigest()
            platform.objects.put(f"images/{digest}.jpg", data)
            image |= {"status": "OK", "reason": None, "sha256": digest, "original": f"images/{digest}.jpg"}
        images.append(image)
    for table, rows in ((CLEANSED_RECORDS, records), (SOURCE_IMAGES, images)):
        platform.lake.replace_batch(table, batch, pa.Table.from_pylist(rows, schema=table.schema).to_batches())


def letter(paper: tuple[int, int, int], pitch: int, seed: int) -> bytes:
    """Draw a page with lines of dashes."""
    chance = random.Random(seed)
    page = Image.new("RGB", (420, 560), paper)
    pen = ImageDraw.Draw(page)
    for y in range(60, 500, pitch):
        for x in range(50, 370, 24):
            pen.line((x, y + chance.randint(-1, 1), x + chance.randint(8, 18), y), fill=(40, 30, 30), width=pitch // 6)
    return jpeg(page)


def printed_page(words: tuple[str, ...], number: str, head: str = "ANNUAL REPORT") -> Image.Image:
    """Print lines of words under a running head, with a page number."""
    page = Image.new("RGB", (560, 700), (240, 236, 224))
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(22)
    pen.text((180, 24), head, fill=(30, 30, 30), font=font)
    for place, line in enumerate(words):
        pen.text((80, 150 + 44 * place), line, fill=(30, 30, 30), font=font)
    pen.text((270, 650), number, fill=(30, 30, 30), font=font)
    return page


PRINTED = (
    "the society met on the first",
    "and it was agreed that the",
    "accounts are to be read at",
    "the next of the meetings",
)


def with_colour_card(data: bytes) -> bytes:
    """Photograph a page again with a colour card beside it."""
    page = Image.open(io.BytesIO(data))
    wide = Image.new("RGB", (page.width + 90, page.height), (40, 40, 42))
    wide.paste(page, (0, 0))
    pen = ImageDraw.Draw(wide)
    patches = [(190, 60, 54), (224, 140, 40), (70, 140, 70), (50, 120, 180), (120, 70, 140), (245, 245, 243)]
    for place, colour in enumerate(patches):
        pen.rectangle((page.width + 20, 40 + 80 * place, page.width + 70, 100 + 80 * place), fill=colour)
    return jpeg(wide)


def jpeg(page: Image.Image) -> bytes:
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def small_files() -> list[tuple[str, bytes | None]]:
    first = [(f"p{k}.jpg", letter((235, 225, 200), 14, k)) for k in range(1, 8)]
    second = [(f"p{k}.jpg", letter((190, 200, 215), 26, k)) for k in range(8, 15)]
    return [*first, *second]
