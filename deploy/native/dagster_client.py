"""Dagster's GraphQL interface, as far as the course needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

SELECTOR = {"repositoryLocationName": "heritage_assets", "repositoryName": "__repository__"}


class DagsterError(RuntimeError):
    """Dagster answered with an error."""


class DagsterClient:
    """One webserver."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the one field that a query or mutation asks for.

        Raises:
            DagsterError: errors of GraphQL, or an answer whose type says that it is one.
        """
        answer = self._client.post("/graphql", json={"query": query, "variables": variables}).json()
        if answer.get("errors"):
            raise DagsterError(str(answer["errors"])[:500])
        (value,) = answer["data"].values()
        kind = value.get("__typename", "") if isinstance(value, dict) else ""
        if kind.endswith(("Error", "Invalid")):
            raise DagsterError(str(value)[:500])
        return value

    def runs(self, **tags: str) -> list[dict[str, Any]]:
        """Return the runs with these tags (``__`` stands for a slash), newest first.

        Each has runId, jobName, status, tags (by key) and assetMaterializations.
        """
        wanted = [{"key": key.replace("__", "/"), "value": value} for key, value in tags.items()]
        query = """query($f: RunsFilter!) { runsOrError(filter: $f) { __typename ... on Runs {
            results {runId jobName status tags {key value} assetMaterializations {assetKey {path}}} }
            ... on PythonError {message} } }"""
        found = self.ask(query, f={"tags": wanted} if wanted else {})["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def steps(self, run: str) -> dict[str, str]:
        """Return the state of each step of a run that has begun."""
        query = "query($id: ID!) { runOrError(runId: $id) {__typename ... on Run {stepStats {stepKey status}}} }"
        return {step["stepKey"]: step["status"] for step in self.ask(query, id=run)["stepStats"]}

    def backfill(self, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Backfill partitions of assets; return the backfill's id."""
        wanted = {
            "assetSelection": [{"path": [name]} for name in assets],
            "partitionNames": list(partitions),
        }
        query = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
            __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message} } }"""
        return str(self.ask(query, p=wanted)["backfillId"])

    def backfill_status(self, backfill: str) -> str:
        """Return how far a backfill is."""
        query = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
            __typename ... on PartitionBackfill {status error {message}} } }"""
        return str(self.ask(query, id=backfill)["status"])

    def start_schedule(self, name: str) -> None:
        """Start a schedule."""
        query = """mutation($s: ScheduleSelector!) { startSchedule(scheduleSelector: $s)
            {__typename ... on PythonError {message}} }"""
        self.ask(query, s={**SELECTOR, "scheduleName": name})

    def stop_schedule(self, name: str) -> None:
        """Stop a schedule."""
        state = """query($s: ScheduleSelector!) { scheduleOrError(scheduleSelector: $s) {
            __typename ... on Schedule {scheduleState {id}} } }"""
        found = self.ask(state, s={**SELECTOR, "scheduleName": name})["scheduleState"]["id"]
        query = "mutation($id: String) { stopRunningSchedule(id: $id) {__typename ... on PythonError {message}} }"
        self.ask(query, id=found)
