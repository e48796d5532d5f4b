"""The comparison as one HTML page that needs nothing else: pictures inside, every text escaped, no script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.encoder_comparison import NEIGHBOURS
from heritage_assets.curation.pictures import contact_sheet, histogram
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import text
from heritage_assets.switching.comparison import Comparison, Side

GROUPS_SHOWN = 6
MEMBERS_SHOWN = 6
NEIGHBOURS_SHOWN = 5
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0
1rem;color:#2b2b2b;background:#faf9f6} table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem
.8rem;border-bottom:1px solid #d9d6cf;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}img{max-width:100%;height:auto;display:block;margin:.4rem 0}
h2{margin-top:2.2rem}code{font-size:.9em;overflow-wrap:anywhere}figure{margin:1rem 0}figcaption{color:#555}"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def comparison_page(comparison: Comparison, platform: Platform) -> str:
    """Return the page; thumbnails are read from the archive (at most about 150)."""
    drawn = _Thumbnails(platform, _shown(comparison))
    old, new = comparison.old, comparison.new
    parts = [
        "<h1>Two encoders on one archive</h1>",
        f"<p>In use: <code>{escape(old.encoder)}</code><br>New: <code>{escape(new.encoder)}</code></p>",
        f"<p>{comparison.pictures:,} pictures have vectors of both.</p>",
        _table(("", "in use", "new"), _figures(old, new)),
        *(f"<p>Note: {escape(note)}</p>" for note in comparison.notes),
        "<h2>Neighbours</h2>",
        f"<p>Of the {NEIGHBOURS} nearest pictures both encoders name {comparison.overlap_mean:.0%} on average "
        f"(median {comparison.overlap_quantiles['50%']:.0%}), over {comparison.sampled:,} records. "
        "Where they differ most:</p>",
        *_contrasts(comparison, drawn),
        "<h2>Duplicates</h2>",
        _table(("pairs of records that are one object", ""), _duplicates(comparison)),
        *_groups("Gained: together only with the new encoder", comparison.groups.gained_groups, drawn),
        *_groups("Lost: together only with the encoder in use", comparison.groups.lost_groups, drawn),
        "<h2>Scores</h2>",
        *_scores("in use", old),
        *_scores("new", new),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{_POLICY}"><meta name="viewport" content="width=device-width"><title>Two encoders on one archive</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _figures(old: Side, new: Side) -> Iterable[tuple[Any, ...]]:
    yield "dimensions of an image vector", old.dimension, new.dimension
    calibrated = {True: "", False: " (not calibrated)"}
    yield "duplicate threshold", *(f"{side.threshold:.4f}{calibrated[side.calibrated]}" for side in (old, new))
    for kind, what in (("nearest", "cosine of the nearest picture"), ("strangers", "cosine of two random pictures")):
        for quantile in old.scores.quantiles[kind]:
            yield f"{what}, {quantile}", *(f"{side.scores.quantiles[kind][quantile]:.3f}" for side in (old, new))
    for direction in ("text_to_image", "image_to_image"):
        both = [((side.retrieval or {}).get(direction) or {}) for side in (old, new)]
        for name in both[0] | both[1]:
            if name != "skipped":
                yield f"{direction.replace('_to_', '→')} {name}", *(_number(one.get(name)) for one in both)


def _duplicates(comparison: Comparison) -> Iterable[tuple[str, int]]:
    groups = comparison.groups
    yield "with the encoder in use", groups.pairs_before
    yield "with the new encoder", groups.pairs_after
    yield "gained", groups.pairs_gained
    yield "lost", groups.pairs_lost


def _contrasts(comparison: Comparison, drawn: _Thumbnails) -> Iterable[str]:
    for one in comparison.contrasts:
        rows = [one.guid, *one.before[:NEIGHBOURS_SHOWN], one.guid, *one.after[:NEIGHBOURS_SHOWN]]
        yield drawn.figure(
            rows, NEIGHBOURS_SHOWN + 1, f"{one.guid}: nearest in use (above) and new (below); {one.shared:.0%} shared"
        )


def _groups(title: str, groups: Sequence[Sequence[str]], drawn: _Thumbnails) -> Iterable[str]:
    yield f"<h3>{escape(title)}: {len(groups):,} groups</h3>"
    for members in groups[:GROUPS_SHOWN]:
        more = f", and {len(members) - MEMBERS_SHOWN:,} more" if len(members) > MEMBERS_SHOWN else ""
        yield drawn.figure(members[:MEMBERS_SHOWN], MEMBERS_SHOWN, f"{len(members)} records{more}")


def _scores(label: str, side: Side) -> Iterable[str]:
    for counts, what in (
        (side.scores.nearest, "cosine of each record's nearest picture"),
        (side.scores.strangers, "cosine of random pairs"),
    ):
        drawn = histogram(counts, side.threshold, f"{label}: {what}", edges=side.scores.edges, log=True)
        yield _image(drawn, "png", f"{label}: {what}; the line is the duplicate threshold")


def _shown(comparison: Comparison) -> set[str]:
    groups = [*comparison.groups.gained_groups[:GROUPS_SHOWN], *comparison.groups.lost_groups[:GROUPS_SHOWN]]
    guids = {guid for members in groups for guid in members[:MEMBERS_SHOWN]}
    for one in comparison.contrasts:
        guids |= {one.guid, *one.before[:NEIGHBOURS_SHOWN], *one.after[:NEIGHBOURS_SHOWN]}
    return guids


class _Thumbnails:
    """The thumbnails of some records."""

    def __init__(self, platform: Platform, guids: set[str]) -> None:
        where = text("guid").isin(pa.array(sorted(guids), pa.string())) & pc.field("thumbnail").is_valid()
        rows = platform.lake.read(SOURCE_IMAGES, columns=["guid", "thumbnail"], where=where)
        self._keys: Mapping[str, str] = dict(zip(rows["guid"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True))
        self._store = platform.objects

    def figure(self, guids: Sequence[str], columns: int, caption: str) -> str:
        """Return the pictures side by side as one figure."""
        sheet = contact_sheet([(self._content(guid), guid) for guid in guids], columns=columns, tile=120)
        return f"<figure>{_image(sheet, 'webp', caption)}<figcaption>{escape(caption)}</figcaption></figure>"

    def _content(self, guid: str) -> bytes | None:
        try:
            return self._store.get(self._keys[guid])
        except KeyError:  # no thumbnail, or gone: shown as "no picture"
            return None


def _image(content: bytes, kind: str, alt: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escape(alt, quote=True)}" src="data:image/{kind};base64,{data}">'


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    header = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><td>{escape(str(first))}</td>"
        + "".join(f'<td class="n">{escape(_number(cell))}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
