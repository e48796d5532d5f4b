"""Sources that several processes can read at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise

import pyarrow as pa

from heritage_assets.curation.landing import LandingZone, Part, decode_part
from heritage_assets.engines.base import Reader


class LandedBatch:
    """A sealed batch of the landing zone, as RAW_RECORDS.

    A part is at most a thousand records, so parts are what is handed out; they are read, and verified, where they are worked on.
    """

    def __init__(self, zone: LandingZone, batch: str) -> None:
        self._zone = zone
        self._batch = batch

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Read the whole batch, in order."""
        return self._zone.read(self._batch)

    def readers(self, wanted: int) -> list[Reader]:
        """Return readers of runs of neighbouring parts, at most ``wanted``."""
        manifest = self._zone.manifest(self._batch)
        folder = self._zone.folder(manifest.dataset, manifest.batch)
        parts = manifest.parts
        before = [0, *accumulate(part.records for part in parts)]
        count = min(max(wanted, 1), len(parts))
        edges = [len(parts) * index // count for index in range(count + 1)] if count else []
        return [
            partial(_read_run, self._zone, folder, parts[first:end], before[first] + 1)
            for first, end in pairwise(edges)
        ]


def _read_run(zone: LandingZone, folder: str, parts: Sequence[Part], first_line: int) -> Iterator[pa.RecordBatch]:
    for part in parts:
        yield decode_part(zone.fetch_part(folder, part), first_line=first_line)
        first_line += part.records
