"""``heritage encode-folder``: a folder of pictures, read and encoded by Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heritage_assets.cli.output import print_json
from heritage_assets.engines.spark.settings import PICTURES
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder
    from heritage_assets.engines.spark.engine import SparkEngine
    from heritage_assets.engines.spark.picture_folder import VectorTarget
    from heritage_assets.stores.connect import Platform


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("encode-folder")(encode_folder_command)


def encode_folder_command(
    folder: Annotated[str, typer.Argument(help="Folder of pictures: a path, file://, s3:// or hdfs://.")],
    batch: Annotated[str, typer.Option("--batch", help="Name of the set; encoded again under it, it is replaced.")],
    captions: Annotated[str | None, typer.Option("--captions", help="CSV file with captions (path or URI).")] = None,
    picture_column: Annotated[
        str, typer.Option("--picture-column", help="Its column with a picture's path below the folder.")
    ] = "image",
    caption_column: Annotated[str, typer.Option("--caption-column", help="Its column with a caption.")] = "title",
    separator: Annotated[str, typer.Option("--separator", help="What separates its columns.")] = ",",
    pattern: Annotated[str, typer.Option("--pattern", help="Names of the files that are taken.")] = PICTURES,
    parquet: Annotated[str | None, typer.Option("--parquet", help="Also write the rows to this folder.")] = None,
    upload: Annotated[bool, typer.Option("--upload/--no-upload", help="Fill a collection pictures__BATCH.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Encode a folder of pictures, with any number of captions for each, on Spark; docs/cluster.md has the recipe.

    Rows go to the table picture_embeddings, vectors to a collection of their own; the record chain is left alone.

    Example: heritage encode-folder s3://flickr30k/images --batch flickr30k --captions s3://flickr30k/results.csv
    """
    from heritage_assets.engines.spark import picture_folder
    from heritage_assets.stores.connect import Platform

    settings = Settings()
    platform = Platform(settings)
    encoder = platform.encoder()
    root = address(folder)
    table = None
    if captions is not None:
        table = picture_folder.CaptionTable(address(captions), picture_column, caption_column, separator)
    with _engine(settings, root) as engine:
        pictures = picture_folder.read_folder(
            engine.session, root, table, pattern=pattern, most_bytes=settings.fetch.max_bytes
        )
        written = picture_folder.embed_folder(engine, platform.lake, pictures, encoder, batch, settings.fetch)
        if parquet is not None:
            picture_folder.export_parquet(engine, platform.lake, batch, address(parquet))
        sent, collection = None, None
        if upload:
            target = _target(platform, encoder, batch)
            sent, collection = picture_folder.upload(engine, platform.lake, batch, target), target.collection
    found = {"pictures": written.rows, "table": written.uri, "points": sent, "collection": collection}
    if as_json:
        print_json(found)
    else:
        typer.echo("\n".join(f"{name:<10} {value}" for name, value in found.items() if value is not None))


def address(text: str) -> str:
    """Return a URI as it is, and the URI of a path."""
    return text if "://" in text else Path(text).expanduser().resolve().as_uri()


@contextmanager
def _engine(settings: Settings, folder: str) -> Iterator[SparkEngine]:
    """Run a session that reaches the lake and the folder."""
    from heritage_assets.engines.spark.engine import SparkEngine
    from heritage_assets.engines.spark.session import spark_conf, start_session, stop_session

    root = folder if folder.startswith("s3://") else settings.lake_root
    conf = spark_conf(settings.spark, root, settings.s3)
    session = start_session(conf, settings.home, settings.spark.log_level, settings.spark.executor_wait)
    try:
        yield SparkEngine(session, settings.spark.partitions)
    finally:
        stop_session()


def _target(platform: Platform, encoder: Encoder, batch: str) -> VectorTarget:
    """Make the set's own collection; the alias of the archive does not move."""
    from heritage_assets.engines.spark.picture_folder import VECTORS, VectorTarget
    from heritage_assets.stores.connect import vector_dimensions
    from heritage_assets.stores.vector_schema import collection_for

    name = collection_for(f"{batch} {encoder.id}", "pictures")
    dims = {vector: size for vector, size in vector_dimensions(encoder).items() if vector in VECTORS}
    platform.vectors.ensure(name, dims)
    key = platform.settings.qdrant_api_key
    return VectorTarget(platform.vectors.url, key.get_secret_value() if key else None, platform.settings.vectors, name)
