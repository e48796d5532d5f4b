"""Models of the true architectures with random weights: what they find means nothing, what they cost is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "ViT-B/32": {},  # what CLIPConfig describes by default
    "ViT-L/14": {
        "projection_dim": 768,
        "vision_config": {
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "patch_size": 14,
        },
        "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
    },
    "tiny": {
        "projection_dim": 16,
        "vision_config": {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "patch_size": 32,
        },
        "text_config": {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
        },
    },
}
"""``tiny`` has the input and the patches of ViT-B/32 (224 × 224, 32 × 32) and next to no other work for the encoder."""


def save_clip(folder: Path, architecture: str) -> Path:
    """Save a CLIP in transformers format, with the demo encoder's tokenizer; returns the folder."""
    import torch
    from transformers import AutoTokenizer, CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    import heritage_assets.embedded

    tokenizer = AutoTokenizer.from_pretrained(Path(heritage_assets.embedded.__file__).parent / "demo_encoder")
    CLIPProcessor(CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    CLIPModel(CLIPConfig(**ARCHITECTURES[architecture])).save_pretrained(folder)
    return folder
