"""The registry end to end: an encoder goes in, the archive is made with it by alias, and MLflow gives and serves its vectors."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import numpy as np
import pytest
from local_servers import free_port
from switched_archive import TwoEncoders, harvest_rows, prepare, row, write_rows

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, SOURCE_IMAGES
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.registry.encoders import list_encoders, resolve_name
from heritage_assets.registry.tracking import RegistryError, Tracking
from heritage_assets.search.service import SearchService

pytestmark = pytest.mark.slow
URI = "models:/heritage-encoder@production"
OBJECTS = 6
NEAR = 1e-6
"""Other batches, other order of sums: float32 vectors of unit length agree to this."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoEncoders]:
    """An archive that was harvested, materialized and is searched with the encoder behind an alias of the registry."""
    made, pictures = prepare(tmp_path_factory.mktemp("registered"))
    made.run("encoder", "register", str(made.first), "--alias", "production")
    table = write_rows(pictures, "1.csv", [row(number) for number in range(OBJECTS)])
    harvest_rows(made.platform(), table, "museum-1")
    made.run("materialize", HERITAGE_ENCODER=URI)
    yield made
    stop_endpoint(made.home)


@pytest.fixture(scope="module")
def rows(archive: TwoEncoders) -> list[dict[str, Any]]:
    """What the chain made: guid, prompt, both vectors, and the picture as it was harvested."""
    platform = archive.platform()
    made = platform.lake.read(CLIP_EMBEDDINGS).sort_by("guid").to_pylist()
    images = platform.lake.read(SOURCE_IMAGES, columns=["guid", "original"]).to_pylist()
    pictures = {image["guid"]: platform.objects.get(image["original"]) for image in images}
    return [{**one, "picture": pictures[one["guid"]]} for one in made]


