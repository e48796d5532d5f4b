"""The demo museum: things drawn by code, the records that invented providers hold of them, and their server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heritage_assets.embedded.museum.museum import Harvest, Museum, build_museum
from heritage_assets.embedded.museum.objects import MUSEUM_SEED, MuseumObject, caption, generate_objects
from heritage_assets.embedded.museum.server import MUSEUM_KEY, MuseumServer

if TYPE_CHECKING:
    from PIL import Image


def render(obj: MuseumObject) -> Image.Image:
    """Draw a thing: an RGB picture of ``obj.size``, the same for the same object."""
    from heritage_assets.embedded.museum.rendering import render as draw  # the painters import scipy

    return draw(obj)


__all__ = [
    "MUSEUM_KEY",
    "MUSEUM_SEED",
    "Harvest",
    "Museum",
    "MuseumObject",
    "MuseumServer",
    "build_museum",
    "caption",
    "generate_objects",
    "render",
]
