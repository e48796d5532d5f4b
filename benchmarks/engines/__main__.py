"""Spark against the local engine on the same work: cleansing, and encoding; where Spark pays.

    python -m benchmarks.engines --records 10000 --records 100000 --master 'local[2]'
    python -m benchmarks.engines --encoder demo --pictures 400 --pictures 2000

Records are those of the museum's sample, pictures the captioned ones, repeated with guids of their own. With
--folder the landed batches are kept there, and are there for the next call; --engine names the engine where one alone is wanted.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PIL import Image

from heritage_assets.assets.cleansed_records import cleanse_batch
from heritage_assets.assets.clip_embeddings import VectorInspection, embed_batch
from heritage_assets.assets.source_images import SourceImagesConfig, fetch_batch
from heritage_assets.curation.encoders.spec import EncoderSpec
from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.landing import LandingZone
from heritage_assets.curation.mapping import load_mapping
from heritage_assets.curation.schemas import CLEANSED_RECORDS, CLIP_EMBEDDINGS
from heritage_assets.curation.sources import DirectorySource, JsonlSource, harvest
from heritage_assets.engines.base import Engine
from heritage_assets.engines.local import LocalEngine
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import open_object_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLE = Path("tate", "artworks-sample.jsonl.gz")
PICTURES = Path("captioned_images", "images")
ENGINES = ("local", "spark")


def land_records(zone: LandingZone, data: Path, folder: Path, count: int) -> str:
    """Land ``count`` records; return the batch."""
    with gzip.open(data / SAMPLE, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    name = f"tate-{count}"
    if name in zone.batches():
        return name
    file = folder / f"records-{count}.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for number, record in enumerate(itertools.islice(itertools.cycle(records), count)):
            out.write(json.dumps({**record, "acno": f"{record['acno']}-{number}"}) + "\n")
    harvest(JsonlSource(file, load_mapping("tate")), zone, dataset="tate", batch=name, now=NOW)
    file.unlink()
    return name


def engines(wanted: list[str], master: str, folder: Path) -> Iterator[tuple[str, Engine]]:
    """Yield the engines, Spark last; the seconds that its session takes are printed."""
    from heritage_assets.engines.spark.engine import SparkEngine
    from heritage_assets.engines.spark.jvm import end_jvm
    from heritage_assets.engines.spark.session import spark_conf, start_session
    from heritage_assets.engines.spark.settings import SparkSettings
    from heritage_assets.stores.s3 import S3Access

    if "local" in wanted:
        yield "local", LocalEngine()
    if "spark" not in wanted:
        return
    started = time.perf_counter()
    session = start_session(spark_conf(SparkSettings(master=master), folder.as_uri(), S3Access()), folder)
    print(f"spark {master}: session after {time.perf_counter() - started:.1f} s", flush=True)
    try:
        yield "spark", SparkEngine(session)
    finally:
        end_jvm()


def timed(what: str, engine: str, count: int, work: Callable[[], object]) -> None:
    """Run and print the seconds and the rate."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    print(f"{what:10} {engine:6} {count:>9,}: {seconds:7.1f} s, {count / seconds:8,.0f} a second", flush=True)


def compare_cleansing(wanted: list[str], master: str, data: Path, folder: Path, counts: list[int], rounds: int) -> None:
    """Cleanse the same batches with each engine, each batch ``rounds`` times: a JVM is slow at first."""
    zone = LandingZone(open_object_store(folder.as_uri()))
    batches = {count: land_records(zone, data, folder, count) for count in counts}
    for engine_name, engine in engines(wanted, master, folder):
        lake = Lake((folder / engine_name).as_uri())
        for count, batch in batches.items():
            for _ in range(rounds):
                timed("cleansing", engine_name, count, partial(cleanse_batch, batch, zone, lake, engine))
            assert lake.count(CLEANSED_RECORDS, batches=[batch]) == count


def land_pictures(zone: LandingZone, data: Path, folder: Path, count: int) -> tuple[str, str | None]:
    """Land ``count`` pictures, the sample's as often as it takes; return the batch and where its pictures lie.

    No two are the same, not even of two batches: what was encoded once is not encoded again.
    """
    pictures = folder / f"pictures-{count}"
    pictures.mkdir(exist_ok=True)
    given = sorted((data / PICTURES).iterdir())
    for number, file in enumerate(itertools.islice(itertools.cycle(given), count)):
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        picture.putpixel((0, 0), (number % 256, number // 256 % 256, count % 256))
        picture.save(pictures / f"{number:06}.png", compress_level=1)
    source = DirectorySource(pictures)
    return harvest(source, zone, dataset="pictures", batch=f"pictures-{count}", now=NOW).batch, source.image_root


def compare_encoding(
    wanted: list[str], master: str, data: Path, folder: Path, encoder: str, counts: list[int], rounds: int
) -> None:
    """Encode the same pictures with each engine, each batch ``rounds`` times; what one made is forgotten before the next."""
    store = open_object_store(folder.as_uri())
    zone, lake, first = LandingZone(store), Lake((folder / "encoding").as_uri()), LocalEngine()
    batches = {}
    for count in counts:
        batch, root = land_pictures(zone, data, folder, count)
        cleanse_batch(batch, zone, lake, first)
        fetch_batch(batch, lake, store, first, FetchSettings(), root, SourceImagesConfig())
        batches[count] = batch
    model = EncoderSpec(encoder, "cpu", cache=str(folder / "encoders")).load()
    for engine_name, engine in engines(wanted, master, folder):
        for count, batch in batches.items():
            for _ in range(rounds):
                if lake.open(CLIP_EMBEDDINGS) is not None:
                    lake.replace_batch(CLIP_EMBEDDINGS, batch, [])
                work = partial(embed_batch, batch, lake, store, engine, model, VectorInspection(model))
                timed("encoding", engine_name, count, work)
            assert lake.count(CLIP_EMBEDDINGS, batches=[batch]) == count


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the sample data")
    parser.add_argument("--master", default="local[2]", help="Spark master")
    parser.add_argument("--records", type=int, action="append", default=[], help="records to cleanse (repeatable)")
    parser.add_argument(
        "--rounds", type=int, default=2, help="times that each batch is worked on: a JVM is slow at first"
    )
    parser.add_argument("--encoder", help="also encode pictures, with this encoder")
    parser.add_argument("--pictures", type=int, action="append", help="pictures to encode (repeatable; default: 400)")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="only this engine (default: both)")
    parser.add_argument("--folder", type=Path, help="keep what was landed here (default: a temporary folder)")
    arguments = parser.parse_args()
    wanted, data = arguments.engine or list(ENGINES), arguments.data.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.records:
            compare_cleansing(wanted, arguments.master, data, folder, arguments.records, arguments.rounds)
        if arguments.encoder:
            counts = arguments.pictures or [400]
            compare_encoding(wanted, arguments.master, data, folder, arguments.encoder, counts, arguments.rounds)


if __name__ == "__main__":
    main()
