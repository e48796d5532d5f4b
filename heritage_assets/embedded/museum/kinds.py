"""All kinds of things in the demo museum."""

from __future__ import annotations

from heritage_assets.embedded.museum.kind import Kind
from heritage_assets.embedded.museum.kinds_of_pictures import PICTURES
from heritage_assets.embedded.museum.kinds_of_things import THINGS

_ORDER = (
    "landscape",
    "seascape",
    "portrait",
    "still_life",
    "print",
    "map",
    "coin",
    "manuscript",
    "textile",
    "vase",
    "photograph",
    "poster",
    "botanical",
    "tile",
    "clock",
    "instrument",
    "specimen",
)
"""What a seed draws depends on this order."""

KINDS: dict[str, Kind] = {name: kind for name in _ORDER for kind in (*PICTURES, *THINGS) if kind.name == name}
