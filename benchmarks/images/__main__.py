"""Images: what the whole step does per second, beside bare decoding on the same cores and beside img2dataset.

    python -m benchmarks.images --images 600 --side 1600 --rounds 3
    python -m benchmarks.images --images 240 --side 3000
    python -m benchmarks.images --peer /tmp/img2dataset   # installs it into a new environment there, once

Each round times one after the other on the same files. "whole" decodes every pixel from memory, "decode" does what the step's
decoder does (to the derivative's size, at reduced scale where that is enough), "step" is all of it. The server is a process of
its own on the same cores; what it costs is the disadvantage of those that fetch, and little where Go is installed, whose file
server is taken then. What they store goes to a folder in memory where there is one. Imports are not counted, except for
img2dataset, which starts processes; what its workers count themselves stands below the table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.images.contestants import SETTINGS, memory_folder
from benchmarks.images.provider import served, write_photographs

PEER = "img2dataset==1.47.0"
HERE = Path(__file__).parent
Figures = dict[str, float]


def peer_python(folder: Path) -> Path:
    """Return the interpreter of the peer's environment, made on first use."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    return python


def timed(command: list[str | Path]) -> Figures:
    """Run a contestant and return its figures."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def ours(what: str, listing: Path) -> Figures:
    """Run one of our own contestants."""
    return timed([sys.executable, "-m", "benchmarks.images.contestants", what, listing])


def peer(python: Path, listing: Path) -> Figures:
    """Run img2dataset."""
    wanted = (SETTINGS.decode_threads, SETTINGS.derivative_side, SETTINGS.derivative_quality)
    with tempfile.TemporaryDirectory(dir=memory_folder()) as output:
        script = HERE / "img2dataset_run.py"
        return timed([python, script, listing, f"{output}/out", *map(str, wanted)])


def line(name: str, rounds: list[Figures]) -> str:
    """Return a row of the table: medians over the rounds."""
    rate = statistics.median(one["images"] / one["seconds"] for one in rounds)
    cpu = statistics.median(1000 * one["cpu_seconds"] / one["images"] for one in rounds)
    memory = max(one["peak_mb"] for one in rounds)
    return f"| {name} | {rate:.1f} | {cpu:.1f} | {memory:.0f} |"


def paired(one: list[Figures], other: list[Figures]) -> str:
    """Return how the rates of two contestants compare, round by round."""
    ratios = [there["seconds"] / here["seconds"] for here, there in zip(one, other, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Run the rounds and print what was measured."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--images", type=int, default=600)
    arguments.add_argument("--side", type=int, default=1600)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--peer", type=Path, help="folder of img2dataset's environment; without it there is no peer")
    chosen = arguments.parse_args()
    python = peer_python(chosen.peer) if chosen.peer else None
    results: dict[str, list[Figures]] = {"whole": [], "decode": [], "step": [], "img2dataset": []}
    with tempfile.TemporaryDirectory() as folder:
        files = write_photographs(Path(folder), chosen.images, chosen.side)
        size = sum(file.stat().st_size for file in files) / len(files) / 1024
        listing, addresses = Path(folder) / "files.txt", Path(folder) / "addresses.txt"
        listing.write_text("\n".join(map(str, files)), encoding="utf-8")
        with served(files) as (server, urls):
            addresses.write_text("\n".join(urls), encoding="utf-8")
            for _ in range(chosen.rounds):
                results["whole"].append(ours("whole", listing))
                results["decode"].append(ours("decode", listing))
                results["step"].append(ours("step", addresses))
                if python:
                    results["img2dataset"].append(peer(python, addresses))
    print(
        f"{chosen.images} JPEGs of {chosen.side} × {chosen.side * 3 // 4}, {size:.0f} kB each; {os.cpu_count()} cores; "
        f"served by {server}\n"
    )
    print("| | images/s | CPU ms an image | peak MB |\n|---|---|---|---|")
    print("\n".join(line(name, rounds) for name, rounds in results.items() if rounds))
    print(f"\nstep to decoding every pixel from memory: {paired(results['step'], results['whole'])}")
    print(f"step to its own decoder from memory: {paired(results['step'], results['decode'])}")
    if python:
        print(f"step to img2dataset: {paired(results['step'], results['img2dataset'])}")
        workers = statistics.median(one["worker_rate"] for one in results["img2dataset"]) * SETTINGS.decode_threads
        print(f"img2dataset without its start, as its workers count: {workers:.1f} images/s")


if __name__ == "__main__":
    main()
