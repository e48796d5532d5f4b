"""Small pictures for people: contact sheets and plots, as bytes or as markdown.

Every function returns an image file small enough to live in the metadata of a run. Pillow and matplotlib are imported where
they are used; plots touch none of matplotlib's global state.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image as Picture
    from PIL.ImageFont import FreeTypeFont

MAX_BYTES = 150_000
"""A picture in run metadata is kept in the instance's database with every event: keep it small."""

_MAX_SOURCE_PIXELS = 100_000_000
_QUALITIES = (85, 75, 60, 45, 30, 15)
_PAPER, _INK, _FAINT, _ACCENT, _ALERT = "#faf9f6", "#2b2b2b", "#d9d6cf", "#3b6ea5", "#b3402a"
_GAP, _LINE, _LINES = 10, 15, 2


def contact_sheet(
    images: Sequence[tuple[bytes | None, str]], columns: int = 6, tile: int = 144, max_bytes: int = MAX_BYTES
) -> bytes:
    """Lay pictures out in a grid, each with its caption under it: a WebP image of at most ``max_bytes``.

    ``images``: (file content, caption); None or content that can't be decoded shows as a tile that says so. Quality falls,
    then size, until the sheet fits. At most one decoded picture is held beside the sheet. Raises ValueError when there is
    no image, a size is not positive, or not even the coarsest sheet fits.
    """
    from PIL import Image, ImageDraw

    if not images or columns < 1 or tile < 16:
        raise ValueError(
            f"a contact sheet needs images, columns >= 1 and tile >= 16, not {len(images)}, {columns}, {tile}"
        )
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    step_x, step_y = tile + _GAP, tile + _GAP + _LINE * _LINES + 4
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = _font(11)
    for position, (content, caption) in enumerate(images):
        left, top = _GAP + (position % columns) * step_x, _GAP + (position // columns) * step_y
        draw.rectangle((left - 1, top - 1, left + tile, top + tile), fill="white", outline=_FAINT)
        picture = _thumbnail(content, tile)
        if picture is None:
            draw.line((left, top, left + tile - 1, top + tile - 1), fill=_FAINT)
            draw.text((left + tile / 2, top + tile / 2), "no picture", fill=_ALERT, font=font, anchor="mm")
        else:
            sheet.paste(picture, (left + (tile - picture.width) // 2, top + (tile - picture.height) // 2))
        for number, line in enumerate(_wrapped(caption, font, tile)):
            draw.text((left, top + tile + 4 + number * _LINE), line, fill=_INK, font=font)
    return _fitting(sheet, max_bytes)


def _font(size: int) -> FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: it knows Latin, Greek and Cyrillic letters."""
    from pathlib import Path

    import matplotlib
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


def _thumbnail(content: bytes | None, tile: int) -> Picture | None:
    """Decode to fit in a square of ``tile`` pixels, upright, on white; None when that can't be done safely."""
    from PIL import Image, ImageOps

    if not content:
        return None
    try:
        with Image.open(BytesIO(content)) as opened:
            if opened.width * opened.height > _MAX_SOURCE_PIXELS:
                return None
            opened.draft("RGB", (tile * 2, tile * 2))
            upright = ImageOps.exif_transpose(opened)
            if upright.mode not in ("RGB", "L"):
                upright = upright.convert("RGBA")
                white = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(white, upright)
            picture = upright.convert("RGB")
            picture.thumbnail((tile, tile), Image.Resampling.LANCZOS)
            return picture
    except (OSError, ValueError, SyntaxError, ArithmeticError, EOFError, MemoryError, Image.DecompressionBombError):
        return None  # the tile says so: what providers send as images is often none


def _wrapped(caption: str, font: FreeTypeFont, width: int) -> list[str]:
    """Cut a caption into at most two lines of ``width`` pixels, an ellipsis where something is missing."""
    rest = re.sub(r"\s+", " ", "".join(char if char.isprintable() else " " for char in caption)).strip()
    lines: list[str] = []
    while rest and len(lines) < _LINES:
        fits = _prefix(rest, font, width)
        if fits == len(rest):
            return [*lines, rest]
        if len(lines) == _LINES - 1:
            return [*lines, rest[: _prefix(rest, font, width - int(font.getlength("…")))].rstrip() + "…"]
        space = rest.rfind(" ", 1, fits + 1)
        cut = space if space > 0 else max(fits, 1)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return lines


def _prefix(text: str, font: FreeTypeFont, width: int) -> int:
    """How many characters fit; a caption is cut to what could fit at all first, so a huge one costs nothing."""
    low, high = 0, min(len(text), width)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _fitting(sheet: Picture, max_bytes: int) -> bytes:
    while min(sheet.size) >= 64:
        for quality in _QUALITIES:
            buffer = BytesIO()
            if max(sheet.size) <= 16_383:  # the largest side WebP can have
                sheet.save(buffer, "WEBP", quality=quality, method=4)
                if buffer.tell() <= max_bytes:
                    return buffer.getvalue()
        sheet = sheet.resize((max(1, sheet.width * 3 // 4), max(1, sheet.height * 3 // 4)))
    raise ValueError(f"the sheet does not fit in {max_bytes} bytes: show fewer images")


def as_markdown(image: bytes, alt: str) -> str:
    """Return a markdown image with the picture in it (a data URI). Raises ValueError for anything but PNG, JPEG or WebP."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    elif image.startswith(b"\xff\xd8\xff"):
        kind = "jpeg"
    elif image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        kind = "webp"
    else:
        raise ValueError("not a PNG, JPEG or WebP image")
    text = re.sub(r"[\[\]()<>\\`\s]+", " ", alt).strip()
    return f"![{text}](data:image/{kind};base64,{base64.b64encode(image).decode('ascii')})"


def histogram(
    values: ArrayLike,
    threshold: float | None = None,
    title: str = "",
    *,
    edges: ArrayLike | None = None,
    label: str = "",
    log: bool = False,
) -> bytes:
    """Draw a histogram, with a line at ``threshold``: PNG.

    ``values``: the numbers themselves (those that are not finite are left out), or with ``edges`` (k + 1) the counts of k
    bins. ``label`` names the axis of values; ``log`` makes the counts logarithmic, for a few high scores among many low.
    """
    numbers = np.asarray(values, dtype=float).ravel()
    if edges is None:
        numbers = numbers[np.isfinite(numbers)]
        counts, borders = np.histogram(numbers, bins=min(60, max(10, int(np.sqrt(len(numbers))))))
    else:
        counts, borders = numbers, np.asarray(edges, dtype=float).ravel()
        if len(borders) != len(counts) + 1:
            raise ValueError(f"{len(counts)} counts need {len(counts) + 1} edges, not {len(borders)}")
    figure, axes = _plot(title)
    axes.stairs(counts, borders, fill=True, color=_ACCENT)
    if threshold is not None:
        axes.axvline(threshold, color=_ALERT, linewidth=1.5)
        axes.annotate(
            f"{threshold:g}", (threshold, 1), xycoords=("data", "axes fraction"), xytext=(3, -10),
            textcoords="offset points", color=_ALERT, fontsize=8,
        )  # fmt: skip
    if log:
        axes.set_yscale("symlog", linthresh=1)
    axes.set_xlabel(label)
    axes.set_ylabel("count")
    return _png(figure)


def bar_chart(counts: Mapping[str, float], title: str = "", *, most: int = 20) -> bytes:
    """Draw one horizontal bar a name, the longest first: PNG. What is beyond the ``most`` longest becomes one bar, "others"."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ordered[:most]
    if len(ordered) > most:
        shown.append((f"{len(ordered) - most} others", sum(value for _, value in ordered[most:])))
    figure, axes = _plot(title, height=max(1.2, 0.26 * len(shown) + 0.8))
    bars = axes.barh([_short(name) for name, _ in _distinct(shown)], [value for _, value in shown], color=_ACCENT)
    axes.bar_label(bars, labels=[f"{value:,.6g}" for _, value in shown], padding=3, fontsize=8, color=_INK)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    return _png(figure)


def cluster_map_plot(
    x: ArrayLike,
    y: ArrayLike,
    cluster: Sequence[str | None],
    labels: Mapping[str, str] | None = None,
    title: str = "",
    *,
    most_labels: int = 25,
) -> bytes:
    """Draw records on the map of clusters: PNG.

    ``x``, ``y``: (n) places; ``cluster``: n cluster ids, None drawn in grey; ``labels``: cluster id → label, written at the
    middle of the ``most_labels`` largest clusters. Raises ValueError when the lengths differ.
    """
    across, down = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if not len(across) == len(down) == len(cluster):
        raise ValueError(f"{len(across)} x, {len(down)} y and {len(cluster)} clusters: pass one of each a record")
    from matplotlib import colormaps

    palette = [colormaps["tab20"](number) for number in range(20)]
    members: dict[str | None, list[int]] = {}
    for row, name in enumerate(cluster):
        members.setdefault(name, []).append(row)
    names = sorted((name for name in members if name is not None), key=lambda name: (-len(members[name]), name))
    colours = {name: palette[number % len(palette)] for number, name in enumerate(names)}
    figure, axes = _plot(title, width=7, height=5.5)
    dot = float(np.clip(6000 / max(len(across), 1), 2, 22))
    axes.scatter(
        across, down, s=dot, linewidths=0, alpha=0.8, c=[colours[name] if name else _FAINT for name in cluster]
    )
    for name in names[:most_labels] if labels else ():
        rows = members[name]
        axes.annotate(
            _short((labels or {}).get(name, name)), (float(np.median(across[rows])), float(np.median(down[rows]))),
            fontsize=7, ha="center", va="center", color=_INK,
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.7},
        )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal", adjustable="datalim")
    return _png(figure)


def _plot(title: str, width: float = 6, height: float = 3) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, facecolor=_PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=_PAPER)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=_INK)
    axes.set_title(_literal(title), fontsize=10, loc="left", color=_INK)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _literal(text: str) -> str:
    """Keep matplotlib from reading a dollar sign as mathematics."""
    return text.replace("$", r"\$")


def _short(text: str) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _literal(clean if len(clean) <= 40 else clean[:39] + "…")


def _distinct(items: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Mark names that would look the same once cut, since equal names share a bar."""
    seen: dict[str, int] = {}
    result = []
    for name, value in items:
        seen[_short(name)] = count = seen.get(_short(name), 0) + 1
        result.append((name if count == 1 else f"{name[:34]} ({count})", value))
    return result
