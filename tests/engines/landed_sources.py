"""Real sources in a landing zone, and the record steps on them."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from heritage_assets.assets.cleansed_records import cleanse_batch
from heritage_assets.assets.clip_embeddings import VectorInspection, embed_batch
from heritage_assets.assets.source_images import SourceImagesConfig, fetch_batch
from heritage_assets.curation.encoders.spec import Backend, EncoderSpec
from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.mapping import load_mapping
from heritage_assets.curation.sources import EdmSource, EuropeanaSource, JsonlSource, harvest
from heritage_assets.embedded.museum import MUSEUM_KEY, MuseumServer, build_museum
from heritage_assets.engines.base import CleansedBatch, Engine
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore, open_object_store

FIRST_HARVEST = datetime(2026, 1, 1, tzinfo=UTC)
MUSEUM_RECORDS = 60
TATE_RECORDS = 300
MUSEUM = ("museum-0", "museum-1", "museum-2")
BATCHES = ("museum-2", "tate", "edm")
FETCHING = FetchSettings(allowed_networks=("127.0.0.0/8",), attempts=1, attempt_delay=0.01, longest_pause=0.05)


@dataclass(frozen=True)
class Landed:
    """A folder with a landing zone."""

    folder: Path

    def archive(self, folder: Path) -> Archive:
        """Copy the landing zone into an archive of its own."""
        shutil.copytree(self.folder / "landing", folder / "landing", dirs_exist_ok=True)
        return Archive(open_object_store(folder.as_uri()), Lake(f"{folder.as_uri()}/tables"))


@dataclass(frozen=True)
class Archive:
    """Objects and tables on which an engine works."""

    store: ObjectStore
    lake: Lake

    @property
    def zone(self) -> LandingZone:
        """The landing zone."""
        return LandingZone(self.store)

    def cleanse(self, engine: Engine, batch: str) -> CleansedBatch:
        """Cleanse a batch."""
        return cleanse_batch(batch, self.zone, self.lake, engine)

    def fetch(self, engine: Engine, batch: str) -> None:
        """Fetch a batch's images."""
        root = self.zone.manifest(batch).image_root
        fetch_batch(batch, self.lake, self.store, engine, FETCHING, root, SourceImagesConfig())

    def embed(self, engine: Engine, batch: str, encoder: Path) -> VectorInspection:
        """Encode a batch."""
        model = EncoderSpec(str(encoder), "cpu", Backend.TORCH).load()
        inspection = VectorInspection(model)
        embed_batch(batch, self.lake, self.store, engine, model, inspection)
        return inspection


@contextmanager
def land_everything(folder: Path, shared_data: Path) -> Iterator[Landed]:
    """Land three harvests of the demo museum, some lines of a museum's sample, and all EDM files."""
    zone = LandingZone(open_object_store(folder.as_uri()))
    museum = build_museum(MUSEUM_RECORDS)
    with MuseumServer(museum, folder / "pictures") as server:
        for day, (batch, wanted) in enumerate(zip(MUSEUM, museum.harvests, strict=True)):
            source = EuropeanaSource(wanted.query, key=MUSEUM_KEY, endpoint=server.endpoint(wanted.round))
            harvest(source, zone, dataset=wanted.dataset, batch=batch, now=FIRST_HARVEST + timedelta(days=day))
        land_files(zone, folder, shared_data)
        yield Landed(folder)


def land_files(zone: LandingZone, folder: Path, shared_data: Path) -> None:
    """Land the sources that are files."""
    sample = folder / "tate.jsonl"
    with gzip.open(shared_data / "tate" / "artworks-sample.jsonl.gz", "rt", encoding="utf-8") as lines:
        sample.write_text("".join(islice(lines, TATE_RECORDS)), encoding="utf-8")
    harvest(JsonlSource(sample, load_mapping("tate")), zone, dataset="tate", batch="tate", now=FIRST_HARVEST)
    harvest(EdmSource(shared_data / "europeana_edm"), zone, dataset="edm", batch="edm", now=FIRST_HARVEST)
