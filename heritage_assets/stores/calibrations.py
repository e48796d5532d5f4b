"""Calibrations: the threshold that was measured for an encoder on this collection, kept beside the tables."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.vectors import collection_for

if TYPE_CHECKING:
    from heritage_assets.curation.duplicates.calibration import Calibration
    from heritage_assets.curation.encoders import Encoder
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.lake import Lake


def calibration_key(encoder: str) -> str:
    """Return the object key of an encoder's calibration."""
    return _key(collection_for(encoder))


def _key(collection: str) -> str:
    return f"calibration/{collection}.json"


def save_calibration(store: ObjectStore, calibration: Calibration) -> str:
    """Keep a calibration; it holds from the next canonicalization on. Returns its key."""
    key = calibration_key(calibration.encoder)
    store.put(key, orjson.dumps(calibration.to_dict(), option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))
    return key


def load_calibration(store: ObjectStore, encoder: str) -> Calibration | None:
    """Return the calibration of an encoder, or None where it was never calibrated here."""
    from heritage_assets.curation.duplicates.calibration import Calibration

    try:
        return Calibration.from_dict(orjson.loads(store.get(calibration_key(encoder))))
    except KeyError:
        return None


def calibration_missing(platform: Platform) -> str | None:
    """Say that the encoder in use is not calibrated, where that matters; None where it does not.

    It matters for encoders of pictures alone: the default threshold is that of CLIP and its kin, and theirs score otherwise. Told
    by the active collection, without loading a model. A threshold that was set stands above all calibration.
    """
    collection = platform.vectors.active()
    if collection is None or "threshold" in platform.settings.duplicates.model_fields_set:
        return None
    if "embedding_text" in platform.vectors.on(collection).dims() or platform.objects.exists(_key(collection)):
        return None
    return "the encoder is not calibrated, and duplicates are judged by CLIP's threshold: run `heritage calibrate`"


def settings_in_force(store: ObjectStore, encoder: str, explicit: dict[str, Any]) -> DuplicateSettings:
    """Return the rules for an encoder: the defaults, what its calibration measured, and above both what was set explicitly."""
    calibration = load_calibration(store, encoder)
    settings = DuplicateSettings.model_validate(explicit)
    if calibration is None:
        return settings
    return DuplicateSettings.model_validate(calibration.settings_for(settings).model_dump() | explicit)


def calibrate_archive(
    lake: Lake, store: ObjectStore, encoder: Encoder, settings: DuplicateSettings, *, precision: float, sample: int
) -> Calibration:
    """Measure an encoder's threshold on the archive's own pictures.

    Memory: the image vectors of all current records (2 KiB each at 512 dimensions).

    Raises:
        ValueError: too few pictures.
    """
    from PIL import Image

    from heritage_assets.curation.duplicates.archive import VECTORS
    from heritage_assets.curation.duplicates.calibration import calibrate
    from heritage_assets.curation.duplicates.hashes import parse_hashes
    from heritage_assets.curation.images import perceptual_hash
    from heritage_assets.curation.query_pictures import through_a_file
    from heritage_assets.stores.archive import LakeArchive
    from heritage_assets.stores.views import CurrentFilter, current_image_vectors, live_rows, matrix, merged_by_guid

    keep = CurrentFilter(live_rows(lake))
    columns = ["guid", "batch", "perceptual_hash", "derivative", "sha256"]
    images = pa.Table.from_batches(
        list(keep(lake.scan(SOURCE_IMAGES, columns=columns, where=pc.field("derivative").is_valid()))),
        schema=pa.schema([SOURCE_IMAGES.schema.field(name) for name in columns]),
    )
    stream = (rows.select(VECTORS.names) for rows in current_image_vectors(lake, encoder.id, keep))
    vectors = pa.Table.from_batches(list(stream), schema=VECTORS)
    rows = merged_by_guid(vectors, images, ["perceptual_hash", "derivative", "sha256"])
    rows = rows.filter(pc.is_valid(rows["derivative"])).sort_by("guid")
    first = {sha: row for row, sha in reversed(list(enumerate(rows["sha256"].to_pylist())))}
    rows = rows.take(pa.array(sorted(first.values()), pa.int64()))  # equal files would pass for different pictures
    derivatives = dict(zip(rows["guid"].to_pylist(), rows["derivative"].to_pylist(), strict=True))

    def load_image(guid: str) -> Image.Image:
        with Image.open(io.BytesIO(store.get(derivatives[guid]))) as image:
            return image.convert("RGB")

    hashes, known = parse_hashes(rows["perceptual_hash"])
    return calibrate(
        encoder.id,
        rows["guid"].to_pylist(),
        matrix(rows["embedding_image"]),
        np.where(known, hashes, 0).astype(np.uint64),
        load_image=load_image,
        encode_images=lambda copies: encoder.encode_images([through_a_file(copy) for copy in copies]),
        hash_image=perceptual_hash,
        settings=settings,
        evidence=LakeArchive(lake, encoder.id).evidence(rows["guid"].to_pylist()).sort_by("guid"),
        precision=precision,
        sample=sample,
    )
