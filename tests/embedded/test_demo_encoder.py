"""The demo encoder that is shipped finds held-out objects; its training learns, and repeats."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heritage_assets.curation.encoders import Encoder, load_encoder
from heritage_assets.embedded.museum import MUSEUM_SEED, MuseumObject, generate_objects
from heritage_assets.embedded.museum.rendering import render
from heritage_assets.embedded.train_demo_encoder.__main__ import main
from heritage_assets.embedded.train_demo_encoder.copies import EDITS, archive_copy, encoded
from heritage_assets.embedded.train_demo_encoder.evaluation import Figures, evaluate, recall
from heritage_assets.embedded.train_demo_encoder.losses import Attributes, pair_loss, view_loss
from heritage_assets.embedded.train_demo_encoder.model import load, save
from heritage_assets.embedded.train_demo_encoder.pictures import SIDE, drawn
from heritage_assets.embedded.train_demo_encoder.texts import LANGUAGES, Captions, train_tokenizer
from heritage_assets.embedded.train_demo_encoder.tracked import track_training
from heritage_assets.embedded.train_demo_encoder.training import Material, Plan, train
from heritage_assets.registry.encoders import resolve_name
from heritage_assets.registry.settings import RegistrySettings
from heritage_assets.registry.tracking import Tracking

DEMO = Path(str(files("heritage_assets.embedded").joinpath("demo_encoder")))


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("demo", "cpu")


def test_shipped_model_is_small_and_loads_with_plain_transformers(encoder: Encoder) -> None:
    from transformers import CLIPModel, CLIPProcessor

    assert sum(path.stat().st_size for path in DEMO.iterdir()) <= 15 * 1024 * 1024
    model, processor = CLIPModel.from_pretrained(DEMO).float(), CLIPProcessor.from_pretrained(DEMO)
    inputs = processor(text=["a castle"], images=[Image.new("RGB", (90, 60), "teal")], return_tensors="pt")
    output = model(**inputs)
    assert output.image_embeds.shape == output.text_embeds.shape == (1, 512)
    assert (encoder.image_dim, encoder.text_dim, encoder.max_text_tokens) == (512, 512, 77)
    assert encoder.id.startswith("demo@")
    ours = encoder.encode_images([Image.new("RGB", (90, 60), "teal")])[0]
    assert np.abs(ours - output.image_embeds.detach().numpy()[0]).max() < 2e-5


@pytest.mark.slow
def test_held_out_objects_are_found_by_their_text_in_five_languages(encoder: Encoder) -> None:
    objects = generate_objects(510, MUSEUM_SEED)
    images = encoder.encode_images([encoded(render(obj), 88) for obj in objects])
    captions = Captions(objects)
    languages = [row % len(LANGUAGES) for row in range(len(objects))]
    hits = recall(images, encoder.encode_texts(captions.prompts(range(len(objects)), languages)), 10)
    assert hits.mean() >= 0.85
    for number, language in enumerate(LANGUAGES):
        assert hits[np.array(languages) == number].mean() >= 0.8, language


@pytest.mark.slow
def test_copies_score_above_other_objects(encoder: Encoder) -> None:
    rng = np.random.default_rng(5)
    renders = [render(obj) for obj in generate_objects(68, MUSEUM_SEED + 1)]
    images = encoder.encode_images(renders)
    copies = encoder.encode_images([archive_copy(picture, rng) for picture in renders])
    cosines = copies @ images.T
    own = cosines.diagonal().copy()
    np.fill_diagonal(cosines, -1)
    assert (own > cosines.max(axis=1)).mean() >= 0.97
    assert (cosines >= 0.98).sum() == 0


def test_card_names_the_figures_and_the_limits() -> None:
    card = (DEMO / "CARD.md").read_text(encoding="utf-8")
    for words in (
        "knows the demo museum and nothing else",
        "recall@10",
        "HERITAGE_ENCODER=openai/clip-vit-base-patch32",
        "Limits",
    ):
        assert words in card


@pytest.fixture(scope="module")
def objects() -> list[MuseumObject]:
    return generate_objects(32, 11, ["coin", "tile", "vase", "print"])


@pytest.fixture(scope="module")
def material(objects: list[MuseumObject], tmp_path_factory: pytest.TempPathFactory) -> Material:
    pictures = drawn(objects, 11, 1, tmp_path_factory.mktemp("cache"), processes=1)
    captions = Captions(objects)
    return Material(pictures, captions, Attributes.of(objects), train_tokenizer(captions.everything()))


def test_training_learns_and_repeats(material: Material) -> None:
    plan = Plan(steps=12, batch=16, seed=3, bfloat16=False)
    first = train(material, plan)
    assert len(first.losses) == 12
    assert np.mean(first.losses[-3:]) < 0.85 * np.mean(first.losses[:3])
    again = train(material, Plan(steps=3, batch=16, seed=3, bfloat16=False))
    assert again.losses[0] == pytest.approx(first.losses[0], rel=1e-4)
    assert train(material, Plan(steps=1, batch=16, seed=4, bfloat16=False)).losses[0] != first.losses[0]


@pytest.mark.slow
def test_a_training_is_tracked_with_its_curves_and_its_model_registered(material: Material, tmp_path: Path) -> None:
    plan, refine = Plan(steps=3, batch=8, bfloat16=False), Plan(steps=2, batch=8, bfloat16=False, copy_weight=40.0)
    folder = tmp_path / "model"
    first = train(material, plan)
    save(first.model, material.tokenizer, folder)
    refined = train(material, refine, start=load(folder))
    save(refined.model, material.tokenizer, folder)
    figures = evaluate(load_encoder(str(folder), "cpu"), generate_objects(6, 12, ["coin", "tile"]))
    tracking = Tracking(tmp_path / "home", RegistrySettings())
    phases = [("first", plan, first.losses), ("refine", refine, refined.losses)]
    kept = track_training(tracking, folder, phases, {"objects": 32}, asdict(figures))
    run = tracking.client.get_run(kept.run_id)
    assert run.info.status == "FINISHED"
    for name, _, losses in phases:
        curve = tracking.client.get_metric_history(kept.run_id, f"{name}/loss")
        assert [point.step for point in curve] == [*range(1, len(losses) + 1)]
        assert [point.value for point in curve] == pytest.approx(losses)
    assert run.data.metrics["recall_at_10"] == figures.recall_at_10
    assert (run.data.params["objects"], run.data.params["refine/copy_weight"]) == ("32", "40.0")
    assert load_encoder(resolve_name(tracking, kept.uri), "cpu").id == kept.encoder


def test_pictures_are_cached_and_equal_the_encoders_own_resizing(
    objects: list[MuseumObject], material: Material, encoder: Encoder, tmp_path: Path
) -> None:
    pictures = drawn(objects[:6], 11, 1, tmp_path, processes=1)
    assert pictures.views.shape == (6, 2, SIDE, SIDE, 3)
    assert np.array_equal(pictures.views, material.pictures.views[:6])
    marked = next(tmp_path.iterdir())
    before = (marked / "views.npy").stat().st_mtime_ns
    drawn(objects[:6], 11, 1, tmp_path, processes=1)
    assert (marked / "views.npy").stat().st_mtime_ns == before
    assert np.array_equal(encoder.prepare_image(encoded(render(objects[0]), 90)), pictures.views[0, 0])
    assert set(pictures.look_alike_of) == {row for row, obj in enumerate(objects[:6]) if obj.klass in ("coin", "print")}


def test_tokenizer_keeps_words_of_other_scripts_apart(material: Material) -> None:
    tokenizer = material.tokenizer
    assert tokenizer("漢字")["input_ids"] != tokenizer("仮名")["input_ids"]
    assert tokenizer.unk_token_id not in tokenizer("Œuvre ΑΒΓ")["input_ids"][1:-1]
    assert tokenizer.decode(tokenizer("Größe")["input_ids"], skip_special_tokens=True) == "größe"


def test_sampled_prompts_are_never_empty_and_vary(material: Material) -> None:
    rng = np.random.default_rng(0)
    prompts = material.captions.sampled([0] * 200, rng)
    assert all(prompts)
    assert len(set(prompts)) > 50


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_edits_keep_the_picture(edit: str) -> None:
    picture = render(generate_objects(1, 5, ["poster"])[0])
    edited = EDITS[edit](picture, np.random.default_rng(1)).convert("RGB")
    assert abs(edited.width / edited.height - picture.width / picture.height) < 0.06
    small = [np.asarray(image.convert("L").resize((32, 32)), float) for image in (picture, edited)]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.9


def test_losses_prefer_the_right_answer() -> None:
    import torch

    torch.manual_seed(0)
    right = torch.nn.functional.normalize(torch.randn(8, 16), dim=-1)
    wrong = right.roll(1, 0)
    scale = torch.tensor(20.0)
    assert pair_loss(right, right, scale) < pair_loss(right, wrong, scale)
    assert view_loss(right, right) < view_loss(right, wrong)
    assert view_loss(right, right) < view_loss(right[:1].repeat(8, 1), right[:1].repeat(8, 1))


def test_recall_counts_rows_among_the_nearest() -> None:
    images = np.eye(4, dtype=np.float32)
    texts = images[[0, 1, 2, 2]]
    assert recall(images, texts, 1).tolist() == [True, True, True, False]
    assert recall(images, images, 1).all()


def test_attributes_number_each_axis_and_mark_what_is_absent() -> None:
    objects = generate_objects(40, 3, ["coin", "vase"])
    attributes = Attributes.of(objects)
    assert attributes.targets.shape == (40, len(attributes.blocks))
    assert (attributes.targets.max(axis=0) < np.array(attributes.blocks)).all()
    assert (attributes.targets == -100).any()


def test_the_museums_own_seed_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["train", "--output", str(tmp_path), "--seed", str(MUSEUM_SEED)])
    with pytest.raises(SystemExit, match="must stay unseen"):
        main()


def test_figures_are_shares(encoder: Encoder) -> None:
    figures = evaluate(encoder, generate_objects(20, 12, ["coin", "tile"]))
    assert isinstance(figures, Figures)
    assert 0 <= figures.recall_at_1 <= figures.recall_at_10 <= 1
    assert set(figures.copies_found) == {*EDITS, "mixed"}
