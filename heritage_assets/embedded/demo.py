"""The demo: the whole chain on the demo museum, and what came out of it against what was planted.

Belongs here: the three harvests, the runs, the figures. Does not belong here: how they are printed
(:mod:`heritage_assets.cli.demo`).
"""

from __future__ import annotations

import csv
import hashlib
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heritage_assets.curation.progress import Stage
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

if TYPE_CHECKING:
    from heritage_assets.embedded.museum import Museum, MuseumServer

LOOPBACK = "127.0.0.0/8"
RECORDS = 1_800
SAMPLED_OBJECTS = 600
"""Objects among which text-to-image retrieval is measured, besides among all: recall@10 falls as there are more to confuse."""
KIB = 1_024


@dataclass
class DemoRun:
    """The demo in one home."""

    settings: Settings
    museum: Museum
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the demo keeps its pictures, its truth and its provider's port."""
        return self.settings.home / "demo"

    @property
    def truth(self) -> Path:
        """Folder of the truth files."""
        return self.folder / "truth"

    def batches(self) -> list[str]:
        """Return the keys of the demo's batches, in the order of their harvests."""
        return [f"demo-{number}-{harvest.dataset}" for number, harvest in enumerate(self.museum.harvests, start=1)]

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note the seconds that the block takes."""
        started = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 1)


def demo_settings(settings: Settings) -> Settings:
    """Allow the museum's loopback addresses, and nothing else that the settings do not."""
    fetch = settings.fetch.model_dump() | {"allowed_networks": (*settings.fetch.allowed_networks, LOOPBACK)}
    return settings.model_copy(update={"fetch": type(settings.fetch).model_validate(fetch)})


def open_demo(settings: Settings, records: int = RECORDS) -> DemoRun:
    """Build the museum and write its truth files."""
    from heritage_assets.embedded.museum import build_museum

    demo = DemoRun(demo_settings(settings), build_museum(records))
    demo.truth.mkdir(parents=True, exist_ok=True)
    demo.museum.write_truth(demo.truth)
    return demo


@contextmanager
def provider(demo: DemoRun) -> Iterator[MuseumServer]:
    """Open the museum's provider, on the port that earlier harvests know it by, with every picture drawn."""
    from heritage_assets.embedded.museum import MuseumServer

    note = demo.folder / "port"
    port = int(note.read_text()) if note.exists() else 0
    with MuseumServer(demo.museum, demo.folder / "pictures", port=port) as server:
        note.write_text(str(server.port))
        with demo.timed("drawing the museum"):
            stage = Stage("museum")

            def drawn(done: int, total: int) -> None:
                stage.total = total
                stage.advance(done - stage.done)

            server.prepare(drawn)
        yield server


def harvest_demo(demo: DemoRun, server: MuseumServer) -> None:
    """Harvest what is not sealed yet, over HTTP, with the Europeana connector."""
    from heritage_assets.curation.sources import EuropeanaSource, harvest
    from heritage_assets.embedded.museum import MUSEUM_KEY

    landing = Platform(demo.settings).landing
    sealed = set(landing.batches())
    for key, wanted in zip(demo.batches(), demo.museum.harvests, strict=True):
        if key not in sealed:
            source = EuropeanaSource(wanted.query, key=MUSEUM_KEY, endpoint=server.endpoint(wanted.round))
            harvest(source, landing, dataset=wanted.dataset, batch=key)


def run_demo(demo: DemoRun, chain: Callable[[Settings, list[str]], bool]) -> bool:
    """Harvest and run the chain where that was not done yet.

    Args:
        demo: the demo.
        chain: runs the chain for the incomplete ones of these batches; returns whether every blocking check passed.
    """
    from heritage_assets.execution import clusters_are_current, dagster_instance, incomplete_batches

    with dagster_instance(demo.settings) as instance:
        left = incomplete_batches(instance, demo.batches(), "clusters")
        if not left and clusters_are_current(instance):
            return True
    with provider(demo) as server:
        with demo.timed("harvest"):
            harvest_demo(demo, server)
        with demo.timed("chain"):
            return chain(demo.settings, left)


def demo_figures(demo: DemoRun) -> dict[str, Any]:
    """Return what came out, against what was planted."""
    from heritage_assets.search.evaluation import evaluate_clusters, evaluate_duplicates
    from heritage_assets.search.retrieval import evaluate_objects
    from heritage_assets.search.status import status

    platform = Platform(demo.settings)
    encoder = platform.encoder()
    duplicates = evaluate_duplicates(platform, demo.truth / "duplicates.csv")
    duplicates.pop("errors", None)
    objects = dict(_truth_rows(demo.truth / "duplicates.csv"))
    sampled = set(sorted(set(objects.values()), key=_shuffled)[:SAMPLED_OBJECTS])
    sample = {guid: thing for guid, thing in objects.items() if thing in sampled}
    return {
        "status": status(platform),
        "duplicates": duplicates,
        "clusters": evaluate_clusters(platform, demo.truth / "classes.csv"),
        "retrieval": evaluate_objects(platform.lake, encoder.id, sample) if encoder.text_dim else None,
        "retrieval_all": evaluate_objects(platform.lake, encoder.id, objects) if encoder.text_dim else None,
        "seconds": demo.seconds,
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB),
        "home": str(demo.settings.home),
        "truth": str(demo.truth),
    }


def _shuffled(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _truth_rows(path: Path) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["guid"], row["group"]
