"""The connection to MLflow: a server by its address, or a SQLite database in the home."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heritage_assets.registry.settings import RegistrySettings

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from heritage_assets.settings import Settings

MOST_PARAM = 500
_METRICS_AT_ONCE = 1_000


class RegistryError(RuntimeError):
    """MLflow can't be reached or refused; the message says what and what to do."""


class Tracking:
    """MLflow, as one home uses it.

    Args:
        home: the home; without a server's address everything is kept in its folder ``mlflow``.
        settings: address and names.
    """

    def __init__(self, home: Path, settings: RegistrySettings) -> None:
        self.folder = home / "mlflow"
        self.settings = settings

    @classmethod
    def of(cls, settings: Settings) -> Tracking:
        """Return the connection that the platform's settings describe."""
        return cls(settings.home, settings.mlflow)

    @property
    def uri(self) -> str:
        """Address of the tracking store."""
        return self.settings.tracking_uri or f"sqlite:///{self.folder / 'mlflow.db'}"

    @cached_property
    def client(self) -> MlflowClient:
        """The client of tracking and registry; the first use of a home makes its database (seconds)."""
        mlflow = self.mlflow
        return mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def mlflow(self) -> Any:
        """The module ``mlflow``, pointed at this store: its functions act on one store per process, the one named last.

        It reports nothing to its makers from here.
        """
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ["DO_NOT_TRACK"] = "true"
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        import mlflow

        _quieten()
        if self.settings.tracking_uri is None:
            self.folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        return mlflow

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made where there is none."""
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(name)
        if found is None:
            place = None if self.settings.tracking_uri else (self.folder / "artifacts").as_uri()
            try:
                return str(self.client.create_experiment(name, artifact_location=place))
            except MlflowException:  # another process was first
                found = self.client.get_experiment_by_name(name)
        if found is None or found.lifecycle_stage != "active":
            raise RegistryError(
                f"the experiment {name!r} of {self.uri} is deleted: restore it (`mlflow experiments restore`)"
            )
        return str(found.experiment_id)

    @contextmanager
    def run(
        self, experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str] | None = None
    ) -> Iterator[TrackedRun]:
        """Open a run; it ends as FINISHED, or as FAILED where the block raises.

        Raises:
            RegistryError: MLflow can't be reached.
        """
        from mlflow.exceptions import MlflowException

        try:
            opened = self.client.create_run(self.experiment(experiment), run_name=name, tags=dict(tags or {}))
        except MlflowException as error:
            raise RegistryError(f"MLflow at {self.uri} can't be used: {error}") from error
        run_id = opened.info.run_id
        for key, value in params.items():
            self.client.log_param(run_id, key, str(value)[:MOST_PARAM])
        ended = "FAILED"
        try:
            yield TrackedRun(self.client, run_id)
            ended = "FINISHED"
        finally:
            self.client.set_terminated(run_id, ended)


class TrackedRun:
    """One open run."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.client = client
        self.run_id = run_id

    def figures(self, values: Mapping[str, Any]) -> None:
        """Log every number of ``values``, nested mappings with names joined by ``/``; what is no number is passed over."""
        for name, value in flat_figures(values).items():
            self.client.log_metric(self.run_id, name, value)

    def curve(self, name: str, values: Sequence[float], first_step: int = 0) -> None:
        """Log a value for each step."""
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [Metric(name, float(value), now, first_step + step) for step, value in enumerate(values)]
        for start in range(0, len(points), _METRICS_AT_ONCE):
            self.client.log_batch(self.run_id, metrics=points[start : start + _METRICS_AT_ONCE])

    def file(self, path: Path) -> None:
        """Keep a file with the run."""
        self.client.log_artifact(self.run_id, str(path))


def flat_figures(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers of nested mappings by joined names that MLflow allows (``recall@10`` becomes ``recall_at_10``)."""
    found: dict[str, float] = {}
    for key, value in values.items():
        name = prefix + "".join(
            letter if letter.isalnum() or letter in "_-. " else "_" for letter in key.replace("@", "_at_")
        )
        if isinstance(value, Mapping):
            found |= flat_figures(value, f"{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(value)
    return found


def _quieten() -> None:
    """Keep MLflow's and Alembic's notes on every step off the terminal; warnings stay."""
    import logging

    for name in ("mlflow", "alembic"):
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)
