"""Fine-tuning on a collection's own pictures and words: what trains, what judges, and what is registered."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from switched_archive import TwoEncoders, encoder_models, write_rows

from heritage_assets.curation.encoders import EncoderError, load_encoder
from heritage_assets.curation.fine_tuning import FineTuning, Judged, Pair, fine_tune, split
from heritage_assets.curation.fine_tuning.pairs import batches
from heritage_assets.curation.fine_tuning.settings import Method
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.registry.encoders import list_encoders
from heritage_assets.registry.tracking import Tracking

COLOURS = ("red", "blue", "lime", "gold", "pink", "teal", "grey", "navy")
COMBINATIONS = list(itertools.product(COLOURS, COLOURS))


def drawn(ground: str, disc: str) -> Image.Image:
    picture = Image.new("RGB", (96, 96), ground)
    ImageDraw.Draw(picture).ellipse((20, 20, 76, 76), fill=disc)
    return picture


def pair(number: int) -> Pair:
    ground, disc = COMBINATIONS[number]
    return Pair(f"obj-{number}", f"thing-{number}", f"{ground} {disc}", None, str(number))


def picture(one: Pair) -> Image.Image | None:
    return drawn(*COMBINATIONS[int(one.derivative)])


def test_no_object_is_on_both_sides_and_the_sides_stay_when_the_archive_grows() -> None:
    pairs = [Pair(f"{n}-{copy}", f"thing-{n}", f"thing {n}", None, "") for n in range(200) for copy in range(1 + n % 3)]
    parts = split(pairs, FineTuning(held_out=0.25))
    judging = {one.thing for one in parts.held_out}
    assert not judging & {one.thing for one in parts.train}
    assert 0.15 < len(judging) / 200 < 0.35
    assert len(parts.train) + len(parts.held_out) == len(pairs)
    smaller = split([one for one in pairs if int(one.thing[6:]) < 120], FineTuning(held_out=0.25))
    assert {one.thing for one in smaller.held_out} == {thing for thing in judging if int(thing[6:]) < 120}
    with pytest.raises(ValueError, match="10 are the least"):
        split(pairs[:12], FineTuning())


def test_a_batch_holds_no_object_and_no_prompt_twice() -> None:
    pairs = [Pair(str(n), f"thing-{n % 17}", f"prompt {n % 23}", None, "") for n in range(150)]
    seen: list[int] = []
    for batch in batches(pairs, 16, np.random.default_rng(1)):
        assert 2 <= len(batch) <= 16
        assert len({pairs[row].thing for row in batch}) == len({pairs[row].prompt for row in batch}) == len(batch)
        seen += batch
    assert len(seen) == len(set(seen)) >= 145


@pytest.mark.parametrize("method", [Method.FULL, Method.LORA])
def test_training_draws_pairs_together_and_leaves_a_model_that_loads(tmp_path: Path, method: Method) -> None:
    base = encoder_models.save_clip(tmp_path / "base", seed=1)
    before = {path.name: path.read_bytes() for path in base.iterdir()}
    plan = FineTuning(method=method, epochs=8, batch_size=16, learning_rate=3e-3)
    tuned = fine_tune(str(base), [pair(number) for number in range(64)], picture, plan, tmp_path / "tuned")
    assert len(tuned.losses) == len(tuned.learning_rates) == 8 * 4
    assert np.mean(tuned.losses[-4:]) < np.mean(tuned.losses[:4]) - 0.1
    assert (tuned.trained_weights == tuned.weights) == (method is Method.FULL)
    assert {path.name: path.read_bytes() for path in base.iterdir()} == before
    old, new = load_encoder(str(base), "cpu"), load_encoder(str(tuned.folder), "cpu")
    assert old.id != new.id and new.id.startswith("clip-tuned@")
    assert (old.image_dim, old.max_text_tokens) == (new.image_dim, new.max_text_tokens)
    assert not list(tmp_path.glob("tmp*")), "nothing but the model is left"
    again = fine_tune(str(base), [pair(number) for number in range(64)], picture, plan, tmp_path / "again")
    assert load_encoder(str(again.folder), "cpu").id == new.id, "seeded"


def test_siglip_learns_by_its_own_loss_and_image_only_encoders_are_refused(tmp_path: Path) -> None:
    base = encoder_models.save_siglip(tmp_path / "siglip")
    plan = FineTuning(epochs=6, batch_size=16, learning_rate=3e-3)
    tuned = fine_tune(str(base), [pair(number) for number in range(64)], picture, plan, tmp_path / "tuned")
    assert np.mean(tuned.losses[-4:]) < np.mean(tuned.losses[:4])
    vit = encoder_models.save_vit(tmp_path / "vit")
    with pytest.raises(EncoderError, match="reads no text"):
        fine_tune(str(vit), [pair(0), pair(1)], picture, plan, tmp_path / "no")
    with pytest.raises(ValueError, match="only 0 of 2 pictures"):
        fine_tune(str(base), [pair(0), pair(1)], lambda _: None, plan, tmp_path / "no")


def test_better_means_beyond_chance() -> None:
    assert Judged({}, {}, gain=0.05, standard_error=0.02, records=10).better
    assert not Judged({}, {}, gain=0.03, standard_error=0.02, records=10).better
    assert not Judged({}, {}, gain=-0.5, standard_error=0.01, records=10).better
    assert not Judged({}, {}, gain=0.0, standard_error=0.0, records=10).better


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[TwoEncoders]:
    """64 discs on grounds, harvested and fetched; words name the two colours."""
    from heritage_assets.curation.sources import harvest
    from heritage_assets.curation.sources.tables import CsvSource

    base = encoder_models.save_clip(tmp_path / "base", seed=1)
    made = TwoEncoders(tmp_path / "home", base, base)
    made.home.mkdir()
    rows = []
    for number, (ground, disc) in enumerate(COMBINATIONS):
        written = io.BytesIO()
        drawn(ground, disc).save(written, "PNG")
        (tmp_path / f"{number}.png").write_bytes(written.getvalue())
        title = {"id": f"obj-{number}", "title": f"{ground} {disc}", "image": f"{number}.png"}
        rows.append({**title, "creator": "", "type": ""})
    columns = {"guid": "id", "is_shown_by": "image", "title": "title"}
    source = CsvSource(write_rows(tmp_path, "discs.csv", rows), columns=columns)
    harvest(source, made.platform().landing, dataset="discs", batch="discs-1")
    made.run("materialize", "--until", "source_images", HERITAGE_ENCODER=str(base))
    yield made
    stop_endpoint(made.home)


@pytest.mark.slow
def test_only_a_better_encoder_is_registered_and_every_run_is_tracked(archive: TwoEncoders) -> None:
    name = str(archive.first)
    common = ("encoder", "fine-tune", "--base", name, "--batch-size", "16", "--held-out", "0.25")
    worse = archive.json(*common, "--epochs", "1", "--learning-rate", "1e-9")
    assert not worse["better"] and worse["registered"].startswith("not registered")
    tracking = Tracking.of(archive.settings)
    assert list_encoders(tracking) == []

    better = archive.json(*common, "--epochs", "25", "--learning-rate", "4e-3", "--alias", "candidate")
    assert better["better"] and better["gain_in_mean_reciprocal_rank"] > 2 * better["standard_error"]
    (registered,) = list_encoders(tracking)
    assert (registered.encoder, registered.aliases) == (better["encoder"], ("candidate",))
    assert registered.uri == better["registered"] and registered.run_id == better["mlflow_run"]
    assert archive.platform().encoder("models:/heritage-encoder@candidate").id == better["encoder"]

    client = tracking.client
    for found in (worse, better):
        run = client.get_run(found["mlflow_run"])
        assert run.info.status == "FINISHED"
        curve = client.get_metric_history(found["mlflow_run"], "train/loss")
        assert len(curve) == found["steps"] and curve[-1].value == pytest.approx(found["loss_last"])
        assert run.data.metrics["better"] == found["better"]
        assert run.data.metrics["after/recall_at_10"] == pytest.approx(figure(found, "recall@10", "after"))
        assert run.data.params["base"] == found["base"]


def figure(found: dict[str, object], name: str, side: str) -> float:
    return next(row[side] for row in found["held_out"] if row["figure"] == name)
