"""A comparison of runs of grouping as a spreadsheet (XLSX) with pictures in its cells."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from heritage_assets.search.page_comparison import Comparison
from heritage_assets.search.page_comparison_html import SHOWN

_COLOURS = ("#dde9f5", "#f6e7cf")
_PICTURE = 96
"""Height of a picture in pixels; a row is as high, in points."""
_THUMBNAIL = 256


def write_comparison(found: Comparison, output: Path) -> None:
    """Write the sheets ``scans`` and ``figures``; texts are written as texts, never as formulas."""
    import xlsxwriter

    temporary = output.with_name(f".{output.name}.partial")
    options = {"constant_memory": False, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(str(temporary), options) as book:
            _scans(book, found)
            _figures(book, found)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


def _scans(book: Any, found: Comparison) -> None:
    sheet = book.add_worksheet("scans")
    heads = ["place", "scan", "picture", "real group"]
    for run in found.runs:
        heads += [run, "starts", "confidence", "error"]
    bold = book.add_format({"bold": True})
    plain = [book.add_format({"bg_color": colour, "valign": "vcenter"}) for colour in _COLOURS]
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    sheet.freeze_panes(1, 2)
    sheet.set_column(1, 1, 28)
    sheet.set_column(2, 2, 16)
    for row, scan in enumerate(found.shown, start=1):
        style = plain[scan.group % 2]
        sheet.set_row(row, _PICTURE * 0.75)
        sheet.write_number(row, 0, scan.place, style)
        sheet.write_string(row, 1, scan.scan, style)
        sheet.write_blank(row, 2, None, style)
        sheet.write_string(row, 3, scan.group_name, style)
        if scan.thumbnail is not None:
            scale = _PICTURE / _THUMBNAIL
            place = {"image_data": io.BytesIO(scan.thumbnail), "x_scale": scale, "y_scale": scale, "object_position": 1}
            sheet.insert_image(row, 2, "thumbnail.jpg", place)
        for number, cell in enumerate(scan.cells):
            first = 4 + 4 * number
            sheet.write_number(row, first, cell.document, style)
            sheet.write_string(row, first + 1, "x" if cell.starts else "", style)
            sheet.write_number(row, first + 2, round(cell.confidence, 4), style)
            sheet.write_string(row, first + 3, cell.error, style)


def _figures(book: Any, found: Comparison) -> None:
    sheet = book.add_worksheet("figures")
    sheet.set_column(0, 0, 20)
    for column, (run, settings, figures) in enumerate(zip(found.runs, found.settings, found.figures, strict=True), 1):
        sheet.set_column(column, column, 24)
        sheet.write_string(0, column, run)
        for row, name in enumerate(SHOWN, start=1):
            sheet.write_string(row, 0, name)
            sheet.write_number(row, column, figures.as_dict()[name])
        sheet.write_string(len(SHOWN) + 1, 0, "settings")
        sheet.write_string(len(SHOWN) + 1, column, settings)
