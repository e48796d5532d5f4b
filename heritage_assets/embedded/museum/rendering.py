"""Pictures of museum objects: the painter of the kind, then wear and the trace of look-alikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image

from heritage_assets.embedded.museum.canvas import Pixels
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.objects import MuseumObject
from heritage_assets.embedded.museum.painters.botanical import botanical
from heritage_assets.embedded.museum.painters.clock import clock
from heritage_assets.embedded.museum.painters.coin import coin
from heritage_assets.embedded.museum.painters.instrument import instrument
from heritage_assets.embedded.museum.painters.landscape import landscape
from heritage_assets.embedded.museum.painters.manuscript import manuscript
from heritage_assets.embedded.museum.painters.map import draw_map
from heritage_assets.embedded.museum.painters.photograph import photograph
from heritage_assets.embedded.museum.painters.portrait import portrait
from heritage_assets.embedded.museum.painters.poster import poster
from heritage_assets.embedded.museum.painters.print import draw_print
from heritage_assets.embedded.museum.painters.seascape import seascape
from heritage_assets.embedded.museum.painters.specimen import specimen
from heritage_assets.embedded.museum.painters.still_life import still_life
from heritage_assets.embedded.museum.painters.textile import textile
from heritage_assets.embedded.museum.painters.tile import tile
from heritage_assets.embedded.museum.painters.vase import vase

Painter = Callable[[Mapping[str, Value], np.random.Generator, int, int], Pixels]

PAINTERS: dict[str, Painter] = {
    "coin": coin,
    "landscape": landscape,
    "seascape": seascape,
    "vase": vase,
    "textile": textile,
    "tile": tile,
    "map": draw_map,
    "manuscript": manuscript,
    "print": draw_print,
    "photograph": photograph,
    "poster": poster,
    "portrait": portrait,
    "still_life": still_life,
    "botanical": botanical,
    "specimen": specimen,
    "clock": clock,
    "instrument": instrument,
}


def render(obj: MuseumObject) -> Image.Image:
    """Draw a thing: an RGB picture of ``obj.size``, the same for the same object."""
    width, height = obj.size
    rng = np.random.default_rng(obj.seed)
    picture = _painter(obj)(obj.attributes, rng, height, width)
    return Image.fromarray(np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8))


def _painter(obj: MuseumObject) -> Painter:
    if obj.variant_kind == "coin":
        return partial(coin, wear=obj.variant)
    if obj.variant_kind == "state":
        return partial(draw_print, state=obj.variant)
    if obj.variant_kind in ("page", "verso"):
        return partial(manuscript, page=obj.variant, verso=obj.variant_kind == "verso")
    return PAINTERS[obj.klass]
