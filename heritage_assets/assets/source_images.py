"""source_images: the picture of each record, fetched, checked, kept once, or the reason why not."""

from collections.abc import Iterator
from functools import partial

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.images import FetchSettings, fetch_images
from heritage_assets.curation.schemas import CLEANSED_RECORDS, SOURCE_IMAGES
from heritage_assets.engines.local import Step
from heritage_assets.partitions import harvest_batches
from heritage_assets.resources.engine import LocalEngineResource
from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.stores.lake import Lake, Written
from heritage_assets.stores.views import image_tasks, images_known_for

from .reporting import (
    OWNERS,
    Stopwatch,
    blocking,
    contact_sheet_metadata,
    counts_table,
    value_counts,
    verdict,
    written_metadata,
)