def test_the_chain_runs_by_alias_and_search_finds_by_the_same_encoder(
    archive: TwoEncoders, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    encoder = load_encoder(str(archive.first), "cpu")
    assert [one["guid"] for one in rows] == [f"obj-{number}" for number in range(OBJECTS)]
    assert {one["encoder"] for one in rows} == {encoder.id}, "files in the registry are the same encoder"
    assert {one["embedding_status"] for one in rows} == {"OK"}
    with mock.patch.dict(os.environ, archive.environment(HERITAGE_ENCODER=URI)):
        platform = archive.platform()
        assert platform.encoder().id == encoder.id
        assert SearchService(platform).search(text=rows[0]["prompt"], limit=1)
        (tmp_path / "asked").write_bytes(rows[2]["picture"])
        [own] = SearchService(platform).search(image=tmp_path / "asked", limit=1)
        hits = platform.vectors.search(np.asarray(rows[2]["embedding_image"], np.float32), "embedding_image", 2)
    assert (own.guid, own.score) == (rows[2]["guid"], pytest.approx(1, abs=NEAR)), "a file has the vector of its record"
    assert hits[0].guid == rows[2]["guid"] and hits[0].score == pytest.approx(1, abs=NEAR)
    assert hits[1].score == pytest.approx(max(cosines_to(rows[2], rows)), abs=NEAR)


def test_mlflow_loads_it_by_alias_and_gives_the_vectors_of_the_chain(
    archive: TwoEncoders, rows: list[dict[str, Any]]
) -> None:
    import pandas as pd

    tracking = Tracking.of(archive.settings)
    model = tracking.mlflow.pyfunc.load_model(URI)
    images = model.predict(pd.DataFrame({"image": [one["picture"] for one in rows]}))
    texts = model.predict(pd.DataFrame({"text": [one["prompt"] for one in rows]}))
    same_vectors(images["vector"], [one["embedding_image"] for one in rows])
    same_vectors(texts["vector"], [one["embedding_text"] for one in rows])
    assert set(images["encoder"]) == {rows[0]["encoder"]}
    info = tracking.mlflow.models.get_model_info(URI)
    assert info.signature.inputs.input_names() == ["image", "text"]
    assert info.saved_input_example_info is not None
    written = Path(tracking.mlflow.artifacts.download_artifacts(f"{URI}/requirements.txt")).read_text(encoding="utf-8")
    assert all("==" in line for line in written.splitlines()) and "torch==" in written


def test_it_is_served_over_http_with_the_scores_of_the_chain(archive: TwoEncoders, rows: list[dict[str, Any]]) -> None:
    with Served(archive) as client:
        images = asked(client, [{"image": b64(one)} for one in rows])
        texts = asked(client, [{"text": one["prompt"]} for one in rows])
        mixed = asked(client, [{"text": rows[0]["prompt"], "image": None}, {"image": b64(rows[1]), "text": None}])
        refused = client.post("/invocations", json={"dataframe_records": [{"image": "no picture"}]})
    same_vectors(images, [one["embedding_image"] for one in rows])
    same_vectors(texts, [one["embedding_text"] for one in rows])
    same_vectors(mixed, [rows[0]["embedding_text"], rows[1]["embedding_image"]])
    served_scores = np.asarray(texts) @ np.asarray(images).T
    chain = (np.asarray([one[name] for one in rows]) for name in ("embedding_text", "embedding_image"))
    text_vectors, image_vectors = chain
    assert np.allclose(served_scores, text_vectors @ image_vectors.T, atol=NEAR)
    assert refused.status_code == 400 and "row 0" in refused.text


def test_an_alias_moves_in_one_step_and_versions_stay(archive: TwoEncoders) -> None:
    tracking = Tracking.of(archive.settings)
    again = archive.json("encoder", "register", str(archive.first))
    assert again["version"] == 1, "the same weights are the same version"
    archive.run("encoder", "register", str(archive.second), "--alias", "production")
    assert [(one.version, one.aliases) for one in list_encoders(tracking)] == [(2, ("production",)), (1, ())]
    ids = [load_encoder(resolve_name(tracking, name), "cpu").id for name in (URI, "models:/heritage-encoder/1")]
    assert ids == [load_encoder(str(folder), "cpu").id for folder in (archive.second, archive.first)]
    for wrong in ("models:/heritage-encoder@nobody", "models:/nothing/1", "models:/heritage-encoder"):
        with pytest.raises(RegistryError, match=r"nobody|nothing|names no encoder"):
            resolve_name(tracking, wrong)


def same_vectors(found: Any, expected: Any) -> None:
    found, expected = np.asarray(list(found), np.float64), np.asarray(list(expected), np.float64)
    assert found.shape == expected.shape and np.allclose(found, expected, atol=NEAR)


def cosines_to(one: dict[str, Any], others: list[dict[str, Any]]) -> list[float]:
    return [float(np.dot(one["embedding_image"], other["embedding_image"])) for other in others if other is not one]


def b64(one: dict[str, Any]) -> str:
    return base64.b64encode(one["picture"]).decode("ascii")


def asked(client: httpx.Client, records: list[dict[str, Any]]) -> list[list[float]]:
    answer = client.post("/invocations", json={"dataframe_records": records})
    assert answer.status_code == 200, answer.text
    return [one["vector"] for one in answer.json()["predictions"]]


class Served:
    """``mlflow models serve`` as a process of its own."""

    def __init__(self, archive: TwoEncoders) -> None:
        self.archive = archive

    def __enter__(self) -> httpx.Client:
        port = free_port()
        self.log = self.archive.home / "serve.log"
        command = ["-m", "mlflow", "models", "serve", "-m", URI, "--env-manager", "local", "--host", "127.0.0.1"]
        environment = {
            **os.environ,
            "MLFLOW_TRACKING_URI": Tracking.of(self.archive.settings).uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "OMP_NUM_THREADS": "1",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--port", str(port), "--workers", "1"],
                cwd=self.archive.home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        deadline = time.monotonic() + 150
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.2)
        return self.client

    def answers(self) -> bool:
        try:
            return self.client.get("/ping").status_code == 200
        except httpx.TransportError:
            return False

    def __exit__(self, *_: object) -> None:
        self.client.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
