"""What the archive holds: its documents, their pages, and the order in which they went over the scanner.

Belongs here: every decision that truth depends on. Does not belong here: how a page looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from heritage_assets.embedded.scan_archive.faces import ASCII_ONLY, FACES
from heritage_assets.embedded.scan_archive.words import Subject, subject

Colour = tuple[int, int, int]

KINDS: dict[str, int] = {"flyer": 34, "letter": 44, "report": 22, "leaflet": 18, "ledger": 12, "minutes": 14}
"""Documents of each kind."""
SEED = 1931
_PAPERS: dict[str, tuple[Colour, ...]] = {
    "flyer": ((244, 226, 150), (236, 190, 190), (190, 220, 196), (238, 234, 222), (186, 208, 228), (240, 200, 150)),
    "letter": ((240, 236, 224), (226, 214, 184), (222, 228, 232), (236, 226, 200)),
    "report": ((238, 232, 214), (232, 222, 196), (244, 241, 232)),
    "leaflet": ((242, 238, 228), (234, 226, 206), (246, 240, 214)),
    "ledger": ((224, 226, 208), (236, 228, 202)),
    "minutes": ((243, 240, 230), (230, 222, 200)),
}
_COVERS: tuple[Colour, ...] = (
    (112, 62, 52),
    (58, 84, 110),
    (84, 104, 76),
    (196, 176, 130),
    (156, 150, 144),
    (190, 120, 70),
)
_BEDS: tuple[Colour, ...] = ((30, 30, 32), (66, 66, 68), (206, 206, 204), (238, 238, 238))


@dataclass(frozen=True)
class Style:
    """How all pages of a document look. ``aspect``: width / height of a page. ``size``: of letters, in pixels of 1,000 rows."""

    paper: Colour
    cover: Colour
    bed: Colour
    face: str
    size: int
    aspect: float
    margin: float
    columns: int
    ink: Colour
    age: float
    handwritten: bool


@dataclass(frozen=True)
class Page:
    """One page. ``kind``: what is drawn; ``number``: as printed, or None."""

    kind: str
    number: int | None
    seed: int


@dataclass(frozen=True)
class Document:
    """One document and its pages in their right order."""

    name: str
    kind: str
    about: Subject
    style: Style
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Shot:
    """One scan. ``document``: None where the scanner photographed nothing; ``position``: 1-based page of its document.

    ``defect``: one of black, rotated, truncated, cut_file, colour_card, ruler; None for a good scan.
    """

    name: str
    document: Document | None
    position: int
    defect: str | None
    seed: int


@dataclass(frozen=True)
class Archive:
    """All documents, and all scans in scanning order."""

    documents: tuple[Document, ...]
    shots: tuple[Shot, ...]


def plan_archive(share: float = 1.0, seed: int = SEED) -> Archive:
    """Plan the archive; the same for the same arguments.

    Args:
        share: part of the full archive (144 documents, about 750 scans), 0 < share <= 1.
        seed: of everything that is drawn at random.

    Raises:
        ValueError: a share outside (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share of {share} of the archive: give one above 0, at most 1")
    rng = np.random.default_rng(seed)
    kinds = [kind for kind, count in KINDS.items() for _ in range(max(1, round(count * share)))]
    rng.shuffle(kinds)
    documents: list[Document] = []
    for kind in kinds:
        previous = next((one for one in reversed(documents) if one.kind == kind), None)
        documents.append(_document(kind, len(documents), previous, rng))
    return Archive(tuple(documents), tuple(_scanned(documents, rng)))


# -- documents ---------------------------------------------------------------------------------------------------------------


def _document(kind: str, number: int, previous: Document | None, rng: np.random.Generator) -> Document:
    """Draw a document; a third continue a series: the look, and often the subject, of the last one of their kind."""
    if previous is not None and rng.random() < 0.33:
        about = replace(previous.about, year=previous.about.year + 1)
        style = previous.style
    else:
        about = subject(rng)
        style = _style(kind, about, rng)
    pages = tuple(
        Page(what, printed, int(rng.integers(1 << 31))) for what, printed in _PAGES[kind](rng, style.handwritten)
    )
    return Document(f"doc-{number + 1:03d}", kind, about, style, pages)


def _style(kind: str, about: Subject, rng: np.random.Generator) -> Style:
    usual = {"letter": ("typewriter", "telegraph", "typewriter"), "minutes": ("typewriter", "telegraph")}
    faces = [face for face in usual.get(kind, tuple(FACES)) if about.language == "en" or face not in ASCII_ONLY]
    aspect = {"flyer": (0.62, 0.78), "ledger": (0.7, 0.95)}.get(kind, (0.66, 0.76))
    black = (38, 34, 32)
    return Style(
        paper=_choice(rng, _PAPERS[kind]),
        cover=_choice(rng, _COVERS),
        bed=_choice(rng, _BEDS),
        face=faces[int(rng.integers(len(faces)))],
        size=int(rng.integers(15, 22)),
        aspect=float(rng.uniform(*aspect)),
        margin=float(rng.uniform(0.08, 0.15)),
        columns=2 if kind == "leaflet" and rng.random() < 0.6 else 1,
        ink=black if rng.random() < 0.8 else _choice(rng, ((40, 44, 96), (84, 50, 34))),
        age=float(rng.uniform(0.2, 1.0)),
        handwritten=kind == "letter" and bool(rng.random() < 0.4),
    )


def _choice(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[int(rng.integers(len(colours)))]


_Pages = list[tuple[str, int | None]]


def _flyer(rng: np.random.Generator, _: bool) -> _Pages:
    pages: _Pages = [("flyer", None)]
    return [*pages, ("flyer_back", None)] if rng.random() < 0.45 else pages


def _letter(rng: np.random.Generator, handwritten: bool) -> _Pages:
    pages: _Pages = [("letter_first", None)]
    for number in range(2, 2 + int(rng.integers(0, 4))):
        if rng.random() < 0.25:
            pages.append(("blank", None))
        pages.append(("letter_next", None if handwritten else number))
    return [*pages, ("blank", None)] if rng.random() < 0.25 else pages


def _report(rng: np.random.Generator, _: bool) -> _Pages:
    pages: _Pages = [("cover", None), ("blank", None), ("title", None), ("contents", None)]
    for number in range(5, 5 + int(rng.integers(5, 15))):
        chance = rng.random()
        kind = "table" if chance < 0.18 else "chapter" if chance < 0.32 or number == 5 else "text"
        pages.append((kind, number))
        if chance > 0.93:
            pages.append(("foldout", None))
    return [*pages, ("blank", None), ("back", None)]


def _leaflet(rng: np.random.Generator, _: bool) -> _Pages:
    middle: _Pages = [("picture" if rng.random() < 0.25 else "text", n) for n in range(2, 2 + int(rng.integers(2, 7)))]
    return [("leaflet_front", None), *middle]


def _ledger(rng: np.random.Generator, _: bool) -> _Pages:
    return [("table", number) for number in range(1, 1 + int(rng.integers(4, 11)))]


def _minutes(rng: np.random.Generator, _: bool) -> _Pages:
    pages: _Pages = [("minutes_first", None)]
    for number in range(2, 2 + int(rng.integers(1, 6))):
        pages.append(("text", number))
        if rng.random() < 0.3:
            pages.append(("blank", None))
    return pages


_PAGES: dict[str, Callable[[np.random.Generator, bool], _Pages]] = {
    "flyer": _flyer,
    "letter": _letter,
    "report": _report,
    "leaflet": _leaflet,
    "ledger": _ledger,
    "minutes": _minutes,
}


# -- the scanner ---------------------------------------------------------------------------------------------------------------


def _scanned(documents: list[Document], rng: np.random.Generator) -> list[Shot]:
    """Put pages in scanning order: two of a document change places, strays come a document late, black shots lie between."""
    queue: list[tuple[Document | None, int]] = []
    late: tuple[Document, int] | None = None
    for document in documents:
        places: list[tuple[Document | None, int]] = [(document, at) for at in range(1, len(document.pages) + 1)]
        if len(places) >= 4 and rng.random() < 0.12:
            at = int(rng.integers(1, len(places) - 2))
            places[at], places[at + 1] = places[at + 1], places[at]
        if late is not None and len(places) >= 3:
            places.insert(2, late)
            late = None
        elif late is None and document.kind == "report" and rng.random() < 0.3:
            late = (document, len(places) - 3)
            places.remove(late)
        if rng.random() < 0.05:
            queue.append((None, 1))
        queue += places
    if late is not None:
        queue.append(late)
    digits = len(str(len(queue)))
    names = [f"loose_scan_{number:0{digits}d}.jpg" for number in range(1, len(queue) + 1)]
    return [
        Shot(name, document, position, _defect(document, position, rng), int(rng.integers(1 << 31)))
        for name, (document, position) in zip(names, queue, strict=True)
    ]


def _defect(document: Document | None, position: int, rng: np.random.Generator) -> str | None:
    if document is None:
        return "black"
    chance = rng.random()
    if position == 1 and chance < 0.06:
        return "colour_card"
    if position == 1 and chance < 0.12:
        return "ruler"
    named = ((0.985, "rotated"), (0.978, "truncated"), (0.974, "cut_file"), (0.968, "black"))
    return next((name for least, name in named if chance >= least), None)
