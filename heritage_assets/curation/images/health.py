"""How hosts fare: which images failed and when they are due again, counts by host, hosts that got worse, and asking again.

Works on rows of SOURCE_IMAGES. Memory: :func:`host_health` holds the columns it is given; the rest streams.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.images.outcomes import DETAIL_LENGTH, PreviousImage
from heritage_assets.curation.images.policy import REASONS, Reason, Status
from heritage_assets.curation.schemas import SOURCE_IMAGES, TableSpec

_COLUMNS = ("url", "reason", "detail", "permanent", "http_status", "attempts", "next_attempt_at", "fetched_at")
FAILED_IMAGES = TableSpec(
    "failed_images",
    pa.schema(
        [
            *(SOURCE_IMAGES.schema.field(name) for name in ("guid", "batch", "dataset")),
            ("host", pa.string()),
            *(SOURCE_IMAGES.schema.field(name) for name in _COLUMNS),
        ]
    ),
    ("guid", "batch"),
)
"""A view: the FAILED rows of source_images with their host. ``next_attempt_at`` is null where ``permanent`` is true."""

HEALTH_COLUMNS = ("url", "status", "reason", "detail", "fetched_at", "next_attempt_at", "size_bytes")
"""What :func:`host_health` reads."""
_HOST = r"^[A-Za-z][A-Za-z0-9+.\-]*:/{2}(?:[^/?#@]*@)?(?P<host>\[[^\]]*\]|[^/?#:]*)"
FILE_HOST = "(file)"
NO_HOST = "(none)"

LEAST_IMAGES = 50
"""A host with fewer images in a batch is not judged: a few bad addresses are no trend."""
LEAST_RISE = 0.1
SIGNIFICANT = 4.0
"""Standard errors between two rates; chance alone exceeds it once in 30,000 comparisons."""


@dataclass(frozen=True)
class HostHealth:
    """One host: its images, and its last error. ``waiting``: failed images with a next attempt. ``failure_rate``: 0 to 1."""

    host: str
    images: int
    ok: int
    failed: int
    waiting: int
    failure_rate: float
    bytes: int
    last_error: str | None
    last_error_at: datetime | None


@dataclass(frozen=True)
class Rise:
    """A host whose failure rate jumped: the rate of this batch and of the batches before."""

    host: str
    rate: float
    before: float
    images: int
    images_before: int


def hosts_of(urls: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return the host of each address, lower case; ``(file)`` for files, ``(none)`` where there is none."""
    found = pc.struct_field(pc.extract_regex(urls, _HOST), "host")
    hosts = pc.utf8_lower(pc.fill_null(found, NO_HOST))
    is_file = pc.fill_null(pc.starts_with(urls, "file:", ignore_case=True), False)
    return pc.if_else(is_file, FILE_HOST, pc.if_else(pc.equal(hosts, ""), NO_HOST, hosts))


