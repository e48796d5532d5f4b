"""Figures for Prometheus; each application has a registry of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from heritage_assets.search.api.chain_metrics import chain_metrics

if TYPE_CHECKING:
    from heritage_assets.search.api.state import AppState

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """What is counted of requests, encoder and vector store."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter("heritage_requests", "Requests.", labels, registry=self.registry)
        self._seconds = Histogram(
            "heritage_request_seconds", "Seconds for a request.", ("route",), buckets=SECONDS, registry=self.registry
        )
        self._batches = Histogram(
            "heritage_encoder_batch",
            "Items in one call of the encoder.",
            ("kind",),
            buckets=BATCHES,
            registry=self.registry,
        )
        self._calls = Histogram(
            "heritage_vector_call_seconds", "Seconds for a call of the vector store.", ("outcome",), buckets=SECONDS,
            registry=self.registry,
        )  # fmt: skip

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def encoder_batch(self, kind: str, size: int) -> None:
        """Count a call of the encoder."""
        self._batches.labels(kind).observe(size)

    def vector_call(self, outcome: str, seconds: float) -> None:
        """Count a call of the vector store."""
        self._calls.labels(outcome).observe(seconds)

    def follow(self, state: AppState) -> None:
        """Show the state of queues and snapshot as well."""
        self.registry.register(_Gauges(state))

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)


class _Gauges:
    def __init__(self, state: AppState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        state = self._state
        waiting = GaugeMetricFamily("heritage_waiting", "Items that wait.", labels=["for"])
        shed = GaugeMetricFamily("heritage_shed", "Items refused because too many waited.", labels=["for"])
        for name, gateway in (("encoder", state.encoder), ("vectors", state.vectors)):
            waiting.add_metric([name], gateway.waiting)
            shed.add_metric([name], gateway.shed)
        yield waiting
        yield shed
        known = state.keeper.snapshot
        age = time.time() - known.built_at.timestamp() if known else float("nan")
        yield GaugeMetricFamily("heritage_records", "Living records in the snapshot.", value=known.size if known else 0)
        yield GaugeMetricFamily("heritage_snapshot_age_seconds", "Seconds since the snapshot was built.", value=age)
        yield GaugeMetricFamily(
            "heritage_status_watchers", "Browsers that watch the status.", value=state.board.watchers
        )
        if state.board.known is not None:
            yield from chain_metrics(state.board.known)
