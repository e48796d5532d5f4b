"""clip_embeddings: the vectors of each record's image and text."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial

import dagster as dg
import numpy as np
import pyarrow as pa

from heritage_assets.curation.embeddings import VectorJournal, build_prompts, embed, same_image
from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, EMBEDDING_TASKS, SOURCE_IMAGES
from heritage_assets.curation.vector_memory import NORM_TOLERANCE
from heritage_assets.engines.base import Engine, Step
from heritage_assets.partitions import harvest_batches, when_sound
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.engine import EngineResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.known_vectors import known_vectors
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.views import embedding_tasks, records_of_batch

from .failures import RETRIES, retrying_only_transient
from .reporting import OWNERS, Stopwatch, blocking, counts_table, value_counts, verdict, written_metadata

COUNTED = "embeddings_match_images"
DIMENSIONS = "dimensions_match_encoder"
NORMS = "vectors_have_unit_length"
PROMPT_COLUMNS = ("guid", "title", "subject", "creator", "type", "description")


class VectorInspection:
    """What the blocking checks need, gathered while the rows stream by."""

    def __init__(self, encoder: Encoder) -> None:
        combined = encoder.image_dim + encoder.text_dim if encoder.text_dim else None
        self.expected = {"embedding_image": encoder.image_dim, "embedding_text": encoder.text_dim, "combined": combined}
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.wrong_dimensions = 0
        self.worst_norm_error = 0.0

    def watch(self, rows: pa.RecordBatch) -> None:
        """Note the rows."""
        self.statuses.update(value_counts(rows["embedding_status"]))
        self.reasons.update(value_counts(rows["reason"].drop_null()))
        for name, dimension in self.expected.items():
            vectors = rows[name].drop_null()
            lengths = np.diff(np.asarray(vectors.offsets))
            wrong = lengths != (dimension or 0)
            self.wrong_dimensions += int(wrong.sum())
            if len(vectors) and not wrong.any():
                matrix = np.asarray(vectors.flatten()).reshape(len(vectors), -1)
                norms = np.linalg.norm(matrix, axis=1) / (np.sqrt(2) if name == "combined" else 1.0)
                self.worst_norm_error = max(self.worst_norm_error, float(np.abs(norms - 1).max()))


def embed_batch(
    batch: str, lake: Lake, store: ObjectStore, engine: Engine, encoder: Encoder, inspection: VectorInspection
) -> Written:
    """Embed one batch; what this encoder already made for the same image or prompt, in whatever batch or in a run that was
    killed, is read and not made again.
    """
    records = records_of_batch(lake, batch, PROMPT_COLUMNS).combine_chunks()
    prompts = pa.concat_arrays([build_prompts(rows) for rows in records.to_batches()] or [pa.array([], pa.string())])
    tasks = pa.Table.from_batches(
        embedding_tasks(lake, batch, pa.table({"guid": records["guid"], "prompt": prompts})), schema=EMBEDDING_TASKS
    )
    journal = VectorJournal(store, batch, encoder.id)
    known = known_vectors(lake, tasks, encoder.id)
    journal.recall(known)
    work = partial(embed, encoder=encoder, store=store, known=known, journal=journal, now=datetime.now(UTC))
    step = Step("embed", work, CLIP_EMBEDDINGS.schema, together=same_image)
    rows = engine.run(step, tasks.to_batches(max_chunksize=1_024))
    # A new encoder fills its place beside the old ones.
    written = engine.replace_batch(
        lake, CLIP_EMBEDDINGS, batch, rows, only={"encoder": encoder.id}, watch=inspection.watch
    )
    journal.clear()
    return written


@dg.asset(
    deps=["source_images", "cleansed_records"],
    partitions_def=harvest_batches,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=10),
    group_name="embeddings",
    owners=OWNERS,
    kinds={"deltalake", "pytorch", "huggingface"},
    code_version="1",
    retry_policy=RETRIES,
    pool="gpu",
    automation_condition=when_sound,
    check_specs=[
        blocking(COUNTED, CLIP_EMBEDDINGS.name, "every row of source_images has its row"),
        blocking(DIMENSIONS, CLIP_EMBEDDINGS.name, "vectors have the encoder's dimensions"),
        blocking(NORMS, CLIP_EMBEDDINGS.name, f"vectors have unit length, within {NORM_TOLERANCE}"),
    ],
)
def clip_embeddings(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    object_store: ObjectStoreResource,
    engine: EngineResource,
    encoder: EncoderResource,
) -> dg.MaterializeResult:
    """Encode the image and the prompt of every record: image, text, and both concatenated.

    A record without an image keeps its text vector (NO_IMAGE); one whose encoding fails is FAILED with the reason.
    """
    tables = lake.open()
    with retrying_only_transient():
        model = encoder.load()
    inspection, watch = VectorInspection(model), Stopwatch()
    writes: dict[str, Written] = {}
    for batch in context.partition_keys:
        with watch.batch(batch), retrying_only_transient():
            writes[batch] = embed_batch(batch, tables, object_store.store(), engine.engine(), model, inspection)
        context.log.info("batch %s: %s rows", batch, writes[batch].rows)
    images = tables.count(SOURCE_IMAGES, batches=context.partition_keys)
    embedded = inspection.statuses.total()
    return dg.MaterializeResult(
        metadata={
            **written_metadata(tables, CLIP_EMBEDDINGS, writes),
            "encoder": model.id,
            "encoder_version": getattr(model, "version", model.id),
            "dimensions": dg.MetadataValue.json({name: size for name, size in inspection.expected.items() if size}),
            "by_status": counts_table(inspection.statuses, "status"),
            "failures_by_reason": counts_table(inspection.reasons, "reason"),
            **watch.metadata(embedded),
        },
        check_results=[
            verdict(COUNTED, CLIP_EMBEDDINGS.name, images == embedded, images=images, embeddings=embedded),
            verdict(
                DIMENSIONS, CLIP_EMBEDDINGS.name, inspection.wrong_dimensions == 0, wrong=inspection.wrong_dimensions
            ),
            verdict(
                NORMS,
                CLIP_EMBEDDINGS.name,
                inspection.worst_norm_error <= NORM_TOLERANCE,
                worst_error=inspection.worst_norm_error,
            ),
        ],
    )