def failed_images(rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the failed ones among ``rows`` (SOURCE_IMAGES) as FAILED_IMAGES."""
    for batch in rows:
        failed = batch.filter(pc.equal(batch["status"], Status.FAILED.value))
        if failed.num_rows:
            columns = {name: failed[name] for name in failed.schema.names} | {"host": hosts_of(failed["url"])}
            yield pa.RecordBatch.from_arrays(
                [columns[name] for name in FAILED_IMAGES.schema.names], schema=FAILED_IMAGES.schema
            )


def host_health(rows: pa.Table) -> list[HostHealth]:
    """Return the health of each host, most failures first, of rows with the columns HEALTH_COLUMNS."""
    rows = rows.filter(pc.is_valid(rows["url"]))
    if rows.num_rows == 0:
        return []
    failed = pc.equal(rows["status"], Status.FAILED.value)
    counts = pa.table(
        {
            "host": hosts_of(rows["url"]),
            "failed": failed.cast(pa.int64()),
            "waiting": pc.and_(failed, pc.is_valid(rows["next_attempt_at"])).cast(pa.int64()),
            "bytes": pc.fill_null(rows["size_bytes"], 0),
        }
    ).group_by("host")
    totals = counts.aggregate([([], "count_all"), ("failed", "sum"), ("waiting", "sum"), ("bytes", "sum")])
    last = _last_errors(rows.filter(failed))
    found = []
    for row in totals.to_pylist():
        images, lost = row["count_all"], row["failed_sum"]
        error, at = last.get(row["host"], (None, None))
        found.append(
            HostHealth(
                row["host"], images, images - lost, lost, row["waiting_sum"], lost / images, row["bytes_sum"], error, at
            )
        )
    return sorted(found, key=lambda one: (-one.failed, -one.images, one.host))


def _last_errors(failed: pa.Table) -> dict[str, tuple[str, datetime | None]]:
    rows = failed.append_column("host", hosts_of(failed["url"])).sort_by("fetched_at")
    columns = ("reason", "detail", "fetched_at")
    newest = rows.group_by("host", use_threads=False).aggregate([(name, "last") for name in columns])
    return {
        row["host"]: (
            ": ".join(part for part in (row["reason_last"], row["detail_last"]) if part),
            row["fetched_at_last"],
        )
        for row in newest.to_pylist()
    }


def risen(now: Iterable[HostHealth], before: Iterable[HostHealth]) -> list[Rise]:
    """Return the hosts whose failure rate is higher than before by LEAST_RISE and beyond chance, by a two-proportion z-test
    with one failure and one success added to each side (Agresti and Caffo 2000), so that rates of 0 and 1 have a spread too.

    Hosts with fewer than LEAST_IMAGES images on either side are not judged.
    """
    known = {one.host: one for one in before}
    found = []
    for one in now:
        old = known.get(one.host)
        if old is None or min(one.images, old.images) < LEAST_IMAGES:
            continue
        rates = [(side.failed + 1) / (side.images + 2) for side in (one, old)]
        spread = math.sqrt(
            sum(rate * (1 - rate) / (side.images + 2) for rate, side in zip(rates, (one, old), strict=True))
        )
        if one.failure_rate - old.failure_rate >= LEAST_RISE and rates[0] - rates[1] >= SIGNIFICANT * spread:
            found.append(Rise(one.host, one.failure_rate, old.failure_rate, one.images, old.images))
    return found


def check_reasons(reasons: Iterable[str]) -> frozenset[str]:
    """Return the reasons as a set.

    Raises:
        ValueError: one is unknown, or none of a failure.
    """
    possible = {reason.value for reason in REASONS if reason is not Reason.NO_IMAGE_URL}
    unknown = sorted(set(reasons) - possible)
    if unknown:
        raise ValueError(f"no reason {', '.join(unknown)}: use one of {', '.join(sorted(possible))}")
    return frozenset(reasons)


def selected(failed: pa.RecordBatch | pa.Table, reasons: Collection[str], hosts: Collection[str]) -> pa.Array:
    """Return a mask of the rows (columns host and reason) with one of the reasons and one of the hosts; none given: any.

    A host names itself and its subdomains.
    """
    mask = pa.array([True] * failed.num_rows, pa.bool_())
    if reasons:
        mask = pc.and_(mask, pc.is_in(failed["reason"], value_set=pa.array(sorted(reasons), pa.string())))
    if hosts:
        ours = pa.array([_is_one_of(host, hosts) for host in failed["host"].to_pylist()], pa.bool_())
        mask = pc.and_(mask, ours)
    return mask


def _is_one_of(host: str, wanted: Collection[str]) -> bool:
    return any(host == one.lower() or host.endswith(f".{one.lower()}") for one in wanted)


def left_to_newer(previous: Mapping[str, PreviousImage], guids: Iterable[str]) -> dict[str, PreviousImage]:
    """Return ``previous`` with the failures of ``guids`` that could be tried again final: their provider has withdrawn the
    record, or its newer batch asks for the image."""
    failed = ((guid, previous[guid]) for guid in guids if can_recover(previous[guid]))
    final = {
        guid: replace(
            image,
            reason=Reason.SUPERSEDED.value,
            detail=f"{REASONS[Reason.SUPERSEDED].meaning}; last: {image.reason}: {image.detail}"[:DETAIL_LENGTH],
            permanent=True,
            next_attempt_at=None,
        )
        for guid, image in failed
    }
    return {**previous, **final}


def can_recover(image: PreviousImage) -> bool:
    """Tell whether an image failed in a way that another attempt may mend."""
    return image.status == Status.FAILED and not image.permanent


def made_due(
    previous: Mapping[str, PreviousImage], reasons: Collection[str], hosts: Collection[str]
) -> dict[str, PreviousImage]:
    """Return ``previous`` with the selected failures due now, the final ones too; their attempts stay counted."""
    failed = {guid: image for guid, image in previous.items() if image.status == Status.FAILED}
    rows = pa.table(
        {
            "reason": pa.array([image.reason for image in failed.values()], pa.string()),
            "host": hosts_of(pa.array([image.url for image in failed.values()], pa.string())),
        }
    )
    chosen = selected(rows, reasons, hosts).to_pylist()
    due = {
        guid: replace(image, permanent=False, next_attempt_at=None)
        for (guid, image), wanted in zip(failed.items(), chosen, strict=True)
        if wanted
    }
    return {**previous, **due}
