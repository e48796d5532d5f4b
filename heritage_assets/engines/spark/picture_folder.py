"""A folder of pictures as a source: read by Spark (``binaryFile``), encoded on the executors, uploaded by partition.

No picture passes through the driver, or through the object store: what is left are rows of ``picture_embeddings``. The folder may
be anywhere where Hadoop reads: S3, HDFS, a disk that all executors share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from heritage_assets.curation.duplicates.archive import vector_matrix
from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.picture_files import embed_files
from heritage_assets.curation.schemas import PICTURE_EMBEDDINGS, PICTURE_FILES
from heritage_assets.engines.base import Step
from heritage_assets.engines.spark.engine import SparkEngine, hadoop_uri, said_plainly
from heritage_assets.engines.spark.settings import PICTURES
from heritage_assets.stores.connect import connect_vector_store
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.vector_settings import VectorSettings

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

VECTORS = ("embedding_image", "embedding_text")
UPLOADED = pa.schema([("points", pa.int64())])
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 64, 64 << 20
"""Of files that one worker is given at a time."""


@dataclass(frozen=True)
class CaptionTable:
    """A table of captions (CSV with a header): any number of rows for each picture.

    ``picture``, ``caption``: names of its columns; a picture is named by its path below the folder. Rows that lack
    one of them are left out.
    """

    uri: str
    picture: str
    caption: str
    separator: str = ","


@dataclass(frozen=True)
class VectorTarget:
    """The vector store as an executor reaches it, and the collection that is written to."""

    url: str
    api_key: str | None
    server: VectorSettings
    collection: str


def read_folder(
    session: SparkSession, folder: str, captions: CaptionTable | None, *, pattern: str = PICTURES, most_bytes: int
) -> DataFrame:
    """Return the pictures below ``folder`` with the columns of ``PICTURE_FILES``; nothing is read yet.

    Files above ``most_bytes`` come without their content. Captions are sent to every executor: some hundred bytes for each.
    """
    from pyspark.sql import functions as F

    files = (
        session.read.format("binaryFile")
        .option("recursiveFileLookup", "true")
        .option("pathGlobFilter", pattern)
        .load(hadoop_uri(folder))
    )
    start = len(_bare(_qualified(session, folder))) + 2
    named = files.withColumn("guid", F.substr(_bare_column(F.col("path")), F.lit(start)))
    fits = F.col("length") <= most_bytes
    taken = named.where(fits).select("guid", "path", "content")
    left = named.where(~fits).select("guid", "path", F.lit(None).cast("binary").alias("content"))
    pictures = taken.unionByName(left)
    if captions is None:
        return pictures.withColumn("captions", F.lit(None).cast("array<string>"))
    return pictures.join(F.broadcast(_captions(session, captions)), "guid", "left")


def _captions(session: SparkSession, table: CaptionTable) -> DataFrame:
    """Return guid and captions in the order of the table's rows."""
    from pyspark.sql import functions as F

    rows = (
        session.read.option("header", "true")
        .option("sep", table.separator)
        .option(
            "multiLine", "true"
        )  # a caption in quotes may hold one; it also keeps the file in one piece, and its order
        .option("escape", '"')
        .option("ignoreLeadingWhiteSpace", "true")
        .option("ignoreTrailingWhiteSpace", "true")
        .csv(hadoop_uri(table.uri))
    )
    names = {name.strip(): name for name in rows.columns}
    for wanted in (table.picture, table.caption):
        if wanted not in names:
            raise ValueError(f"{table.uri} has no column {wanted!r}; it has: {', '.join(names)}")
    guid, caption = (F.trim(F.col(f"`{names[name]}`")) for name in (table.picture, table.caption))
    numbered = rows.select(guid.alias("guid"), caption.alias("caption"), F.monotonically_increasing_id().alias("row"))
    kept = numbered.where("guid is not null and caption != ''")
    ordered = F.sort_array(F.collect_list(F.struct("row", "caption")))
    return kept.groupBy("guid").agg(F.transform(ordered, lambda one: one["caption"]).alias("captions"))


