"""The model card, written from measured figures."""

from __future__ import annotations

from heritage_assets.embedded.train_demo_encoder.evaluation import Figures
from heritage_assets.embedded.train_demo_encoder.pictures import SIDE
from heritage_assets.embedded.train_demo_encoder.training import Plan

_TEMPLATE = """# The demo encoder

A small CLIP in transformers format ({parameters:.1f} million parameters, 512 dimensions, {side} × {side} pixels, 77 tokens;
float16 weights, run in float32): `CLIPModel.from_pretrained` and `CLIPProcessor.from_pretrained` load it.

**It knows the demo museum and nothing else.** It was trained on pictures drawn by `heritage_assets.embedded.museum` and on their
captions in English, German, French, Italian and Spanish. It exists so that the platform runs, end to end, on a machine without a
network. On photographs or real paintings its vectors mean little. For real collections name a real model:

    HERITAGE_ENCODER=openai/clip-vit-base-patch32

or any other CLIP, SigLIP or image-only model (ViT, ResNet, DINOv2, MobileNet), by name or as a folder.

## Training

    python -m heritage_assets.embedded.train_demo_encoder --output FOLDER --steps {steps} --objects {objects} --seed {seed}

- {objects:,} objects of seed {seed} (the museum itself has seed {museum_seed}, never trained on): of each one plain picture
  and {copies} archive copies (re-encoded, resized, trimmed by up to 3 %, greyscale, marked, brightened), and look-alikes of
  coins, manuscript pages and prints.
- Prompts from `build_prompts`, whole and in parts, in a random language; a byte-level BPE tokenizer of {tokens:,}
  tokens learnt from them.
- {steps:,} steps of {batch} objects, AdamW, peak learning rate {learning_rate:g}, cosine schedule, bfloat16 matrix products on
  CPU; {minutes:.0f} minutes on two cores shared with other work.
- Losses: contrast of picture and prompt (CLIP); contrast of two views (SimCLR) with margins at {copy:g} for copies,
  {alike:g} for look-alikes, {stranger:g} for strangers; the museum's attributes as auxiliary targets on the picture side.

## Figures on {held_out} held-out objects (seed {museum_seed}, the five languages in turn)

| | |
|---|---|
| text→image recall@10, whole prompt | {recall_at_10:.3f} |
| text→image recall@1, whole prompt | {recall_at_1:.3f} |
| text→image recall@10, title alone | {recall_at_10_by_title:.3f} |
| recall@10 by language | {by_language} |
| median cosine to the nearest other object | {nearest:.3f} |
| pairs of different objects at cosine ≥ 0.98 | {strangers} of {pairs:,} |
| look-alikes at cosine ≥ 0.98 | {alike_above:.3f} |

Copies at cosine ≥ 0.98 (the default threshold for duplicates), by edit:

| {edits} |
|{rule}|
| {shares} |

## Limits

- A title alone often fits several objects, so its recall is bounded by the captions, not by the model.
- Greyscale copies lose the colours that tell objects apart; those below 0.98 are left to the perceptual hash and the metadata.
- At {side} pixels lettering and fine detail are not seen: look-alikes above 0.98 must be told apart by other evidence.
- Training is seeded; on another processor or number of threads sums differ in their last digits, and so do the figures.
"""


def model_card(
    figures: Figures,
    plan: Plan,
    *,
    objects: int,
    copies: int,
    tokens: int,
    parameters: int,
    minutes: float,
    museum_seed: int,
) -> str:
    """Return ``CARD.md`` (Markdown)."""
    from heritage_assets.embedded.train_demo_encoder import losses

    return _TEMPLATE.format(
        parameters=parameters / 1e6,
        side=SIDE,
        steps=plan.steps,
        batch=plan.batch,
        learning_rate=plan.learning_rate,
        seed=plan.seed,
        objects=objects,
        copies=copies,
        tokens=tokens,
        minutes=minutes,
        museum_seed=museum_seed,
        copy=losses.COPY_COSINE,
        alike=losses.LOOK_ALIKE_COSINE,
        stranger=losses.STRANGER_COSINE,
        held_out=figures.objects,
        pairs=figures.objects * (figures.objects - 1) // 2,
        recall_at_10=figures.recall_at_10,
        recall_at_1=figures.recall_at_1,
        recall_at_10_by_title=figures.recall_at_10_by_title,
        by_language=", ".join(f"{name} {share:.3f}" for name, share in figures.recall_at_10_by_language.items()),
        nearest=figures.nearest_stranger_median,
        strangers=figures.strangers_above,
        alike_above=figures.look_alikes_above,
        edits=" | ".join(figures.copies_found),
        rule="---|" * (len(figures.copies_found) - 1) + "---",
        shares=" | ".join(f"{share:.3f}" for share in figures.copies_found.values()),
    )
