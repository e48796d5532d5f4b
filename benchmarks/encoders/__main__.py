"""Hold the step ``clip_embeddings`` against the limits of the machine, and against others, on the same images in one run.

    python -m benchmarks.encoders --images 2000 --rounds 3

On a CPU: ViT-B/32 (true architecture, random weights), where the encoder is the limit, against the bare model on tensors that
are ready, a torch DataLoader with worker processes and, with ``--peer FOLDER``, clip-retrieval (in an environment that is made
there), on a tenth of the images; a tiny encoder, where decoding is the limit, against decoding alone and against decoding and
preprocessing, on all. "Decoding alone" is of whole pictures; the step decodes at reduced scale where the encoder allows. Where
CUDA is, ``--cuda`` measures ViT-B/32 and ViT-L/14 on it instead. Rounds of all contestants alternate; ratios are medians of
the rounds' ratios. Writes a table (Markdown) and the figures (JSON) to ``--output``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.encoders import contestants, cuda, peer
from benchmarks.encoders.archive import copied, write_pictures
from benchmarks.encoders.models import save_clip
from heritage_assets.curation.encoders import load_encoder

Rounds = dict[str, list[float]]


def main() -> None:
    """Run the comparison."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        files = write_pictures(options.pictures or Path(folder) / "pictures", options.images)
        if options.cuda:
            figures, table = cuda.compare(Path(folder), files, options.rounds)
        else:
            figures, table = _on_cpu(Path(folder), files, options)
    options.output.mkdir(parents=True, exist_ok=True)
    name = "encoders-cuda" if options.cuda else "encoders"
    (options.output / f"{name}.md").write_text(table, encoding="utf-8")
    (options.output / f"{name}.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pictures", type=Path, help="folder that keeps them for another run")
    parser.add_argument("--peer", type=Path, help="folder of clip-retrieval's environment; without it there is no peer")
    parser.add_argument("--cuda", action="store_true", help="measure the GPU")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


def _on_cpu(folder: Path, files: list[Path], options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    cache = str(folder / "converted")
    large = load_encoder(str(save_clip(folder / "large", "ViT-B/32")), "cpu", cache=cache)
    tiny = load_encoder(str(save_clip(folder / "tiny", "tiny")), "cpu", backend="openvino", cache=cache)
    few = copied(files[: max(1, len(files) // 10)], folder / "few")
    contestants.step(few[:64], large)  # the batch size is found, everything is warm
    contestants.step(few[:64], tiny)
    batches = contestants.ready(few, large)
    model, processor = contestants.plain(folder / "large")
    size, cores = large.image_sizer.size, os.cpu_count() or 1
    work: dict[str, tuple[int, Callable[[], float]]] = {
        "the model alone, same backend, tensors ready": (len(few), lambda: contestants.bare_backend(batches, large)),
        "step, ViT-B/32": (len(few), lambda: contestants.step(few, large)),
        "the model alone, eager torch, tensors ready": (
            len(few),
            lambda: contestants.bare_torch(batches, model, processor),
        ),
        "torch DataLoader and eager torch": (
            len(few),
            lambda: contestants.loader(few, model, processor, size, cores),
        ),
        "decoding alone": (len(files), lambda: contestants.decode(files)),
        "decoding alone, at reduced scale": (len(files), lambda: contestants.decode_reduced(files, tiny)),
        "decoding and preprocessing": (len(files), lambda: contestants.decode_and_resize(files, tiny)),
        "step, tiny encoder": (len(files), lambda: contestants.step(files, tiny)),
    }
    if options.peer:
        python = peer.make(options.peer)
        work["clip-retrieval inference"] = (
            len(few),
            lambda: peer.run(python, folder / "large", few[0].parent, size, cores),
        )
    rounds: Rounds = {name: [] for name in work}
    for _ in range(options.rounds):
        for name, (images, contestant) in work.items():
            rounds[name].append(images / contestant())
    return {"images": len(files), "version": large.version, "rates": rounds}, _table(rounds, large.version, len(files))


def _table(rounds: Rounds, version: str, images: int) -> str:
    lines = [f"{images} JPEGs of 768 × 576; {version}", "", "| | images/s |", "|---|---:|"]
    lines += [f"| {name} | {median(rates):.1f} |" for name, rates in rounds.items()]
    lines += ["", "| ratio | median | rounds |", "|---|---:|---|"]
    for step, limit in (
        ("step, ViT-B/32", "the model alone, same backend, tensors ready"),
        ("step, ViT-B/32", "the model alone, eager torch, tensors ready"),
        ("step, ViT-B/32", "torch DataLoader and eager torch"),
        ("step, ViT-B/32", "clip-retrieval inference"),
        ("step, tiny encoder", "decoding alone"),
        ("step, tiny encoder", "decoding alone, at reduced scale"),
        ("step, tiny encoder", "decoding and preprocessing"),
    ):
        if limit in rounds:
            ratios = [mine / theirs for mine, theirs in zip(rounds[step], rounds[limit], strict=True)]
            lines.append(f"| {step} / {limit} | {median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
