"""Renders of training objects, as the small arrays that the model sees, kept in a cache folder.

Every object gives one plain view and some archive copies; where the museum knows look-alikes of its kind (another coin of the
mould, the next page, a later state), one of them is drawn too.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heritage_assets.curation import resizing
from heritage_assets.curation.resizing import resized
from heritage_assets.embedded import museum
from heritage_assets.embedded.museum import MuseumObject
from heritage_assets.embedded.museum.rendering import render
from heritage_assets.embedded.train_demo_encoder.copies import archive_copy, encoded

SIDE = 112
"""Pixels: pictures are squeezed into a square of this side, so that nothing at their edges is lost."""

LOOK_ALIKES = {"coin": "coin", "manuscript": "page", "print": "state"}
_PROVIDER_QUALITY = 90

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """Views of n objects.

    ``views``: uint8 (n, 1 + copies, side, side, 3), the plain picture first. ``look_alikes``: uint8 (m, side, side, 3), of the
    objects whose rows ``look_alike_of`` (m,) names.
    """

    views: Pixels
    look_alikes: Pixels
    look_alike_of: NDArray[np.int64]


def squeeze(image: Image.Image) -> Pixels:
    """Return uint8 (side, side, 3), exactly as the demo encoder's image processor resizes."""
    return resized(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.BICUBIC)


def drawn(objects: list[MuseumObject], seed: int, copies: int, cache: Path, processes: int = 2) -> Pictures:
    """Return the pictures of ``objects``, from the cache where they were drawn before by the same code.

    Memory: the arrays are mapped from files (38 KB a view) and paged in as they are used.
    """
    folder = cache / f"{seed}-{len(objects)}-{copies}-{_code_version()}"
    of = np.array([row for row, obj in enumerate(objects) if obj.klass in LOOK_ALIKES], np.int64)
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        views = np.lib.format.open_memmap(
            folder / "views.npy", "w+", np.uint8, (len(objects), 1 + copies, SIDE, SIDE, 3)
        )
        others = np.lib.format.open_memmap(folder / "look_alikes.npy", "w+", np.uint8, (len(of), SIDE, SIDE, 3))
        jobs = [(obj, seed + row, copies) for row, obj in enumerate(objects)]
        alike = [(objects[row].look_alike(1 + row % 2, LOOK_ALIKES[objects[row].klass]), seed, 0) for row in of]
        for row, pixels in enumerate(_mapped(jobs, processes)):
            views[row] = pixels
        for row, pixels in enumerate(_mapped(alike, processes)):
            others[row] = pixels[0]
        views.flush()
        others.flush()
        (folder / "done").touch()
    return Pictures(np.load(folder / "views.npy", "r"), np.load(folder / "look_alikes.npy", "r"), of)


def _mapped(jobs: list[tuple[MuseumObject, int, int]], processes: int) -> Iterator[Pixels]:
    if processes <= 1:
        yield from map(views_of, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(views_of, jobs, chunksize=16)


def views_of(job: tuple[MuseumObject, int, int]) -> Pixels:
    """Return uint8 (1 + copies, side, side, 3) for (object, seed of its copies, number of copies)."""
    obj, seed, copies = job
    rng = np.random.default_rng([seed, 17])
    picture = render(obj)
    views = [squeeze(encoded(picture, _PROVIDER_QUALITY))]
    views.extend(squeeze(archive_copy(picture, rng)) for _ in range(copies))
    return np.stack(views)


def _code_version() -> str:
    """Return a hash over everything that decides how pictures look."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(
        [
            *Path(str(museum.__file__)).parent.rglob("*.py"),
            here / "copies.py",
            here / "pictures.py",
            Path(resizing.__file__),
        ]
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
