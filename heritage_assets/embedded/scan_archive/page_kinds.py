"""What stands on the pages: a flyer, a letter, a report's cover, a table, a foldout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from heritage_assets.embedded.scan_archive.ornaments import halftone, signature, star
from heritage_assets.embedded.scan_archive.plan import Document, Page
from heritage_assets.embedded.scan_archive.typesetting import Sheet, shade
from heritage_assets.embedded.scan_archive.words import heading, paragraph, sentence


def _cover(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    style = document.style
    light = sum(style.cover) > 420
    ink = shade(style.cover, 0.3) if light else (236, 226, 196)
    high, wide = sheet.image.height, sheet.image.width
    inset = wide * 0.07
    for step in (0, 9):
        sheet.draw.rectangle(
            (inset + step, inset + step, wide - inset - step, high - inset - step), outline=ink, width=2
        )
    colour_sheet = Sheet(sheet.image, replace(style, ink=ink))
    colour_sheet.y = high * 0.2
    colour_sheet.wrapped(document.about.title("report"), 44, cut=1)
    colour_sheet.y += 30
    colour_sheet.line(str(document.about.year), 40, align="m")
    radius, middle = wide * 0.12, (wide / 2, high * 0.72)
    box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
    sheet.draw.ellipse(box, outline=ink, width=4)
    sheet.draw.polygon(star(middle, radius * 0.8, 5 + document.about.year % 3), fill=ink)


def _back(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    inset = sheet.image.width * 0.07
    ink = shade(document.style.cover, 0.75)
    sheet.draw.rectangle((inset, inset, sheet.image.width - inset, sheet.image.height - inset), outline=ink, width=2)


def _title(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    about = document.about
    sheet.y = sheet.image.height * 0.22
    sheet.wrapped(about.title("report"), 36, cut=1)
    sheet.y += 24
    sheet.line(str(about.year), 26, align="m")
    sheet.y = sheet.image.height * 0.62
    sheet.rule(inset=0.35)
    sheet.line(about.person, 22, cut=2, align="m")
    sheet.y = sheet.image.height * 0.84
    sheet.line(f"{about.place} {about.year + 1}", 20, align="m")


def _contents(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    about = document.about
    sheet.line(about.phrase("contents"), 30, cut=1, align="m")
    sheet.y += 20
    for number in range(1, int(rng.integers(7, 14))):
        label = f"{number}. {heading(about, rng)}"
        dots = "." * max(4, int(46 - len(label)))
        sheet.line(f"{label} {dots} {number * 4 + 1}", sheet.style.size, gap=1.9)


def _text(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    if document.kind in ("report", "leaflet"):
        sheet.head(f"{document.about.title(document.kind)}")
    count = 3 if sheet.style.columns == 1 else 8
    sheet.columns(
        [paragraph(document.about, rng, int(rng.integers(7, 14))) for _ in range(count + sheet.style.columns)]
    )
    sheet.foot(page.number)


def _chapter(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    about = document.about
    sheet.y = sheet.image.height * 0.16
    sheet.line(f"{about.phrase('chapter')} {1 + (page.number or 1) // 4}", sheet.style.size, align="m", gap=2.2)
    sheet.wrapped(heading(about, rng), 30, cut=1)
    sheet.y += 26
    for _ in range(3):
        sheet.body(paragraph(about, rng, int(rng.integers(5, 10))))
    sheet.foot(page.number)


def _table(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    about = document.about
    if document.kind == "report":
        sheet.head(about.title("report"))
        sheet.line(
            f"{about.phrase('table')} {1 + (page.number or 1) // 5}: {heading(about, rng)}", sheet.style.size, cut=2
        )
    else:
        sheet.line(f"{about.title('ledger')} {about.year}", sheet.style.size + 2, cut=1)
    years = [str(about.year - back) for back in range(int(rng.integers(2, 5)), -1, -1)]
    rows = [
        [heading(about, rng), *(f"{int(rng.integers(2, 9_000)):,}" for _ in years)]
        for _ in range(int(rng.integers(14, 34)) if document.kind == "ledger" else int(rng.integers(8, 20)))
    ]
    total = [about.phrase("total"), *(f"{int(rng.integers(9_000, 99_000)):,}" for _ in years)]
    sheet.table([about.phrase("item"), *years], [*rows, total])
    if document.kind == "report":
        sheet.y += sheet.style.size
        sheet.body(paragraph(about, rng, 8))
    sheet.foot(page.number)


def _foldout(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    """A plan on a folded sheet: streets, a river, houses, the marks of the folds."""
    wide, high = sheet.image.size
    draw, ink = sheet.draw, document.style.ink
    draw.rectangle((30, 30, wide - 30, high - 30), outline=ink, width=3)
    xs = np.linspace(30, wide - 30, 60)
    river = high * float(rng.uniform(0.35, 0.65)) + np.cumsum(rng.normal(0, 12, 60))
    draw.line(list(zip(xs.tolist(), river.tolist(), strict=True)), fill=(120, 150, 180), width=26, joint="curve")
    for _house in range(26):
        x, y = float(rng.uniform(60, wide - 200)), float(rng.uniform(60, high - 160))
        a, b = float(rng.uniform(40, 150)), float(rng.uniform(30, 110))
        draw.rectangle((x, y, x + a, y + b), outline=ink, width=2, fill=None if rng.random() < 0.6 else (206, 160, 140))
    for _street in range(9):
        x = float(rng.uniform(30, wide - 30))
        draw.line((x, 30, x + float(rng.uniform(-200, 200)), high - 30), fill=ink, width=int(rng.integers(1, 4)))
    for fold in (wide / 3, wide * 2 / 3):
        draw.line((fold, 0, fold, high), fill=shade(document.style.paper, 0.8), width=3)
        draw.line((fold + 3, 0, fold + 3, high), fill=shade(document.style.paper, 1.06), width=2)
    draw.rectangle((wide - 470, high - 150, wide - 50, high - 50), fill=document.style.paper, outline=ink, width=2)
    legend = Sheet(sheet.image, document.style)
    legend.y = high - 140
    legend.line(f"{document.about.phrase('plan')}: {document.about.place} {document.about.year}", 24, align="r", cut=1)


def _picture(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    sheet.head(document.about.title(document.kind))
    halftone(sheet, sheet.y + 10, sheet.image.height * 0.42, rng)
    sheet.y = sheet.image.height * 0.6
    sheet.line(sentence(document.about, rng), max(10, sheet.style.size - 3), cut=2, align="m")
    sheet.y += 10
    sheet.body(paragraph(document.about, rng, 10))
    sheet.foot(page.number)


def _letter_first(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    about, size = document.about, sheet.style.size
    if not document.style.handwritten:
        sheet.line(about.title("letter").upper(), 26, cut=1, align="m", face="book")
        sheet.line(about.place, 16, align="m", face="book")
        sheet.rule(weight=2)
    sheet.y += size * 2
    dated = f"{about.place}, {1 + page.seed % 28}. {1 + page.seed % 12}. {about.year}"
    if document.style.handwritten:
        sheet.written(dated, rng)
        sheet.y += size * 4
        sheet.written(paragraph(about, rng, 22), rng)
        return
    sheet.line(dated, size, align="r", gap=3.2)
    sheet.line(about.phrase("dear"), size, gap=2.4)
    signed = all(one.kind != "letter_next" for one in document.pages)
    for _ in range(int(rng.integers(2, 5))):
        sheet.body(paragraph(about, rng, int(rng.integers(3, 7))), bottom=sheet.bottom - 120 * signed)
        sheet.y += size
    if signed:
        _sign(sheet, document, rng)


def _letter_next(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    size = sheet.style.size
    if document.style.handwritten:
        sheet.written(paragraph(document.about, rng, int(rng.integers(10, 30))), rng)
        return
    if page.number:
        sheet.line(f"- {page.number} -", size, align="m", gap=3)
    signed = page is [one for one in document.pages if one.kind == "letter_next"][-1]
    for _ in range(int(rng.integers(1, 6))):
        sheet.body(paragraph(document.about, rng, int(rng.integers(3, 7))), bottom=sheet.bottom - 120 * signed)
        sheet.y += size
    if signed:
        _sign(sheet, document, rng)


def _sign(sheet: Sheet, document: Document, rng: np.random.Generator) -> None:
    sheet.y = min(sheet.y + sheet.style.size, sheet.bottom - 90)
    sheet.line(document.about.phrase("yours"), sheet.style.size, align="r", gap=2)
    signature(sheet, rng)


def _leaflet_front(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    sheet.y = sheet.image.height * 0.08
    sheet.wrapped(document.about.title("leaflet"), 40, cut=1)
    halftone(sheet, sheet.image.height * 0.36, sheet.image.height * 0.4, rng)
    sheet.y = sheet.image.height * 0.82
    sheet.line(f"{document.about.place} {document.about.year}", 24, align="m")


def _flyer(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    about = document.about
    sheet.y = sheet.image.height * 0.07
    sheet.wrapped(about.title("flyer").upper(), int(rng.integers(46, 66)), cut=1)
    sheet.y += 20
    if rng.random() < 0.6:
        high = sheet.image.height * 0.3
        halftone(sheet, sheet.y, high, rng)
        sheet.y += high + 24
    else:
        middle = (sheet.image.width / 2, sheet.y + 130)
        sheet.draw.polygon(star(middle, 120, int(rng.integers(5, 11))), fill=shade(document.style.cover, 1.0))
        sheet.y += 280
    sheet.line(
        f"{about.phrase('saturday')}, {int(rng.integers(1, 29))}. {int(rng.integers(1, 13))}. {about.year}",
        34,
        align="m",
    )
    sheet.rule(weight=4, inset=0.2)
    sheet.wrapped(sentence(about, rng), 26)
    sheet.line(about.phrase("free"), 30, cut=1, align="m")


def _flyer_back(sheet: Sheet, document: Document, _: Page, rng: np.random.Generator) -> None:
    sheet.y = sheet.image.height * 0.12
    for number in range(1, int(rng.integers(5, 9))):
        sheet.line(f"{number}. {heading(document.about, rng)}", 26, cut=1, gap=1.5)
        sheet.body(paragraph(document.about, rng, 2))
        sheet.y += 12


def _minutes_first(sheet: Sheet, document: Document, page: Page, rng: np.random.Generator) -> None:
    about, size = document.about, sheet.style.size
    sheet.wrapped(about.title("minutes"), size + 8, cut=1)
    sheet.line(f"{about.place}, {1 + page.seed % 28}. {1 + page.seed % 12}. {about.year}", size, align="m", gap=2)
    sheet.rule()
    for number in range(1, 6):
        sheet.line(f"{number}. {heading(about, rng)}", size, cut=1)
        sheet.body(paragraph(about, rng, int(rng.integers(3, 6))))
        sheet.y += size * 0.8


DRAWN: dict[str, Callable[[Sheet, Document, Page, np.random.Generator], None]] = {
    "cover": _cover,
    "back": _back,
    "title": _title,
    "contents": _contents,
    "text": _text,
    "chapter": _chapter,
    "table": _table,
    "foldout": _foldout,
    "picture": _picture,
    "letter_first": _letter_first,
    "letter_next": _letter_next,
    "leaflet_front": _leaflet_front,
    "flyer": _flyer,
    "flyer_back": _flyer_back,
    "minutes_first": _minutes_first,
}
"""By kind of page: what draws it on a sheet of paper."""
