"""The model card, written from measured figures."""

from __future__ import annotations

from heritage_assets.embedded.train_demo_encoder.evaluation import Figures, Planted
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

    python -m heritage_assets.embedded.train_demo_encoder --output FOLDER --steps {steps} \\
        --refine-steps {refine_steps} --batch {batch} --objects {objects} --copies {copies} --seed {seed}

- {objects:,} objects of seed {seed} (the museum itself has seed {museum_seed}, never trained on): of each one plain picture
  and {copies} archive copies (re-encoded, resized, trimmed by up to 3 %, greyscale, marked, brightened), and look-alikes of
  coins, manuscript pages and prints.
- Prompts from `build_prompts`, whole and in parts, in a random language; a byte-level BPE tokenizer of {tokens:,}
  tokens learnt from them.
- {steps:,} steps of {batch} objects at a peak learning rate of {rate:g}, then {refine_steps:,} at {refine_rate:g} with four
  times the weight on copies; AdamW, cosine schedules, bfloat16 matrix products on CPU, about 2 CPU seconds a step.
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

Copies at cosine ≥ 0.98 (the default threshold for duplicates), by edit:

| {edits} |
|{rule}|
| {shares} |

The museum of 1,800 records itself plants copies and look-alikes. By the picture alone,
{copies_above:.3f} of its {copies_planted} copies reach 0.98, and {alike_above:.3f} of its {alikes_planted} look-alikes do too.
Copies by edit:

| {planted_edits} |
|{planted_rule}|
| {planted_shares} |

## Limits

- A title alone often fits several objects, so its recall is bounded by the captions, not by the model.
- Greyscale copies lose the colours that tell objects apart; those below 0.98 are left to the perceptual hash and the metadata.
- At {side} pixels lettering and fine detail are not seen: look-alikes must be told apart by other evidence (inventory, folio
  or state numbers in the metadata).
- Training is seeded; on another processor or number of threads sums differ in their last digits, and so do the figures.
"""


def model_card(
    figures: Figures,
    planted: Planted,
    plans: tuple[Plan, Plan],
    *,
    objects: int,
    copies: int,
    tokens: int,
    parameters: int,
    museum_seed: int,
) -> str:
    """Return ``CARD.md`` (Markdown)."""
    from heritage_assets.embedded.train_demo_encoder import losses

    return _TEMPLATE.format(
        parameters=parameters / 1e6,
        side=SIDE,
        steps=plans[0].steps,
        refine_steps=plans[1].steps,
        batch=plans[0].batch,
        rate=plans[0].learning_rate,
        refine_rate=plans[1].learning_rate,
        seed=plans[0].seed,
        objects=objects,
        copies=copies,
        tokens=tokens,
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
        copies_planted=planted.copies,
        copies_above=planted.copies_above,
        alikes_planted=planted.look_alikes,
        alike_above=planted.look_alikes_above,
        planted_edits=" | ".join(planted.copies_above_by_edit),
        planted_rule="---|" * (len(planted.copies_above_by_edit) - 1) + "---",
        planted_shares=" | ".join(f"{share:.3f}" for share in planted.copies_above_by_edit.values()),
        edits=" | ".join(figures.copies_found),
        rule="---|" * (len(figures.copies_found) - 1) + "---",
        shares=" | ".join(f"{share:.3f}" for share in figures.copies_found.values()),
    )
