"""After a change only its neighbourhood is read, and the result is what grouping everything gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from page_factory import page_rows, table

from heritage_assets.curation.pages.decisions import NOTHING_DECIDED, Standing
from heritage_assets.curation.pages.incremental import regroup_stream
from heritage_assets.curation.pages.methods import Grouping, TablePages, group_pages
from heritage_assets.curation.pages.settings import GroupingSettings

SETTINGS = GroupingSettings()
LENGTHS = tuple(np.random.default_rng(7).integers(2, 9, 80).tolist())


class Counting(TablePages):
    """Counts the rows that are read."""

    read = 0

    def rows(self, first: int = 0, last: int | None = None) -> Any:
        for batch in super().rows(first, last):
            self.read += batch.num_rows
            yield batch

    def sample(self, most: int) -> Any:
        raise AssertionError("the scale of the earlier run holds")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return page_rows(LENGTHS, seed=11)


@pytest.fixture(scope="module")
def earlier(rows: list[dict[str, Any]]) -> Grouping:
    return group_pages(TablePages(table(rows)), SETTINGS)


def again(
    rows: list[dict[str, Any]], earlier: Grouping, changed: set[str], decided: Standing = NOTHING_DECIDED
) -> tuple[Grouping | None, int]:
    pages = Counting(table(rows))
    return regroup_stream(pages, SETTINGS, decided, earlier.groups, earlier.model, changed), pages.read


def whole(rows: list[dict[str, Any]], earlier: Grouping) -> list[str]:
    return group_pages(TablePages(table(rows)), SETTINGS, model=earlier.model).groups["group"].to_pylist()


@pytest.mark.parametrize("at", [0, 150, len(page_rows(LENGTHS)) - 12])
def test_another_batch_in_the_middle_changes_its_neighbourhood_alone(
    rows: list[dict[str, Any]], earlier: Grouping, at: int
) -> None:
    other = page_rows((5, 7), seed=77)
    mixed = [{**other[k - at], "guid": row["guid"]} if at <= k < at + 12 else row for k, row in enumerate(rows)]
    found, read = again(mixed, earlier, {row["guid"] for row in mixed[at : at + 12]})
    assert found is not None
    assert read < len(rows) / 3
    assert found.groups["group"].to_pylist() == whole(mixed, earlier)
    assert found.groups["place"].to_pylist() == list(range(len(rows)))


def test_scans_that_come_and_go_are_found(rows: list[dict[str, Any]], earlier: Grouping) -> None:
    come = [row | {"guid": f"new-{k}"} for k, row in enumerate(page_rows((6,), seed=5))]
    mixed = [*rows[:100], *come, *rows[100:300], *rows[304:]]
    found, read = again(mixed, earlier, set())
    assert found is not None
    assert read < len(rows) / 2
    assert found.groups["guid"].to_pylist() == [row["guid"] for row in mixed]
    assert found.groups["group"].to_pylist() == whole(mixed, earlier)


def test_without_a_change_nothing_is_read(rows: list[dict[str, Any]], earlier: Grouping) -> None:
    found, read = again(rows, earlier, set())
    assert read == 0
    assert found is not None
    assert found.groups.equals(earlier.groups)


def test_a_decision_is_kept_by_its_neighbourhood(rows: list[dict[str, Any]], earlier: Grouping) -> None:
    guids = [row["guid"] for row in rows[200:203]]
    held = Standing({"mine": guids}, dict.fromkeys(guids, "mine"))
    found, read = again(rows, earlier, set(guids), held)
    assert found is not None
    assert read < len(rows) / 3
    assert [row["guid"] for row in found.groups.to_pylist() if row["group"] == "mine"] == guids


def test_where_most_changed_all_is_grouped_anew(rows: list[dict[str, Any]], earlier: Grouping) -> None:
    assert again(rows, earlier, {row["guid"] for row in rows[::10]})[0] is None
