"""Learned weights of page evidence in the object store, and their training in the registry."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from heritage_assets.curation.pages.decisions import standing
from heritage_assets.curation.pages.evidence import Doubles
from heritage_assets.curation.pages.learned import Training, train, weights_from_json
from heritage_assets.registry.tracking import Tracking
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.pages import LakePages, page_decisions

CURRENT = "models/pages/current.json"
EXPERIMENT = "heritage-pages-training"


def train_on(lake: Lake, datasets: Sequence[str], encoder: str, window: int) -> Training:
    """Learn from the confirmed documents of some datasets. Raises ValueError where they are too few."""
    decided = ((dataset, standing(page_decisions(lake, dataset))) for dataset in datasets)
    return train(((LakePages(lake, dataset, encoder), held) for dataset, held in decided if held.documents), window)


def save_training(store: ObjectStore, training: Training) -> str:
    """Keep learned weights and make them those of the method ``learned``; return their key."""
    data = training.to_json().encode()
    key = f"models/pages/{hashlib.sha256(data).hexdigest()[:16]}.json"
    store.put(key, data)
    store.put(CURRENT, data)
    return key


def current_weights(store: ObjectStore) -> Doubles:
    """Return the weights of the method ``learned``.

    Raises:
        ValueError: nothing was learned yet, or by another version.
    """
    try:
        data = store.get(CURRENT)
    except KeyError:
        raise ValueError(
            "nothing was learned yet: confirm documents, then run `heritage pages train --dataset …`"
        ) from None
    return weights_from_json(data.decode())


def track_training(tracking: Tracking, datasets: Sequence[str], encoder: str, training: Training) -> str:
    """Keep a training as a run of MLflow with its figures and weights; return the run's id.

    Raises:
        RegistryError: MLflow can't be reached.
    """
    params = {"datasets": ", ".join(datasets), "encoder": encoder, "documents": training.documents}
    with (
        tracking.run(EXPERIMENT, ", ".join(datasets), params, {"heritage.encoder": encoder}) as run,
        tempfile.TemporaryDirectory(prefix="heritage-") as folder,
    ):
        run.figures(training.figures())
        file = Path(folder) / "page_evidence.json"
        file.write_text(training.to_json(), encoding="utf-8")
        run.file(file)
    return run.run_id
