"""A comparison of runs of grouping as one HTML file that needs nothing else.

Names come from outside: everything is escaped, and the page forbids itself scripts and any address but its own data.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

from heritage_assets.search.page_comparison import Cell, ComparedScan, Comparison

SHOWN = ("boundary_f1", "pair_f1", "bcubed_f1", "panoptic_quality", "adjusted_rand", "drags", "groups")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #2b2b2b; --paper: #faf9f6; --even: #dde9f5; --odd: #f6e7cf; --bad: #b3402a;
  --muted: #5f5b54; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e5df; --paper: #1d1c1a; --even: #24384d; --odd: #4a3a1f; --bad: #ff9d8a;
  --muted: #aaa59b; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-family: Georgia, serif; font-weight: 500; } .muted { color: var(--muted); }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .6rem; text-align: left; vertical-align: middle; }
thead th { position: sticky; top: 0; background: var(--paper); } td.n { text-align: right; font-variant-numeric: tabular-nums; }
tr.even { background: var(--even); } tr.odd { background: var(--odd); }
tr.starts td { border-top: 3px solid var(--ink); } tr.gap td { border-top: 3px dotted var(--muted); }
td.cut { border-left: 4px solid var(--ink); } .error { color: var(--bad); font-weight: 600; }
img { display: block; max-height: 7rem; max-width: 9rem; } .none { color: var(--muted); } code { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
"""


def comparison_html(found: Comparison, dataset: str) -> Iterator[str]:
    """Yield the parts of the document; one scan at a time is held as text."""
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Documents of {escape(dataset)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Documents of {escape(dataset)}</h1>"
    )
    yield _figures(found)
    yield _note(found)
    heads = "".join(f"<th scope=col>{escape(run)}</th>" for run in found.runs)
    yield (
        "<div class=scroll><table><thead><tr><th scope=col>scan</th><th scope=col>picture</th>"
        f"<th scope=col>real group</th>{heads}</tr></thead><tbody>\n"
    )
    before: ComparedScan | None = None
    for scan in found.shown:
        yield _row(scan, before)
        before = scan
    yield "</tbody></table></div></main></body></html>\n"


def _figures(found: Comparison) -> str:
    heads = "".join(f"<th scope=col>{escape(run)}</th>" for run in found.runs)
    figures = [one.as_dict() for one in found.figures]
    rows = "".join(
        f"<tr><th scope=row>{name.replace('_', ' ')}</th>"
        + "".join(f"<td class=n>{_number(one[name])}</td>" for one in figures)
        + "</tr>"
        for name in SHOWN
    )
    settings = "".join(f"<td><code>{escape(text)}</code></td>" for text in found.settings)
    return (
        f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}"
        f"<tr><th scope=row>settings</th>{settings}</tr></tbody></table>"
    )


def _note(found: Comparison) -> str:
    all_of_them = len(found.shown) == found.scans
    shown = "all of them" if all_of_them else f"{len(found.shown):,} around errors"
    unmatched = f" {found.unmatched:,} lines of the truth name no scan." if found.unmatched else ""
    return (
        f"<p class=muted>{found.scans:,} scans in scanning order, {shown}. Colours change with each real group, a bar beside "
        f"a cell marks where a run starts a document.{unmatched}</p>"
    )


def _row(scan: ComparedScan, before: ComparedScan | None) -> str:
    gap = before is not None and scan.place != before.place + 1
    classes = ["even" if scan.group % 2 == 0 else "odd", *(["gap"] if gap else ["starts"] if scan.group_starts else [])]
    picture = "<span class=none>no picture</span>"
    if scan.thumbnail is not None:
        data = base64.b64encode(scan.thumbnail).decode()
        picture = f'<img alt="{escape(scan.scan)}" loading=lazy src="data:image/jpeg;base64,{data}">'
    return (
        f'<tr class="{" ".join(classes)}"><td>{scan.place:,}<br><code>{escape(scan.scan)}</code></td><td>{picture}</td>'
        f"<td>{escape(scan.group_name)}</td>{''.join(map(_cell, scan.cells))}</tr>\n"
    )


def _cell(cell: Cell) -> str:
    error = f" <span class=error>{cell.error}</span>" if cell.error else ""
    sure = f"<span class=muted>{cell.confidence:.2f}</span>"
    return f"<td{' class=cut' if cell.starts else ''}>document {cell.document}{error}<br>{sure}</td>"


def _number(value: float) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"
