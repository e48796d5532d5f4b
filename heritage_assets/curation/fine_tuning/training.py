"""The training: contrast of pictures and words (Radford et al. 2021, CLIP; Zhai et al. 2023, SigLIP), by torch and peft."""

from __future__ import annotations

import logging
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.encoders.architecture import Architecture, quiet_transformers
from heritage_assets.curation.encoders.interface import EncoderError, Prepared
from heritage_assets.curation.encoders.preprocessing import OwnProcessor, PlainRecipe, preprocessing_for
from heritage_assets.curation.encoders.weights import NAME_FILE, find_model
from heritage_assets.curation.fine_tuning.pairs import Pair, batches
from heritage_assets.curation.fine_tuning.settings import FineTuning, Method
from heritage_assets.curation.progress import Stage

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

Picture = Callable[[Pair], Any]
"""Gives the PIL image of a pair, which may be decoded only when it is prepared; None where it can't be read."""

SMALL = 30_000_000
"""Weights up to which all of them learn by default."""
_WARM_UP = 0.1
_TITLE_ALONE = 0.3
"""How often a pair's title stands for its whole prompt: people search by few words."""
_MOST_SCALE = math.log(100)
_SUFFIX = "-tuned"
_LEFT_BEHIND = (".safetensors", ".bin")


@dataclass
class Tuned:
    """What a training left: the model's folder (transformers format), which weights learned, and its curves by step."""

    folder: Path
    method: Method
    trained_weights: int
    weights: int
    losses: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)


def fine_tune(
    base: str, pairs: Sequence[Pair], picture: Picture, plan: FineTuning, folder: Path, device: str = "cpu"
) -> Tuned:
    """Train the encoder ``base`` further on pairs and save it in ``folder``, as one that can be loaded by its folder's name.

    The same arguments give the same model on the same machine. Weights learn in float32.

    Memory: the weights with their optimizer state (16 bytes each that learns) and the activations of one batch; prepared pictures
    wait in a file beside ``folder``.

    Args:
        base: name or folder of a dual encoder.
        pairs: what to learn from.
        picture: gives the image of a pair.
        plan: how.
        folder: where the model goes; must not exist.
        device: torch device.

    Raises:
        EncoderError: the encoder reads no text, or can't be loaded.
        ValueError: fewer than two pairs with readable pictures.
    """
    import torch

    files = find_model(base)
    architecture = Architecture(files)
    if not architecture.dual:
        raise EncoderError(f"encoder {base!r} reads no text: only dual encoders (CLIP, SigLIP) learn from words")
    recipe = preprocessing_for(architecture.processor)
    torch.manual_seed(plan.seed)
    image_tower, text_tower = architecture.towers(recipe)
    model = image_tower.model.to(device)
    image_tower.to(device)
    method = _method(plan, model)
    adapted = _prepare(model, method, plan)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    tuned = Tuned(folder, method, sum(map(_count, learning)), sum(map(_count, model.parameters())))
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        pixels, usable = _prepared(pairs, picture, recipe, Path(scratch))
        _train(_Towers(image_tower, text_tower, architecture, device), model, learning, pixels, usable, plan, tuned)
        del pixels
    _save(adapted.merge_and_unload() if method is Method.LORA else model, files.folder, files.name, folder)
    return tuned


@dataclass(frozen=True)
class _Towers:
    """Both halves of one model, and how its texts become tokens."""

    image: Any
    text: Any
    architecture: Architecture
    device: str

    def features(self, pixels: NDArray[Any], texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return unit features (n, d) of pictures and texts, with gradients."""
        import torch
        from torch.nn.functional import normalize

        tokens = {name: torch.from_numpy(ids).to(self.device) for name, ids in self.architecture.tokens(texts).items()}
        images = self.image(torch.from_numpy(pixels).to(self.device))
        return normalize(images, dim=-1), normalize(self.text(**tokens), dim=-1)


def contrast(images: torch.Tensor, texts: torch.Tensor, scale: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return the loss of (n, d) unit images and (n, d) unit texts, row by row a pair.

    Without a bias the symmetric cross-entropy of CLIP, with one the pairwise sigmoid loss of SigLIP.
    """
    import torch
    from torch.nn import functional

    logits = scale.exp() * images @ texts.T
    if bias is None:
        rows = torch.arange(len(images), device=images.device)
        return (functional.cross_entropy(logits, rows) + functional.cross_entropy(logits.T, rows)) / 2
    signs = 2 * torch.eye(len(images), device=images.device) - 1
    return -functional.logsigmoid(signs * (logits + bias)).sum() / len(images)


def _method(plan: FineTuning, model: Any) -> Method:
    if plan.method is not Method.AUTO:
        return plan.method
    return Method.FULL if sum(map(_count, model.parameters())) <= SMALL else Method.LORA


def _prepare(model: Any, method: Method, plan: FineTuning) -> Any:
    """Mark what learns; with LoRA (Hu et al. 2021) small matrices beside every linear layer, and the temperature."""
    if method is not Method.LORA:
        return model
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=plan.lora_rank, lora_alpha=2 * plan.lora_rank, lora_dropout=0.0, target_modules="all-linear", bias="none"
    )
    adapted = get_peft_model(model, settings)
    for name in ("logit_scale", "logit_bias"):
        if getattr(model, name, None) is not None:
            getattr(model, name).requires_grad_(True)
    return adapted


