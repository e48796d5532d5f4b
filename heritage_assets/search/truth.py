"""Truth files: what people know to be so, as CSV, matched with the records of the archive."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import pyarrow.compute as pc

from heritage_assets.curation.schemas import CLEANSED_RECORDS
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.views import CurrentFilter, live_rows

KEYS = ("guid", "image")


@dataclass(frozen=True)
class Truth:
    """Labels by guid, and how many lines of the file could not be matched with a record."""

    labels: dict[str, str]
    unmatched: int


def read_truth(platform: Platform, path: Path, label_columns: Sequence[str]) -> Truth:
    """Read a truth file and match it with living records.

    A line names its record by ``guid``, or by ``image``: the file name of the picture, with or without folders.

    Args:
        platform: the archive.
        path: CSV file with a header.
        label_columns: names the label's column may have, the first present is taken.

    Raises:
        ValueError: no such file, no such columns, or not one line that matches a record.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    except FileNotFoundError:
        raise ValueError(f"no truth file at {path}") from None
    if not lines:
        raise ValueError(f"{path} holds no lines")
    key = next((name for name in KEYS if name in lines[0]), None)
    label = next((name for name in label_columns if name in lines[0]), None)
    if key is None or label is None:
        wanted = f"{' or '.join(KEYS)}, and {' or '.join(label_columns)}"
        raise ValueError(f"{path} must have the columns {wanted}; it has {', '.join(map(str, lines[0]))}")
    names = _names_of_records(platform) if key == "image" else {guid: guid for guid in _guids(platform)}
    labels, unmatched = {}, 0
    for line in lines:
        guid = names.get(line[key]) or names.get(PurePosixPath(line[key] or "").name)
        if guid is None:
            unmatched += 1
        else:
            labels[guid] = str(line[label])
    if not labels:
        raise ValueError(f"none of the {len(lines)} lines of {path} names a record of the archive (by {key})")
    return Truth(labels, unmatched)


def _guids(platform: Platform) -> list[str]:
    guids: list[str] = live_rows(platform.lake)["guid"].to_pylist()
    return guids


def _names_of_records(platform: Platform) -> dict[str, str]:
    """Map guids, file names and paths of images to guids; a name that two records share names neither."""
    rows = CurrentFilter(live_rows(platform.lake))(
        platform.lake.scan(CLEANSED_RECORDS, columns=["guid", "batch", "is_shown_by"], where=~pc.field("withdrawn"))
    )
    names: dict[str, str | None] = {}
    for batch in rows:
        for guid, address in zip(batch["guid"].to_pylist(), batch["is_shown_by"].to_pylist(), strict=True):
            for name in set(_image_names(guid, address)):
                names[name] = guid if names.get(name, guid) == guid else None
    return {name: guid for name, guid in names.items() if guid is not None}


def _image_names(guid: str, address: str | None) -> Iterable[str]:
    yield guid
    yield PurePosixPath(guid).name
    if address:
        yield PurePosixPath(unquote(urlsplit(address).path)).name
