"""A small real archive: thirty pictures through the whole chain, with a CLIP of random weights; and clients of it."""

from __future__ import annotations

import csv
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parent.parent / "curation"))  # small pictures and small encoders

import httpx
import sample_images

from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from starlette.testclient import TestClient

OBJECTS = 26
COPIES = {1: "copy-1", 2: "copy-2", 3: "copy-3"}
SCRIPT = '" onerror=alert(1) x="{{7*7}} & \u202etxt'
COLUMNS = (
    *(
        "id",
        "title",
        "creator",
        "subject",
        "type",
        "description",
        "provider",
        "data_provider",
        "country",
        "language",
        "rights",
        "date",
    ),
    *("inventory", "image"),
)


def museum_rows() -> list[dict[str, str]]:
    """Rows of the museum's table: objects, re-encoded copies, one record without image, one with a script for a title."""
    rows = [_row(number) for number in range(OBJECTS)]
    rows += [
        {
            **_row(number),
            "id": name,
            "provider": "Other Museum",
            "data_provider": "Other House",
            "inventory": f"OM {number}",
            "image": f"{name}.jpg",
        }
        for number, name in COPIES.items()
    ]
    rows.append({**_row(90), "id": "text-only", "title": "A letter without a picture", "image": ""})
    rows.append({**_row(25), "id": "hostile", "title": SCRIPT, "creator": SCRIPT, "inventory": "../../etc/passwd"})
    return rows


def _row(number: int) -> dict[str, str]:
    kind = ("painting", "coin", "map")[number % 3]
    return {
        "id": f"obj-{number}",
        "title": f"{kind.title()} of the town, number {number}",
        "creator": f"Master {number % 4}",
        "subject": f"{kind};town",
        "type": kind,
        "description": f"A {kind} shown in room {number % 5}, über alles schön.",
        "provider": "Town Museum",
        "data_provider": "Upper House" if number % 5 else "Lower House",
        "country": "Italy" if number % 2 else "Germany",
        "language": "en",
        "rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "date": str(1800 + number * 3),
        "inventory": f"Inv. {1900 + number}/{number}-a",
        "image": f"object-{number}.jpg",
    }


def write_museum(folder: Path) -> Path:
    """Write table and pictures; return the table's path."""
    folder.mkdir(parents=True)
    rows = museum_rows()
    with (folder / "museum.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    for number in range(OBJECTS):
        (folder / f"object-{number}.jpg").write_bytes(sample_images.jpeg(number))
    for number, name in COPIES.items():
        copy = sample_images.encoded(sample_images.picture(number), "JPEG", quality=72)
        (folder / f"{name}.jpg").write_bytes(copy)
    return folder / "museum.csv"


def build_archive(folder: Path, encoder: Path) -> Settings:
    """Harvest the museum and run its whole chain; return the home's settings."""
    from heritage_assets.cli.chain import run_chain
    from heritage_assets.curation.sources import harvest
    from heritage_assets.curation.sources.tables import CsvSource
    from heritage_assets.stores.connect import Platform

    settings = Settings(
        _env_file=None,
        home=folder / "home",
        encoder=str(encoder),
        duplicates={"threshold": 0.999, "review_band": 0.0009},  # scores of random weights crowd near 1
        clusters={"map_iterations": 50},
    )
    columns = {"guid": "id", "identifiers": "inventory", "is_shown_by": "image"}
    columns |= {name: name for name in COLUMNS if name not in ("id", "inventory", "image")}
    source = CsvSource(write_museum(folder / "museum"), columns=columns)
    harvest(source, Platform(settings).landing, dataset="museum", batch="museum-1")
    outcomes = run_chain(settings, None, "clusters", show=False)
    assert all(outcome.success for outcome in outcomes), outcomes
    return settings


def open_client(settings: Settings, **limits: object) -> TestClient:
    """Return a client of an application over a home; use it as a context."""
    from starlette.testclient import TestClient

    from heritage_assets.search.api.app import create_app
    from heritage_assets.search.settings import SearchSettings

    chosen = SearchSettings(**{"requests_per_second": 0, "refresh_seconds": 0.2, **limits})
    return TestClient(create_app(settings, chosen), raise_server_exceptions=False)


def wait_until(answers, seconds: float = 60.0):
    """Wait until ``answers()`` is true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = answers()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


@contextmanager
def serving(settings: Settings, **limits: object) -> Iterator[str]:
    """Serve an application over a home on a real socket, in a thread of this process; yields its address."""
    import uvicorn

    from heritage_assets.search.api.app import create_app
    from heritage_assets.search.settings import SearchSettings

    chosen = SearchSettings(**{"requests_per_second": 0, "refresh_seconds": 0.2, **limits})
    config = uvicorn.Config(create_app(settings, chosen), port=0, log_level="error", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    wait_until(lambda: httpx.get(f"{address}/readyz").status_code == 200)
    yield address
    server.should_exit = True
    thread.join(30)
