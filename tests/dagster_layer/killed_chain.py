"""Runs the chain of a home, as the command does, and kills itself with SIGKILL at a named place, its only argument."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn


def die() -> NoReturn:
    """End at once: no handler, no ``finally``, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def die_at(
    owner: Any, name: str, *, call: int, when: Callable[..., bool] = lambda *_: True, after: bool = False
) -> None:
    """Kill this process at the ``call``-th matching call of a function, before or after it did its work."""
    real, seen = getattr(owner, name), [0]

    def dying(*args: Any, **options: Any) -> Any:
        seen[0] += when(*args)
        if seen[0] == call and not after:
            die()
        answer = real(*args, **options)
        if seen[0] == call and after:
            die()
        return answer

    setattr(owner, name, dying)


def arm(place: str) -> None:
    """Choose where to die."""
    from heritage_assets.curation.schemas import CANONICAL_RECORDS, CLEANSED_RECORDS, CLUSTERS
    from heritage_assets.stores.journal import Journal
    from heritage_assets.stores.lake import Lake
    from heritage_assets.stores.objects import FolderStore
    from heritage_assets.stores.vectors import VectorStore

    def table(spec: Any) -> Callable[..., bool]:
        return lambda _, written, *rest: written.name == spec.name

    if place == "between cleansed and rejected":
        die_at(Lake, "replace_batch", call=1, when=table(CLEANSED_RECORDS), after=True)
    elif place == "during images":
        die_at(FolderStore, "put", call=9, when=lambda _, key, *rest: not key.startswith("journal"))
    elif place == "during embeddings":
        from heritage_assets.curation.encoders.pretrained import PretrainedEncoder

        die_at(PretrainedEncoder, "encode_texts", call=1)
    elif place == "during points":
        die_at(VectorStore, "upsert", call=2, after=True)
    elif place == "between pairs and canonical rows":
        die_at(Lake, "merge", call=1, when=table(CANONICAL_RECORDS))
    elif place == "before points are told":
        die_at(VectorStore, "set_payloads", call=2)
    elif place == "before the journal is struck out":
        die_at(Journal, "finish", call=1)
    elif place == "between clusters and members":
        die_at(Lake, "merge", call=1, when=table(CLUSTERS), after=True)
    else:
        raise ValueError(f"no place {place!r}")


if __name__ == "__main__":
    from heritage_assets import execution
    from heritage_assets.definitions import build_definitions
    from heritage_assets.settings import Settings
    from heritage_assets.stores.connect import Platform

    settings = Settings(_env_file=None)
    arm(sys.argv[1])
    definitions = build_definitions(settings)
    with execution.dagster_instance(settings) as instance:
        sealed = execution.register_batches(instance, Platform(settings).landing)
        for batch in execution.incomplete_batches(instance, sealed, "clusters"):
            execution.run_batch(definitions, instance, batch, execution.STEPS["canonical_points"])
        execution.run_clusters(definitions, instance)
