"""An evaluation of duplicates as one HTML file that needs nothing else: figures, scores, and the worst errors side by side.

Titles and guids come from outside: everything is escaped, and the page forbids itself scripts and any address but its own data.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.duplicates.evaluation import Evaluation
from heritage_assets.search.duplicate_errors import Scores, Side, WrongPair

HEADINGS = {
    "false_merge": ("Wrongly together", "Two objects by the truth, one by the archive."),
    "missed": ("Wrongly apart", "One object by the truth, two by the archive."),
}
BINS = 50
_WIDTH, _HEIGHT, _LEFT, _BASE = 860, 240, 56, 206
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #2b2b2b; --paper: #faf9f6; --faint: #d9d6cf; --muted: #5f5b54; --same: #3b6ea5;
  --different: #b3402a; --card: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e5df; --paper: #1d1c1a; --faint: #45423c; --muted: #aaa59b;
  --same: #7fb0e3; --different: #ee8770; --card: #272623; } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { font-family: Georgia, serif; font-weight: 500; line-height: 1.2; }
h2 { margin-top: 2.5rem; }
.muted, figcaption, dt { color: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .75rem; padding: 0; margin: 0; }
.figures div { background: var(--card); border: 1px solid var(--faint); border-radius: .4rem; padding: .6rem .8rem; }
.figures dt { font-size: .85rem; } .figures dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; overflow-x: auto; } svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--muted); } .same { fill: var(--same); } .different { fill: var(--different); }
.axis { stroke: var(--faint); } .threshold { stroke: var(--ink); stroke-dasharray: 5 4; }
article { background: var(--card); border: 1px solid var(--faint); border-radius: .4rem; padding: 1rem; margin: 1rem 0; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.sides > div { min-width: 0; overflow-wrap: anywhere; }
.sides img, .none { display: block; width: 100%; height: 15rem; object-fit: contain; background: var(--paper); }
.none { display: grid; place-items: center; color: var(--muted); }
.sides dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .7rem; margin: .6rem 0 0; font-size: .9rem; }
dd { margin: 0; } code { font: .85rem ui-monospace, monospace; overflow-wrap: anywhere; }
.verdict { margin: .9rem 0 0; }
"""


