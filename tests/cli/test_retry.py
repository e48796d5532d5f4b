"""``heritage retry``: what failed is asked for again, also when it was final."""

from __future__ import annotations

import csv
import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "web"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_final_failure_comes_back_when_a_person_says_so(empty, web, collection: Path, monkeypatch) -> None:
    monkeypatch.setenv("HERITAGE_FETCH__ALLOWED_NETWORKS", '["127.0.0.0/8"]')
    folder, base = web
    with (empty.folder / "objects.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["id", "title", "image"])
        lines.writerows([(f"o{n}", f"Object {n}", f"{base}/{n}.png") for n in (1, 2, 3)])
    (folder / "1.png").write_bytes((collection / "photos" / "1.png").read_bytes())
    (folder / "3.png").write_text("<!DOCTYPE html><html><body>Sign in</body></html>" * 20)
    empty.run(
        "harvest", "csv", "objects.csv", "--dataset", "m", "--batch", "m-1",
        "--id", "id", "--title", "title", "--image", "image",
    )  # fmt: skip
    empty.run("materialize", "--until", "canonical_points")
    status = empty.json("status")
    assert status["failed_by_reason"] == {"not_found": 1, "html_instead_of_image": 1}
    (host,) = status["hosts"]
    assert (host["host"], host["images"], host["failed"], host["waiting"]) == ("127.0.0.1", 3, 2, 0)
    empty.run("export", "failed_images", "--output", "failed.csv")
    with (empty.folder / "failed.csv").open(encoding="utf-8") as file:
        assert {(row["host"], row["guid"], row["reason"]) for row in csv.DictReader(file)} == {
            ("127.0.0.1", "o2", "not_found"),
            ("127.0.0.1", "o3", "html_instead_of_image"),
        }
    (folder / "2.png").write_bytes((collection / "photos" / "2.png").read_bytes())
    (folder / "3.png").write_bytes((collection / "photos" / "3.png").read_bytes())
    assert empty.json("retry", "--host", "other.example") == {"images": 0, "runs": []}
    done = empty.json("retry", "--reason", "not_found", "--host", "127.0.0.1")
    (run,) = done["runs"]
    assert (done["images"], run["batch"], run["recovered"], run["still_failed"]) == (1, "m-1", 1, {})
    status = empty.json("status")
    assert status["images"] == {"OK": 2, "NO_IMAGE": 0, "FAILED": 1}
    assert status["points"]["validated"] == 3
    assert "still failed: none" in empty.run("retry", "--batch", "m-1").stdout
    assert "no reason nonsense" in empty.run("retry", "--reason", "nonsense", ok=False).stderr
    assert "no images of batch other" in empty.run("retry", "--batch", "other", ok=False).stderr
