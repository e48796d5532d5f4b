"""The step on a GPU: images a second, share of what the device can calculate, share of the time in which it idles.

Not run yet: no machine with CUDA was at hand when it was written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.encoders import contestants
from benchmarks.encoders.models import save_clip
from heritage_assets.curation.encoders import load_encoder
from heritage_assets.curation.encoders.pretrained import PretrainedEncoder


def compare(folder: Path, files: Sequence[Path], rounds: int) -> tuple[dict[str, Any], str]:
    """Measure ViT-B/32 and ViT-L/14 in bfloat16.

    Raises:
        SystemExit: there is no CUDA device.
    """
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("no CUDA device here: run without --cuda")
    peak = matrix_rate()
    figures: dict[str, Any] = {"device": torch.cuda.get_device_name(), "matrix_flops": peak}
    lines = [
        f"{figures['device']}; {len(files)} JPEGs of 768 × 576; bfloat16 matrix products {peak / 1e12:.0f} TFLOP/s",
        "",
        "| | model alone, images/s | step, images/s | ratio | share of the matrix rate | idle in the step |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in ("ViT-B/32", "ViT-L/14"):
        model = save_clip(folder / name.replace("/", "-"), name)
        encoder = load_encoder(str(model), "cuda", precision="bfloat16")
        contestants.step(files, encoder)
        batches = contestants.ready(files, encoder)
        bare = [len(files) / contestants.bare_backend(batches, encoder) for _ in range(rounds)]
        steps = [len(files) / contestants.step(files, encoder) for _ in range(rounds)]
        share = median(bare) * flops_of_an_image(encoder) / peak
        idle = idle_share(files, encoder)
        figures[name] = {"bare": bare, "step": steps, "share": share, "idle": idle}
        lines.append(
            f"| {name} | {median(bare):.0f} | {median(steps):.0f} | {median(steps) / median(bare):.2f} | {share:.2f} | "
            f"{idle:.2f} |"
        )
    return figures, "\n".join(lines) + "\n"


def matrix_rate(side: int = 8192, repeats: int = 20) -> float:
    """Return the operations a second of large matrix products in bfloat16: what this device can do, not what its maker says."""
    import torch

    left = torch.randn(side, side, device="cuda", dtype=torch.bfloat16)
    left @ left
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(repeats):
        left @ left
    torch.cuda.synchronize()
    return 2 * side**3 * repeats / (time.perf_counter() - started)


def flops_of_an_image(encoder: PretrainedEncoder) -> float:
    """Count the operations of the image tower for one image."""
    import numpy as np
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        encoder._backend.images(np.zeros((1, 224, 224, 3), np.uint8))
    return float(counter.get_total_flops())


def idle_share(files: Sequence[Path], encoder: PretrainedEncoder) -> float:
    """Return the share of the step's time in which no kernel runs, by torch's profiler."""
    import torch

    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profiler:
        seconds = contestants.step(files, encoder)
    busy = sum(event.self_device_time_total for event in profiler.key_averages()) / 1e6
    return max(0.0, 1 - busy / seconds)
