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


def plain_images(folder: Path, images: list[Image.Image], pool: str) -> np.ndarray:
    """The textbook way: the model's processor, the model, its pooled output, unit length."""
    import torch
    from transformers import AutoImageProcessor, AutoModel

    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    rows = []
    for image in images:
        pixels = processor(images=image.convert("RGB"), return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            if pool == "features":
                output = model.get_image_features(pixel_values=pixels).pooler_output
            elif pool == "cls":
                output = model(pixel_values=pixels).last_hidden_state[:, 0]
            else:
                output = model(pixel_values=pixels).pooler_output.flatten(1)
        rows.append(torch.nn.functional.normalize(output, dim=-1).numpy()[0])
    return np.array(rows)


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


def save_resnet(folder: Path, *, widths: tuple[int, ...] = (16, 24, 32, 40), side: int = 64) -> Path:
    """A ResNet, whose processor resizes by a crop percentage."""
    import torch
    from transformers import ConvNextImageProcessorPil, ResNetConfig, ResNetModel

    torch.manual_seed(3)
    config = ResNetConfig(embedding_size=16, hidden_sizes=list(widths), depths=[1, 1, 1, 1])
    ResNetModel(config).save_pretrained(folder)
    ConvNextImageProcessorPil(size={"shortest_edge": side}, crop_pct=0.875).save_pretrained(folder)
    return folder


def save_resnet_50_wide(folder: Path) -> Path:
    """A ResNet as wide as ResNet-50 (2048 numbers a vector), with one block a stage."""
    return save_resnet(folder, widths=(256, 512, 1024, 2048))


def save_twice_normalised(folder: Path) -> Path:
    """A ResNet with EfficientNet's processor, which normalises twice: no plain recipe says that."""
    from transformers import EfficientNetImageProcessorPil

    save_resnet(folder)
    EfficientNetImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
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


def save_alt_clip(folder: Path) -> Path:
    """An AltCLIP: CLIP's image tower, and an XLM-RoBERTa that was taught its space."""
    import torch
    from transformers import AltCLIPConfig, AltCLIPModel, CLIPImageProcessorPil

    torch.manual_seed(7)
    tokenizer = _word_tokenizer()
    config = AltCLIPConfig(
        projection_dim=20,
        vision_config={**_TOWER, "image_size": 32, "patch_size": 16},
        text_config={
            **_TOWER,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 26,
            "pad_token_id": 0,
            "project_dim": 28,
        },
    )
    AltCLIPModel(config).save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_siglip_2(folder: Path) -> Path:
    """A SigLIP 2 of a fixed resolution: a SigLIP by its configuration, with Gemma's tokenizer."""
    import torch
    from transformers import GemmaTokenizer, SiglipConfig, SiglipImageProcessorPil, SiglipModel

    torch.manual_seed(8)
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    words = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), *map(chr, range(97, 123)), "▁"]
    tokenizer = GemmaTokenizer(
        vocab={word: number for number, word in enumerate(words)},
        merges=[],
        add_bos_token=False,
        add_eos_token=True,
        padding_side="right",
    )
    config = SiglipConfig(
        vision_config={**_TOWER, "image_size": 32, "patch_size": 16},
        text_config={**_TOWER, "vocab_size": len(tokenizer), "max_position_embeddings": 40, "projection_size": 32},
    )
    SiglipModel(config).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
