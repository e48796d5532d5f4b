"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from heritage_assets.embedded.train_demo_encoder import losses
from heritage_assets.embedded.train_demo_encoder.losses import Attributes
from heritage_assets.embedded.train_demo_encoder.model import MEAN, STD, new_model
from heritage_assets.embedded.train_demo_encoder.pictures import Pictures, Pixels
from heritage_assets.embedded.train_demo_encoder.texts import WINDOW, Captions

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train. Peak learning rate after a short warm-up, then a cosine down to nothing."""

    steps: int = 520
    batch: int = 128
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.05
    copy_weight: float = 10.0
    """Weight of the margin that draws the copies of one picture together."""
    seed: int = 7
    bfloat16: bool = True
    """Run matrix products in bfloat16 (twice as fast where the processor has AMX or AVX512-BF16)."""


@dataclass(frozen=True)
class Material:
    """What a model is trained on: the same objects, row by row, as pictures, captions and attributes."""

    pictures: Pictures
    captions: Captions
    attributes: Attributes
    tokenizer: Any


@dataclass
class Trained:
    """A trained model and the loss of every step."""

    model: Any
    losses: list[float] = field(default_factory=list)


def train(
    material: Material,
    plan: Plan,
    report: Callable[[int, float], None] = lambda _step, _loss: None,
    start: Any = None,
) -> Trained:
    """Train a new model, or ``start`` further; the same arguments give the same model on the same machine.

    A model that is trained further already knows the attributes, so they are no longer among its targets.

    Memory: the weights with their optimizer state (70 MB) and the activations of 2.2 × ``batch`` pictures (about 2 GB at 128).
    """
    import torch

    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    model = (new_model(material.tokenizer) if start is None else start).train()
    head = None if start is not None else torch.nn.Linear(model.config.projection_dim, sum(material.attributes.blocks))
    groups = _groups([model] if head is None else [model, head], plan.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, plan.steps))
    done = Trained(model)
    for step, rows in enumerate(_batches(len(material.pictures.views), plan, rng)):
        batch = _gathered(material, rows, rng)
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bfloat16):
            loss = _loss(model, batch, plan.copy_weight, head)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(max=math.log(100))
        done.losses.append(float(loss.detach()))
        report(step + 1, done.losses[-1])
    model.eval()
    return done


def _groups(modules: list[Any], weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices only, not biases, norms and the temperature."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    return [
        {"params": [item for item in parameters if item.ndim >= 2], "weight_decay": weight_decay},
        {"params": [item for item in parameters if item.ndim < 2], "weight_decay": 0.0},
    ]


def _rate(step: int, steps: int) -> float:
    warmup = max(1, steps // 25)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def _batches(count: int, plan: Plan, rng: np.random.Generator) -> Any:
    """Yield ``plan.steps`` arrays of row numbers, epoch after epoch, each shuffled anew."""
    size = min(plan.batch, count)
    waiting = np.zeros(0, np.int64)
    for _ in range(plan.steps):
        if len(waiting) < size:
            waiting = np.concatenate((waiting, rng.permutation(count)))
        yield np.sort(waiting[:size])
        waiting = waiting[size:]


@dataclass(frozen=True)
class _Batch:
    """The input of one step: pictures stacked as plain views, copies, then look-alikes of the rows ``has_alike``."""

    count: int
    pixels: torch.Tensor
    has_alike: np.ndarray
    tokens: Any
    targets: torch.Tensor
    blocks: tuple[int, ...]


def _gathered(material: Material, rows: np.ndarray, rng: np.random.Generator) -> _Batch:
    """Pick of each object the plain picture, one copy and a prompt; look-alikes where there are any."""
    import torch

    pictures, attributes = material.pictures, material.attributes
    count = len(rows)
    plain = pictures.views[rows, 0]
    copies = pictures.views[rows, rng.integers(1, pictures.views.shape[1], count)]
    alike_of = np.searchsorted(pictures.look_alike_of, rows)
    has_alike = np.flatnonzero(np.take(pictures.look_alike_of, alike_of, mode="clip") == rows)
    others = pictures.look_alikes[alike_of[has_alike]]
    return _Batch(
        count,
        torch.cat([to_tensor(plain, rng), to_tensor(copies, rng), to_tensor(others, rng)]),
        has_alike,
        tokenized(material.tokenizer, material.captions.sampled(rows.tolist(), rng)),
        torch.from_numpy(attributes.targets[rows]),
        attributes.blocks,
    )


def _loss(model: Any, batch: _Batch, copy_weight: float, head: Any) -> torch.Tensor:
    """Return the loss of one batch; attributes count where there is a ``head`` to name them."""
    from torch.nn.functional import normalize

    count = batch.count
    raw_images = model.get_image_features(pixel_values=batch.pixels).pooler_output.float()
    images = normalize(raw_images, dim=-1)
    texts = normalize(model.get_text_features(**batch.tokens).pooler_output.float(), dim=-1)
    first, second, third = images[:count], images[count : 2 * count], images[2 * count :]
    scale = model.logit_scale.exp().float()
    loss = losses.pair_loss(first, texts, scale) + losses.pair_loss(second, texts, scale)
    loss = loss + losses.view_loss(first, second, copy_weight)
    if head is not None:
        named = head(raw_images[: 2 * count])
        loss = loss + losses.attribute_loss(named, batch.targets.repeat(2, 1), batch.blocks) / 4
    if len(batch.has_alike):
        loss = loss + losses.look_alike_loss(first[batch.has_alike], third)
    return loss


def tokenized(tokenizer: Any, texts: list[str]) -> Any:
    """Return the tokens of ``texts``, padded to the longest and cut to the window."""
    return tokenizer(texts, padding=True, truncation=True, max_length=WINDOW, return_tensors="pt")


def to_tensor(pixels: Pixels, rng: np.random.Generator | None = None) -> torch.Tensor:
    """Return normalised float32 (n, 3, side, side); with ``rng``, brightness, contrast and colour balance vary a little."""
    import torch

    values = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div_(255)
    if rng is not None and len(values):
        gain = torch.from_numpy(
            rng.normal(1, 0.04, (len(values), 1, 1, 1)) * rng.normal(1, 0.01, (len(values), 3, 1, 1))
        )
        shift = torch.from_numpy(rng.normal(0, 0.02, (len(values), 1, 1, 1)))
        values = values.mul_(gain.float()).add_(shift.float()).clamp_(0, 1)
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    return values.sub_(mean).div_(std)
