"""How unlike two pages are, signal by signal. Every signal is a distance (0: alike); :mod:`.scale` tells which are unusual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.pages.bad_scans import SILENT
from heritage_assets.curation.pages.colours import COLOUR_SIZE
from heritage_assets.curation.pages.ink_layout import LAYOUT_PARTS, LAYOUT_SIZE
from heritage_assets.curation.pages.reading import number_value
from heritage_assets.curation.pages.schemas import MEASURES

Floats = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SIGNALS = (
    "page",
    "detail",
    "rows",
    "columns",
    "runs",
    "directions",
    "grid",
    "colour",
    "paper",
    "ground",
    "size",
    "pitch",
    "block",
    "ink_share",
    "ink_l",
    "contrast",
)
"""Embeddings of the whole page and of details; the parts of the layout; colours; paper; scanner bed; width and height; pitch of
lines; width of the text block; share and lightness of ink; contrast."""

AT = {name: position for position, name in enumerate(MEASURES)}
"""Where each measure stands."""
_PITCH_FLOOR = 0.004


@dataclass(frozen=True)
class Pages:
    """The features of a stretch of scans that the signals need; n rows, about 11 kB each with vectors of 1,280 numbers.

    ``speaks``: false for scans without features, and for blank, black or truncated ones.
    """

    guids: list[str]
    speaks: Flags
    page: Floats
    detail: Floats
    layout: Floats
    colour: Floats
    measures: Floats
    numbers: npt.NDArray[np.float64]
    heads: list[str | None]
    languages: list[str | None]

    def __len__(self) -> int:
        return len(self.guids)

    def take(self, rows: Index) -> Pages:
        """Return some of the rows."""
        at = rows.tolist()
        return Pages(
            [self.guids[k] for k in at],
            self.speaks[rows],
            self.page[rows],
            self.detail[rows],
            self.layout[rows],
            self.colour[rows],
            self.measures[rows],
            self.numbers[rows],
            [self.heads[k] for k in at],
            [self.languages[k] for k in at],
        )


FEATURE_COLUMNS = (
    "guid",
    "status",
    "defects",
    "embedding_page",
    "embedding_detail",
    "layout",
    "colour",
    "measures",
    "page_number",
    "running_head",
    "ocr_language",
)
"""Columns of PAGE_FEATURES that :func:`pages_of` reads."""


def pages_of(rows: pa.Table) -> Pages:
    """Turn rows of PAGE_FEATURES into arrays; rows without features become zeros that do not speak.

    Raises:
        ValueError: vectors of different lengths (features of different encoders are mixed).
    """
    bad = np.array([bool(SILENT & set(names or ())) for names in rows["defects"].to_pylist()], bool)
    status = np.array(rows["status"].to_pylist()) == "OK"
    page = _matrix(rows["embedding_page"])
    numbers = [number_value(text) for text in rows["page_number"].to_pylist()]
    return Pages(
        rows["guid"].to_pylist(),
        status & ~bad,
        page,
        _matrix(rows["embedding_detail"], page.shape[1]),
        _matrix(rows["layout"], LAYOUT_SIZE),
        _matrix(rows["colour"], COLOUR_SIZE),
        _matrix(rows["measures"], len(MEASURES)),
        np.array([np.nan if number is None else number for number in numbers], np.float64),
        rows["running_head"].to_pylist(),
        rows["ocr_language"].to_pylist(),
    )


def concatenated(first: Pages, second: Pages) -> Pages:
    """Put two stretches after each other."""
    if not len(first):
        return second
    join = np.concatenate
    return Pages(
        first.guids + second.guids,
        join([first.speaks, second.speaks]),
        join([first.page, second.page]),
        join([first.detail, second.detail]),
        join([first.layout, second.layout]),
        join([first.colour, second.colour]),
        join([first.measures, second.measures]),
        join([first.numbers, second.numbers]),
        first.heads + second.heads,
        first.languages + second.languages,
    )


def distances(pages: Pages, left: Index, right: Index) -> Floats:
    """Return the distances of pairs of rows: (pairs, signals) float32, in the order of :data:`SIGNALS`."""
    parts = {name: pages.layout[:, span] for name, span in LAYOUT_PARTS.items()}
    cosines: dict[str, Floats] = {"page": pages.page, "detail": pages.detail, **parts, "colour": pages.colour}
    measures = pages.measures
    difference = measures[left] - measures[right]
    width = 1 - measures[:, AT["margin_left"]] - measures[:, AT["margin_right"]]
    pitch = np.log(np.maximum(measures[:, AT["line_pitch"]], _PITCH_FLOOR))
    ink = np.log(measures[:, AT["ink_share"]] + 0.01)
    found: dict[str, npt.NDArray[np.floating]] = {
        name: 1 - np.einsum("nd,nd->n", vectors[left], vectors[right]) for name, vectors in cosines.items()
    }
    found |= {
        "paper": _length(difference, "paper_l", "paper_a", "paper_b"),
        "ground": _length(difference, "ground_l", "ground_a", "ground_b"),
        "size": _length(difference, "log_aspect", "log_area"),
        "pitch": np.abs(pitch[left] - pitch[right]),
        "block": np.abs(width[left] - width[right]),
        "ink_share": np.abs(ink[left] - ink[right]),
        "ink_l": np.abs(difference[:, AT["ink_l"]]),
        "contrast": np.abs(difference[:, AT["contrast"]]),
    }
    return np.stack([found[name] for name in SIGNALS], axis=1).astype(np.float32)


def text_evidence(pages: Pages, left: Index, right: Index) -> Floats:
    """Return what read text adds to the logarithm of the odds that two pages are of one document, (pairs,) float32.

    ``right`` follows ``left``. Page numbers that count on as the scans do speak for it; a fall to 1 or 2 in the very next scan,
    different running heads and different languages speak against. Pages without text add nothing.
    """
    step = pages.numbers[right] - pages.numbers[left]
    lag = (right - left).astype(np.float64)
    with np.errstate(invalid="ignore"):
        goes_on = (step == lag) | (step * 2 == lag) | (step == 2 * lag)
        restarts = (step < 0) & (pages.numbers[right] <= 2)
    evidence = np.where(goes_on, 2.0, 0.0) - np.where(restarts, 2.0, 0.0)
    evidence += 1.5 * _same(pages.heads, left, right) - 0.3 * _other(pages.heads, left, right)
    return (evidence - 1.0 * _other(pages.languages, left, right)).astype(np.float32)


def _same(values: list[str | None], left: Index, right: Index) -> npt.NDArray[np.float64]:
    codes = _codes(values)
    same: npt.NDArray[np.float64] = ((codes[left] >= 0) & (codes[left] == codes[right])).astype(np.float64)
    return same


def _other(values: list[str | None], left: Index, right: Index) -> npt.NDArray[np.float64]:
    codes = _codes(values)
    known = (codes[left] >= 0) & (codes[right] >= 0)
    other: npt.NDArray[np.float64] = (known & (codes[left] != codes[right])).astype(np.float64)
    return other


def _codes(values: list[str | None]) -> Index:
    known: dict[str, int] = {}
    return np.array([-1 if value is None else known.setdefault(value, len(known)) for value in values], np.int64)


def _length(difference: Floats, *names: str) -> npt.NDArray[np.floating]:
    return np.asarray(np.linalg.norm(difference[:, [AT[name] for name in names]], axis=1))


def _matrix(column: pa.ChunkedArray, width: int | None = None) -> Floats:
    """Return a list column as (n, width) float32, with zeros where it is null."""
    lists = column.combine_chunks()
    lengths = np.diff(np.asarray(lists.offsets)) if len(lists) else np.zeros(0, np.int64)
    valid = np.asarray(lists.is_valid()) if len(lists) else np.zeros(0, bool)
    sizes = set(np.unique(lengths[valid]).tolist()) | ({width} if width is not None else set())
    if len(sizes) > 1:
        raise ValueError(
            f"the features hold vectors of different lengths ({', '.join(map(str, sorted(sizes)))}): "
            "compute page_features again with one encoder"
        )
    matrix = np.zeros((len(lists), sizes.pop() if sizes else 1), np.float32)
    matrix[valid] = np.asarray(lists.filter(lists.is_valid()).flatten(), np.float32).reshape(-1, matrix.shape[1])
    return matrix
