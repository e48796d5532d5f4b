"""Images behind IIIF image services: asked for at the size that is needed, whatever level and version the service is of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hostile_provider as hp
import orjson
import pyarrow as pa
import pytest
import sample_images as samples
from image_runs import QUICK

from heritage_assets.curation.images import FetchSettings, Reason, fetch_images
from heritage_assets.curation.images.checkpoints import Checkpoint
from heritage_assets.curation.images.wanted import wanted_image
from heritage_assets.curation.schemas import IMAGE_TASKS
from heritage_assets.stores.objects import FolderStore

BASE = "https://example.org/iiif/1"
SIZED = f"{BASE}/full/!768,768/0/default.jpg"
V2 = "http://iiif.io/api/image/2/level{}.json"
V3 = "http://iiif.io/api/image/3/context.json"
SIZES = [{"width": width, "height": width * 3 // 4} for width in (1600, 200, 800)]
BIG, SMALL = samples.jpeg(1, (1600, 1200)), samples.jpeg(1, (800, 600))


@pytest.mark.parametrize(
    ("url", "asked", "spare"),
    [
        (None, SIZED, None),
        (f"{BASE}/full/full/0/default.jpg", SIZED, f"{BASE}/full/full/0/default.jpg"),
        (f"{BASE}/full/max/0/default.jpg", SIZED, f"{BASE}/full/max/0/default.jpg"),
        (f"{BASE}/full/pct:100/0/native.jpg", SIZED, f"{BASE}/full/pct:100/0/native.jpg"),
        ("https://example.org/scan.tif", SIZED, "https://example.org/scan.tif"),
        (f"{BASE}/full/600,/0/default.jpg", f"{BASE}/full/600,/0/default.jpg", None),
        (f"{BASE}/10,10,90,90/max/0/default.jpg", f"{BASE}/10,10,90,90/max/0/default.jpg", None),
        ("file:///scans/1.jpg", "file:///scans/1.jpg", None),
    ],
)
def test_the_service_is_asked_unless_the_record_says_which_part_or_size(url, asked, spare) -> None:
    wanted = wanted_image(url, f"{BASE}/info.json", 768)
    assert wanted is not None and (wanted.url, wanted.spare) == (asked, spare)


def test_without_a_service_the_record_is_taken_at_its_word() -> None:
    wanted = wanted_image(" https://example.org/a.jpg ", " ", 768)
    assert wanted is not None and (wanted.url, wanted.service, wanted.spare) == (
        "https://example.org/a.jpg",
        None,
        None,
    )
    assert wanted_image(" ", None, 768) is None


def info(**values: Any) -> hp.Behaviour:
    return hp.image(orjson.dumps({"width": 1600, "height": 1200} | values), "application/ld+json")


def service(name: str, size: str, description: hp.Behaviour | None, body: bytes = SMALL) -> dict[str, hp.Behaviour]:
    routes = {f"{name}/full/{size}/0/default.jpg": hp.image(body)}
    return routes | ({f"{name}/info.json": description} if description else {})


SERVICES: dict[str, tuple[dict[str, hp.Behaviour], str]] = {
    "two": (service("two", "!768,768", None), "!768,768"),
    "one-of-2": (service("one-of-2", "768,", info(profile=[V2.format(1)])), "768,"),
    "one-of-3": (service("one-of-3", "768,", info(profile="level1", type="ImageService3")), "768,"),
    "zero-of-2": (service("zero-of-2", "800,600", info(profile=V2.format(0), sizes=SIZES)), "800,600"),
    "zero-of-3": (service("zero-of-3", "800,600", info(profile="level0", sizes=SIZES, **{"@context": V3})), "800,600"),
    "zero-unlisted": (service("zero-unlisted", "max", info(profile="level0", **{"@context": V3}), BIG), "max"),
    "small-of-3": (service("small-of-3", "max", info(profile="level2", width=500, height=400, **{"@context": V3})), "max"),
    "limited": (service("limited", "!400,400", info(profile="level2", maxWidth=400, **{"@context": V3})), "!400,400"),
}  # fmt: skip


def fetched(provider: hp.Provider, records: dict[str, str | None], folder: Path) -> dict[str, dict[str, Any]]:
    """Fetch the image of each record: name of the service to its own address."""
    tasks = pa.Table.from_pylist(
        [
            {"guid": name, "batch": "b1", "dataset": "d", "url": url, "iiif_service": provider.url(name)}
            for name, url in records.items()
        ],
        schema=IMAGE_TASKS,
    )
    store, settings = FolderStore(folder), FetchSettings(**QUICK)
    rows = list(fetch_images(iter(tasks.to_batches()), store, settings))
    checkpoint = Checkpoint(store, "b1", "base", settings.derivative_side)
    checkpoint.record(rows)
    assert sum(part.num_rows for part in checkpoint.left(tasks)) == 0, "rows are found by the address asked first"
    return {row["guid"]: row for batch in rows for row in batch.to_pylist()}


@pytest.mark.parametrize("name", SERVICES)
def test_each_level_and_version_gives_the_size_needed(name, tmp_path: Path) -> None:
    routes, size = SERVICES[name]
    refusal = hp.status(400 if name.startswith("one") else 501 if name == "limited" else 404)
    with hp.Provider(routes, default=refusal) as provider:
        row = fetched(provider, {name: None}, tmp_path)[name]
    assert row["status"] == "OK", row
    asked = [request.path for request in provider.log if request.path.endswith(".jpg")]
    assert asked[-1] == f"{name}/full/{size}/0/default.jpg"
    assert row["url"].endswith("/full/!768,768/0/default.jpg")
    assert (row["detail"] is None) == (size == "!768,768") and size in (row["detail"] or size)


def test_a_host_that_lists_its_sizes_is_asked_for_the_list_first(tmp_path: Path) -> None:
    names = [f"page{number}" for number in range(12)]
    listed = info(profile=V2.format(0), sizes=[{"width": 800, "height": 600}])
    routes = {path: what for name in names for path, what in service(name, "800,600", listed).items()}
    with hp.Provider(routes) as provider:
        rows = fetched(provider, dict.fromkeys(names), tmp_path)
    assert all(row["status"] == "OK" for row in rows.values())
    assert sum("!768" in request.path for request in provider.log) == 1, "one has shown how the others are asked"


def test_the_file_of_the_record_is_asked_for_when_the_service_has_nothing(tmp_path: Path) -> None:
    with hp.Provider({"scan.jpg": hp.image(BIG)}) as provider:
        row = fetched(provider, {"gone": provider.url("scan.jpg")}, tmp_path)["gone"]
    assert (row["status"], row["width"]) == ("OK", 1600)
    assert [request.path for request in provider.log] == [
        "gone/full/!768,768/0/default.jpg",
        "gone/info.json",
        "scan.jpg",
    ]


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (lambda exchange: exchange.reply(200, SMALL, X_Robots_Tag="noai"), Reason.OPTED_OUT),
        (hp.status(429, Retry_After="60"), Reason.RATE_LIMITED),
        (hp.status(502), Reason.SERVER_ERROR),
    ],
)
def test_a_no_and_a_not_now_are_not_dodged(behaviour, reason, tmp_path: Path) -> None:
    with hp.Provider({"a/full/!768,768/0/default.jpg": behaviour, "scan.jpg": hp.image(BIG)}) as provider:
        row = fetched(provider, {"a": provider.url("scan.jpg")}, tmp_path)["a"]
    assert row["reason"] == reason
    assert {request.path for request in provider.log} == {"a/full/!768,768/0/default.jpg"}


@pytest.mark.parametrize("document", [b"", b"[1]", b"{", b"\xff\xfe", b'{"sizes": 3, "width": "x"}'])
def test_a_broken_description_leaves_the_first_failure(document, tmp_path: Path) -> None:
    with hp.Provider({"a/info.json": hp.image(document, "application/json")}) as provider:
        row = fetched(provider, {"a": None}, tmp_path)["a"]
    assert (row["status"], row["reason"], row["http_status"]) == ("FAILED", Reason.NOT_FOUND, 404)
