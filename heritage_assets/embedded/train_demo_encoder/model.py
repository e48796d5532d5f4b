"""The demo encoder's shape: a CLIP in transformers format, small enough for a repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from heritage_assets.embedded.train_demo_encoder.pictures import SIDE
from heritage_assets.embedded.train_demo_encoder.texts import WINDOW

PROJECTION = 512
MEAN = (0.5, 0.5, 0.5)
STD = (0.27, 0.27, 0.27)

_VISION = {
    "hidden_size": 256,
    "intermediate_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "patch_size": 16,
}
_TEXT = {"hidden_size": 192, "intermediate_size": 768, "num_hidden_layers": 2, "num_attention_heads": 6}


def new_model(tokenizer: Any) -> Any:
    """Return a ``CLIPModel`` with random weights: 112 px pictures in 16 px patches, 77 tokens, 512 dimensions."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(
        projection_dim=PROJECTION,
        vision_config={**_VISION, "image_size": SIDE, "hidden_act": "gelu"},
        text_config={
            **_TEXT,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": WINDOW,
            "hidden_act": "gelu",
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
    )
    # The backward pass of fused attention is far slower than plain matrix products on CPU at such lengths.
    config._attn_implementation = "eager"
    return CLIPModel(config)


def new_processor(tokenizer: Any) -> Any:
    """Return the ``CLIPProcessor``: squeeze to a square, scale, normalise; no crop, so that the edges are seen."""
    from transformers import CLIPImageProcessorPil, CLIPProcessor

    images = CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_mean=list(MEAN), image_std=list(STD)
    )
    return CLIPProcessor(images, tokenizer)


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write weights (float16), configuration, processor and tokenizer."""
    import copy

    import torch

    folder.mkdir(parents=True, exist_ok=True)
    copy.deepcopy(model).to(torch.float16).save_pretrained(folder)
    new_processor(tokenizer).save_pretrained(folder)


def load(folder: Path) -> Any:
    """Return the ``CLIPModel`` that :func:`save` wrote, in float32, for further training."""
    import torch
    from transformers import CLIPModel

    return CLIPModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True, attn_implementation="eager")
