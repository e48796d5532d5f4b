"""The demo museum: things drawn by code, the records that invented providers hold of them, and their server on loopback."""

from heritage_assets.embedded.museum.objects import MUSEUM_SEED, MuseumObject, caption, generate_objects

__all__ = ["MUSEUM_SEED", "MuseumObject", "caption", "generate_objects"]
