"""imagededup on a folder of pictures, run by the peers' Python: prints seconds and pairs as JSON.

    python imagededup_run.py phash FOLDER
    python imagededup_run.py cnn FOLDER MODEL    # a folder with a MobileNetV2 in transformers' format

Thresholds are imagededup's defaults: distance 10 of 64, cosine 0.9.
"""

from __future__ import annotations

import json
import sys
import time

Found = dict[str, list[str]]


def phash(folder: str) -> tuple[Found, float]:
    """Find pairs by perceptual hash; return them and when it began."""
    from imagededup.methods import PHash

    start = time.perf_counter()
    return PHash(verbose=False).find_duplicates(image_dir=folder, num_enc_workers=0, num_dist_workers=0), start


def cnn(folder: str, weights: str) -> tuple[Found, float]:
    """Find pairs by the vectors of a MobileNetV2; return them and when it began, after loading it."""
    import torch
    from imagededup.methods import CNN
    from imagededup.utils import CustomModel
    from torchvision import transforms
    from transformers import MobileNetV2Model

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = MobileNetV2Model.from_pretrained(weights, dtype=torch.float32).eval()

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return self.model(pixels).pooler_output

    # As the model's own preprocessing says.
    transform = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        ]
    )
    finder = CNN(verbose=False, model_config=CustomModel(name="mobilenet_v2", model=Features(), transform=transform))
    start = time.perf_counter()
    return finder.find_duplicates(image_dir=folder, num_enc_workers=0, num_sim_workers=0), start


if __name__ == "__main__":
    found, started = phash(sys.argv[2]) if sys.argv[1] == "phash" else cnn(*sys.argv[2:4])
    seconds = time.perf_counter() - started
    pairs = sorted({tuple(sorted((name, other))) for name, others in found.items() for other in others})
    print(json.dumps({"seconds": seconds, "pairs": pairs}))