def report_html(metrics: Evaluation, scores: Scores, errors: Sequence[WrongPair], *, archive: str, encoder: str) -> str:
    """Return the report as an HTML document.

    Args:
        metrics: what :func:`~heritage_assets.curation.duplicates.evaluation.evaluate_pairs` found.
        scores: image cosines by truth, and the threshold in force.
        errors: wrong pairs, worst first.
        archive: where the archive is, for the heading.
        encoder: id of the encoder whose vectors were compared.
    """
    parts = [
        f"<h1>Duplicates against the truth</h1><p class=muted>{escape(archive)}, encoder {escape(encoder)}</p>",
        _figures(metrics),
        _histogram(scores),
        *(_section(kind, [error for error in errors if error.kind == kind]) for kind in HEADINGS),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Duplicates against the truth</title><style>{_STYLE}</style></head><body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _figures(found: Evaluation) -> str:
    rates = {
        "pair precision": found.precision,
        "pair recall": found.recall,
        "pair F1": found.f1,
        "B-cubed precision": found.bcubed_precision,
        "B-cubed recall": found.bcubed_recall,
        "B-cubed F1": found.bcubed_f1,
        "groups found exactly": found.exact_group_rate,
    }
    counts = {
        "records compared": found.records,
        "true pairs": found.true_pairs,
        "pairs of the archive": found.predicted_pairs,
        "of them true": found.agreed_pairs,
    }
    shown = {name: f"{value:.4f}" for name, value in rates.items()} | {k: f"{v:,}" for k, v in counts.items()}
    return f"<dl class=figures>{''.join(f'<div><dt>{k}</dt><dd>{v}</dd></div>' for k, v in shown.items())}</dl>"


def _histogram(scores: Scores) -> str:
    """Draw both kinds of pairs over their cosine; heights are logarithms, so that one error is seen beside ten thousand."""
    values = np.concatenate([scores.same, scores.different])
    if not len(values):
        return "<h2>Scores</h2><p>No pair has image vectors on both sides.</p>"
    low = min(float(values.min()), scores.threshold - 0.05)
    edges = np.linspace(low, 1.0, BINS + 1)
    counts = [np.histogram(np.clip(part, low, 1.0), edges)[0] for part in (scores.same, scores.different)]
    top = np.log1p(max(count.max() for count in counts))
    across = (_WIDTH - _LEFT) / (1.0 - low)
    threshold = _LEFT + (scores.threshold - low) * across
    marks = "".join(
        f'<text x="{_LEFT + (at - low) * across:.1f}" y="{_BASE + 16}" text-anchor="middle">{at:.2f}</text>'
        for at in np.linspace(low, 1.0, 6)[:-1]
    )
    heights = "".join(
        f'<text x="{_LEFT - 8}" y="{_BASE - np.log1p(n) / top * (_BASE - 26) + 4:.1f}" text-anchor="end">{n:,}</text>'
        for n in (1, 10, 100, 1_000, 10_000, 100_000)
        if np.log1p(n) <= top
    )
    return (
        f'<h2>Scores</h2><figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Histogram of image cosines">'
        f"{_bars(counts[0], top, 'same', 0.0)}{_bars(counts[1], top, 'different', 0.5)}"
        f'<line class=axis x1="{_LEFT}" y1="{_BASE}" x2="{_WIDTH}" y2="{_BASE}"/>{marks}{heights}'
        f'<line class=threshold x1="{threshold:.1f}" y1="14" x2="{threshold:.1f}" y2="{_BASE}"/>'
        f'<text x="{threshold - 6:.1f}" y="22" text-anchor="end">threshold {scores.threshold:.4g}</text></svg>'
        f'<figcaption>Image cosine of <b style="color:var(--same)">{len(scores.same):,} pairs that are one object</b> and of '
        f'<b style="color:var(--different)">{len(scores.different):,} stored pairs that are two</b> by the truth; the scale of '
        "counts is logarithmic. Metadata and hashes decide too: pairs beyond the line may rightly be apart.</figcaption></figure>"
    )


def _bars(counts: npt.NDArray[np.int64], top: float, kind: str, shift: float) -> str:
    step = (_WIDTH - _LEFT) / BINS
    return "".join(
        f'<rect class={kind} x="{_LEFT + (number + shift) * step:.1f}" y="{_BASE - height:.1f}" '
        f'width="{step / 2 - 0.5:.1f}" height="{height:.1f}"><title>{count:,}</title></rect>'
        for number, count in enumerate(counts.tolist())
        if count and (height := np.log1p(count) / top * (_BASE - 26))
    )


def _section(kind: str, errors: Sequence[WrongPair]) -> str:
    heading, meaning = HEADINGS[kind]
    body = "".join(_pair(error) for error in errors) or "<p>None.</p>"
    return f"<h2>{heading} ({len(errors):,} shown)</h2><p class=muted>{meaning} The largest meetings of groups first.</p>{body}"


def _pair(error: WrongPair) -> str:
    pair = error.judged
    scores = {
        "image cosine": _number(pair.image_cosine),
        "text cosine": _number(pair.text_cosine),
        "hash distance": "–" if pair.hash_distance is None else str(pair.hash_distance),
        "declared differences": pair.conflict or "none",
    }
    said = ", ".join(f"{name} {escape(value)}" for name, value in scores.items())
    command = shlex.join(["heritage", "explain", *(side.guid for side in error.sides)])
    judged = f"<b>{escape(pair.verdict)}</b> by rule <code>{escape(pair.rule)}</code>: {escape(error.why)}"
    return (
        f"<article><div class=sides>{''.join(map(_side, error.sides))}</div>"
        f"<p class=verdict>The pair itself is {judged}<br>{said}</p><p><code>{escape(command)}</code></p></article>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _side(side: Side) -> str:
    rows = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(value)}</dd>" for name, value in side.fields.items()
    )
    return f"<div>{_picture(side)}<dl><dt>guid</dt><dd>{escape(side.guid)}</dd>{rows}</dl></div>"


def _picture(side: Side) -> str:
    if side.thumbnail is None:
        return "<div class=none>no picture</div>"
    content = base64.b64encode(side.thumbnail).decode()
    return f'<img alt="{escape(side.fields.get("title", side.guid))}" src="data:image/jpeg;base64,{content}">'