def prepared_picture(picture: Picture, pair: Pair, prepare: Callable[[Any], Prepared]) -> Prepared | None:
    """Return a pair's picture as an encoder takes it; None where it can't be read or decoded (which is logged)."""
    try:
        image = picture(pair)
        return None if image is None else prepare(image)
    except (OSError, ValueError) as error:
        log.warning("no picture for %s: %r", pair.guid, error)
        return None


def _prepared(
    pairs: Sequence[Pair], picture: Picture, recipe: PlainRecipe | OwnProcessor, scratch: Path
) -> tuple[NDArray[Any], list[Pair]]:
    """Decode and preprocess every picture once, into a mapped file; pairs whose picture can't be read are left out."""
    usable: list[Pair] = []
    rows: Any = None

    def work(pair: Pair) -> Prepared | None:
        return prepared_picture(picture, pair, recipe.prepare)

    stage = Stage("reading pictures", len(pairs))
    with ThreadPoolExecutor(thread_name_prefix="decode") as pool:
        for start in range(0, len(pairs), 256):
            chunk = pairs[start : start + 256]
            for pair, prepared in zip(chunk, pool.map(work, chunk), strict=True):
                if prepared is None:
                    continue
                if rows is None:
                    shape = (len(pairs), *prepared.shape)
                    rows = np.lib.format.open_memmap(scratch / "pictures.npy", "w+", prepared.dtype, shape)
                rows[len(usable)] = prepared
                usable.append(pair)
            stage.advance(len(chunk))
    if len(usable) < 2:
        raise ValueError(f"only {len(usable)} of {len(pairs)} pictures can be read")
    return rows, usable


def _train(
    towers: _Towers,
    model: Any,
    learning: list[Any],
    pixels: NDArray[Any],
    pairs: Sequence[Pair],
    plan: FineTuning,
    tuned: Tuned,
) -> None:
    import torch

    random = np.random.default_rng(plan.seed)
    rows = [batch for _ in range(plan.epochs) for batch in batches(pairs, plan.batch_size, random)]
    peak = plan.learning_rate or (1e-3 if tuned.method is Method.LORA else 1e-4)
    groups = [
        {"params": [item for item in learning if item.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [item for item in learning if item.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=peak, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(rows)))
    scale = getattr(model, "logit_scale", None)
    scale = torch.nn.Parameter(torch.tensor(math.log(1 / 0.07))) if scale is None else scale
    most = max(_MOST_SCALE, float(scale.detach()))
    stage = Stage("fine-tuning", len(rows))
    model.train()
    for batch in map(sorted, rows):
        images, texts = towers.features(pixels[batch], list(_words([pairs[row] for row in batch], random)))
        loss = contrast(images, texts, scale, getattr(model, "logit_bias", None))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        tuned.learning_rates.append(float(schedule.get_last_lr()[0]))
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            scale.clamp_(max=most)
        tuned.losses.append(float(loss.detach()))
        stage.advance(1)
    model.eval()


def _rate(step: int, steps: int) -> float:
    """Return the share of the peak learning rate: up over the first tenth, then a cosine down."""
    warm = max(1, int(steps * _WARM_UP))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _words(pairs: Sequence[Pair], random: np.random.Generator) -> Iterator[str]:
    for pair in pairs:
        alone = random.random() < _TITLE_ALONE
        yield pair.title if alone and pair.title else pair.prompt


def _save(model: Any, base: Path, name: str, folder: Path) -> None:
    """Write the weights beside copies of all that else is in the base's folder; whole or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        for file in base.iterdir():
            if file.is_file() and file.suffix not in _LEFT_BEHIND and file.name != "CARD.md":
                shutil.copyfile(file, made / file.name)
        with quiet_transformers():
            model.save_pretrained(made)
        (made / NAME_FILE).write_text(name if name.endswith(_SUFFIX) else name + _SUFFIX, encoding="utf-8")
        made.rename(folder)


def _count(weight: Any) -> int:
    return int(weight.numel())