def embed_folder(
    engine: SparkEngine, lake: Lake, pictures: DataFrame, encoder: Encoder, batch: str, settings: FetchSettings
) -> Written:
    """Encode pictures on the executors and replace the slice of ``batch`` in ``picture_embeddings`` by them."""
    work = partial(embed_files, encoder=encoder, batch=batch, settings=settings)
    step = Step("embed pictures", work, PICTURE_EMBEDDINGS.schema)
    with _small_batches(engine.session):
        return engine.replace_batch(
            lake, PICTURE_EMBEDDINGS, batch, engine.run_on(step, pictures.select(*PICTURE_FILES.names), PICTURE_FILES)
        )


def export_parquet(engine: SparkEngine, lake: Lake, batch: str, target: str) -> None:
    """Write the rows of a batch to a folder of Parquet files, in parallel; what is there is replaced."""
    with said_plainly(None):
        _slice(engine, lake, batch).write.mode("overwrite").parquet(hadoop_uri(target))


def upload(engine: SparkEngine, lake: Lake, batch: str, target: VectorTarget) -> int:
    """Upload a batch's vectors, each partition by its own executor; return how many points were acknowledged.

    Points are named by guid, so a partition that is tried again changes nothing.
    """
    rows = _slice(engine, lake, batch).select("guid", "captions", *VECTORS, "status").repartition(engine.partitions)
    schema = pa.schema([PICTURE_EMBEDDINGS.schema.field(name) for name in ("guid", "captions", *VECTORS, "status")])
    step = Step("upload pictures", partial(_put, target=target, batch=batch), UPLOADED)
    return sum(sum(part["points"].to_pylist()) for part in engine.run_on(step, rows, schema))


def _put(rows: Iterator[pa.RecordBatch], target: VectorTarget, batch: str) -> Iterator[pa.RecordBatch]:
    """Upload what has a vector of its image (runs on an executor)."""
    root = connect_vector_store(target.url, target.api_key, Path(), target.server)
    store = root.on(target.collection)
    try:
        for given in rows:
            part = given.filter(given["embedding_image"].is_valid())
            if part.num_rows:
                vectors, present = {}, {}
                for name in VECTORS:
                    known, has = vector_matrix(part[name])
                    if has.any():
                        matrix = np.zeros((len(has), known.shape[1]), np.float32)
                        matrix[has] = known
                        vectors[name], present[name] = matrix, has
                texts = [captions or [] for captions in part["captions"].to_pylist()]
                payloads = [{"batch": batch, "title": found[0] if found else "", "captions": found} for found in texts]
                store.upsert(part["guid"].to_pylist(), vectors, present, payloads)
            yield pa.RecordBatch.from_pylist([{"points": part.num_rows}], schema=UPLOADED)
    finally:
        root.close()


def _slice(engine: SparkEngine, lake: Lake, batch: str) -> DataFrame:
    from pyspark.sql import functions as F

    table = engine.session.read.format("delta").load(hadoop_uri(lake.uri(PICTURE_EMBEDDINGS)))
    return table.where(F.col("batch") == batch)


@contextmanager
def _small_batches(session: SparkSession) -> Iterator[None]:
    """Hand workers few files at a time: a thousand scans at once would be gigabytes."""
    wanted = {
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_ROWS_AT_ONCE),
        "spark.sql.execution.arrow.maxBytesPerBatch": str(_BYTES_AT_ONCE),
    }
    before = {name: session.conf.get(name) for name in wanted}
    for name, value in wanted.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            session.conf.set(name, str(value))


def _qualified(session: SparkSession, uri: str) -> str:
    """Return an address as Spark tells it of a file: with the authority that the configuration knows."""
    context = session.sparkContext
    assert context._jvm is not None
    path = context._jvm.org.apache.hadoop.fs.Path(hadoop_uri(uri))
    system = path.getFileSystem(context._jsc.hadoopConfiguration())
    return str(system.makeQualified(path).toString())


_SCHEME = r"^([A-Za-z][A-Za-z0-9+.-]*):/*"


def _bare(uri: str) -> str:
    """Return an address with just one slash after its scheme: Hadoop and Spark write ``file:`` in two ways."""
    return re.sub(_SCHEME, r"\1:/", uri).rstrip("/")


def _bare_column(path: Column) -> Column:
    from pyspark.sql import functions as F

    return F.regexp_replace(path, _SCHEME, "$1:/")
