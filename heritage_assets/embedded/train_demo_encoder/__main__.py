"""Command line of the training."""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.embedded.museum import MUSEUM_SEED, build_museum, generate_objects
from heritage_assets.embedded.train_demo_encoder.card import model_card
from heritage_assets.embedded.train_demo_encoder.evaluation import evaluate, evaluate_planted
from heritage_assets.embedded.train_demo_encoder.losses import Attributes
from heritage_assets.embedded.train_demo_encoder.model import load, save
from heritage_assets.embedded.train_demo_encoder.pictures import drawn
from heritage_assets.embedded.train_demo_encoder.texts import Captions, train_tokenizer
from heritage_assets.embedded.train_demo_encoder.tracked import track_training
from heritage_assets.embedded.train_demo_encoder.training import Material, Plan, train
from heritage_assets.registry.tracking import Tracking
from heritage_assets.settings import Settings

log = logging.getLogger("train_demo_encoder")


def main() -> None:
    """Draw, train, save, measure, write the card."""
    options = _options()
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # before torch is imported; spinning threads starve on busy machines
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.seed == MUSEUM_SEED:
        raise SystemExit(f"seed {MUSEUM_SEED} is the demo museum itself, which must stay unseen: choose another --seed")
    plan, refine = _plans(options)
    objects = generate_objects(options.objects, options.seed)
    started = time.monotonic()
    pictures = drawn(objects, options.seed, options.copies, options.cache, options.processes)
    log.info("drew %d objects in %.0f s", len(objects), time.monotonic() - started)
    captions = Captions(objects)
    tokenizer = train_tokenizer(captions.everything())
    material = Material(pictures, captions, Attributes.of(objects), tokenizer)
    phases: list[tuple[str, Plan, list[float]]] = []
    if options.start is None:
        first = train(material, plan, _report(plan))
        save(first.model, tokenizer, options.output)
        phases.append(("first", plan, first.losses))
    refined = train(material, refine, _report(refine), start=load(options.start or options.output))
    phases.append(("refine", refine, refined.losses))
    save(refined.model, tokenizer, options.output)
    encoder = load_encoder(str(options.output), "cpu")
    figures = evaluate(encoder, generate_objects(options.held_out, MUSEUM_SEED))
    planted = evaluate_planted(encoder, build_museum().records)
    print(json.dumps(asdict(figures) | {"planted": asdict(planted)}, indent=2))
    card = model_card(
        figures,
        planted,
        (plan, refine),
        objects=len(objects),
        copies=options.copies,
        tokens=len(tokenizer),
        parameters=sum(item.numel() for item in refined.model.parameters()),
        museum_seed=MUSEUM_SEED,
    )
    (options.output / "CARD.md").write_text(card, encoding="utf-8")
    if options.track:
        params = {name: getattr(options, name) for name in ("objects", "copies", "held_out", "seed")}
        measured = {**asdict(figures), "planted": asdict(planted)}
        kept = track_training(Tracking.of(Settings()), options.output, phases, params, measured)
        log.info("tracked and registered as %s", kept.uri)


def _plans(options: argparse.Namespace) -> tuple[Plan, Plan]:
    """Return the plan of the first phase, and of the second that draws copies together."""
    first = Plan(options.steps, options.batch, seed=options.seed, bfloat16=options.bfloat16)
    second = replace(first, steps=options.refine_steps, learning_rate=4e-4, copy_weight=40.0, seed=options.seed + 1)
    return first, second


def _report(plan: Plan) -> Callable[[int, float], None]:
    """Return a listener that logs every fiftieth step."""
    started = time.monotonic()
    recent: list[float] = []

    def report(step: int, loss: float) -> None:
        recent.append(loss)
        if step % 50 == 0 or step == plan.steps:
            pace = (time.monotonic() - started) / step
            log.info("step %d/%d loss %.3f, %.2f s a step", step, plan.steps, sum(recent) / len(recent), pace)
            recent.clear()

    return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="train_demo_encoder", description="Train the demo encoder on the demo museum."
    )
    plan = Plan()
    parser.add_argument("--output", type=Path, required=True, help="folder for model, processor and card")
    parser.add_argument("--steps", type=int, default=plan.steps)
    parser.add_argument("--batch", type=int, default=plan.batch, help="objects in a step")
    parser.add_argument(
        "--refine-steps", type=int, default=240, help="steps of the second phase, which draws copies together"
    )
    parser.add_argument("--start", type=Path, help="model of an interrupted run: skip the first phase")
    parser.add_argument("--seed", type=int, default=plan.seed, help="seed of objects, weights and order")
    parser.add_argument("--objects", type=int, default=6000, help="objects to train on")
    parser.add_argument("--copies", type=int, default=3, help="archive copies of each object")
    parser.add_argument("--held-out", type=int, default=600, help="objects of the museum's own seed to measure on")
    parser.add_argument("--processes", type=int, default=2, help="processes that draw")
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=plan.bfloat16)
    parser.add_argument(
        "--track", action=argparse.BooleanOptionalAction, default=True, help="keep the run in the home's MLflow"
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "heritage-demo-encoder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
