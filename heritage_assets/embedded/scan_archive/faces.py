"""Type faces of the papers: those that matplotlib carries (DejaVu, STIX, Computer Modern), the same on every machine."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

FACES: dict[str, tuple[str, str, str]] = {
    "times": ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
    "book": ("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    "grotesque": ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"),
    "typewriter": ("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    "modern": ("cmr10", "cmb10", "cmti10"),
    "plain": ("cmss10", "DejaVuSans-Bold", "cmss10"),
    "telegraph": ("cmtt10", "cmtt10", "cmtt10"),
}
"""Regular, bold and italic of each face."""
ASCII_ONLY = frozenset(("modern", "plain", "telegraph"))
"""Computer Modern as it is carried has no letters with accents."""

Font = ImageFont.FreeTypeFont


@cache
def _folder() -> Path:
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the scan archive takes its type faces from matplotlib, which is not installed")
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


@lru_cache(maxsize=256)
def font(face: str, size: int, cut: int = 0) -> Font:
    """Return a face of ``FACES`` at ``size`` pixels; ``cut``: 0 regular, 1 bold, 2 italic."""
    return ImageFont.truetype(str(_folder() / f"{FACES[face][cut]}.ttf"), max(6, size))


@lru_cache(maxsize=60_000)
def width(face: str, size: int, cut: int, word: str) -> float:
    """Return the width of a word in pixels."""
    return font(face, size, cut).getlength(word)
