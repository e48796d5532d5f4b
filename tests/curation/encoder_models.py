"""Small models with random weights, saved as their publishers save real ones, and pictures to feed them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

TEXTS = ["a castle by the river", "étude de nu", "", "coin " * 300, "Ölgemälde: Mühle 1650"]


def pictures(count: int = 5, seed: int = 3) -> list[Image.Image]:
    """Smooth random pictures of different shapes, one greyscale and one with transparency."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(count):
        size = (int(rng.integers(30, 260)), int(rng.integers(30, 260)))
        picture = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        found.append(picture.convert("L" if index == 1 else "RGB"))
    return found


def save_clip(folder: Path, *, seed: int = 0, dim: int = 24) -> Path:
    """A CLIP dual encoder with image size 48 and a window of 16 tokens."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

    torch.manual_seed(seed)
    tokenizer = _byte_tokenizer()
    tower = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = CLIPConfig(
        projection_dim=dim,
        vision_config={**tower, "image_size": 48, "patch_size": 16},
        text_config={
            **tower,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 16,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
    )
    CLIPModel(config).save_pretrained(folder)
    images = CLIPImageProcessorPil(size={"shortest_edge": 48}, crop_size={"height": 48, "width": 48})
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def save_siglip(folder: Path) -> Path:
    """A SigLIP dual encoder: square resize, padding to the window."""
    import torch
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    torch.manual_seed(1)
    tokenizer = _byte_tokenizer()
    tower = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = SiglipConfig(
        vision_config={**tower, "image_size": 32, "patch_size": 16},
        text_config={**tower, "vocab_size": len(tokenizer), "max_position_embeddings": 12, "projection_size": 32},
    )
    SiglipModel(config).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_vit(folder: Path, *, classifier: bool = False) -> Path:
    """A ViT; as a classifier its checkpoint has no pooler."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil, ViTModel

    torch.manual_seed(2)
    config = ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=32, patch_size=8
    )
    model = ViTForImageClassification(config) if classifier else ViTModel(config)
    model.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_resnet(folder: Path) -> Path:
    """A ResNet, whose processor resizes by a crop percentage (not one of the plain recipes)."""
    import torch
    from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetModel

    torch.manual_seed(3)
    config = ResNetConfig(embedding_size=16, hidden_sizes=[16, 24, 32, 40], depths=[1, 1, 1, 1])
    ResNetModel(config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875).save_pretrained(folder)
    return folder


def save_dinov2(folder: Path) -> Path:
    """A DINOv2: resize the short edge, then crop."""
    import torch
    from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

    torch.manual_seed(4)
    config = Dinov2Config(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=56, patch_size=14)
    Dinov2Model(config).save_pretrained(folder)
    BitImageProcessorPil(size={"shortest_edge": 64}, crop_size={"height": 56, "width": 56}).save_pretrained(folder)
    return folder


def _byte_tokenizer():
    """A CLIP tokenizer whose only tokens are bytes (and bytes at the end of a word)."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    alphabet = sorted(ByteLevel.alphabet())
    tokens = [*alphabet, *(f"{char}</w>" for char in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: number for number, token in enumerate(tokens)}, merges=[])


_TOWER = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}


def save_chinese_clip(folder: Path) -> Path:
    """A Chinese CLIP: its text tower is a BERT."""
    import torch
    from transformers import ChineseCLIPConfig, ChineseCLIPImageProcessorPil, ChineseCLIPModel

    torch.manual_seed(5)
    tokenizer = _word_tokenizer()
    config = ChineseCLIPConfig(
        projection_dim=20,
        vision_config={**_TOWER, "image_size": 32, "patch_size": 16},
        text_config={**_TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 24, "pad_token_id": 0},
    )
    ChineseCLIPModel(config).save_pretrained(folder)
    size = {"height": 32, "width": 32}
    ChineseCLIPImageProcessorPil(size=size, crop_size=size).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_multilingual(folder: Path) -> Path:
    """A ViT joined with a multilingual XLM-RoBERTa, whose positions begin behind the padding token."""
    import torch
    from transformers import (
        VisionTextDualEncoderConfig,
        VisionTextDualEncoderModel,
        ViTConfig,
        ViTImageProcessorPil,
        XLMRobertaConfig,
    )

    torch.manual_seed(6)
    tokenizer = _word_tokenizer()
    config = VisionTextDualEncoderConfig.from_vision_text_configs(
        ViTConfig(**_TOWER, image_size=32, patch_size=16),
        XLMRobertaConfig(**_TOWER, vocab_size=len(tokenizer), max_position_embeddings=26, pad_token_id=0),
        projection_dim=20,
    )
    VisionTextDualEncoderModel(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _word_tokenizer():
    """A BERT tokenizer of a few words."""
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "castle", "by", "the", "river", "coin", "mühle", "画"]
    return BertTokenizer(vocab={word: number for number, word in enumerate(words)})
