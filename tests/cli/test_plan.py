"""`heritage plan`: more records need more, every line has its formula, and one's own runs give the rates."""

from __future__ import annotations

import json
import math
from pathlib import Path

import dagster as dg
import pytest

from heritage_assets.planning import Rates, Wish, measured_rates, plan

from .conftest import CommandLine


def amounts(wish: Wish, rates: Rates | None = None) -> dict[str, float]:
    return {need.name: need.value for need in plan(wish, rates)}


def test_twice_the_records_need_twice_the_disk_and_more_than_twice_the_join() -> None:
    one, two = amounts(Wish(1_000_000)), amounts(Wish(2_000_000))
    for name in ("images", "tables", "vectors in the lake", "Qdrant's disk", "Qdrant's memory"):
        assert two[name] == pytest.approx(2 * one[name])
    assert two["one full join"] / one["one full join"] == pytest.approx(2**1.33)


def test_vectors_are_counted_to_the_byte() -> None:
    assert amounts(Wish(10_000_000, dimensions=512))["vectors in the lake"] * 2**30 == 10_000_000 * 2048 * 4


def test_quantization_and_disk_save_memory() -> None:
    full = amounts(Wish(10_000_000))["Qdrant's memory"]
    quantized = amounts(Wish(10_000_000, quantized=True, on_disk=True))["Qdrant's memory"]
    assert quantized < full / 2
    assert amounts(Wish(10_000_000, replicas=2))["Qdrant's memory"] == pytest.approx(2 * full)


def test_executors_are_enough_for_the_hours() -> None:
    wish = Wish(60_000_000, cores=16, hours=72)
    found = amounts(wish)
    assert found["bulk steps"] <= 72
    assert found["executors"] == math.ceil(found["executors"])
    assert found["Qdrant nodes"] * 0.8 * wish.node_gib >= found["Qdrant's memory"]


@pytest.mark.parametrize("wrong", [{"records": 0}, {"dimensions": -1}, {"hours": 0}, {"cores": 0}])
def test_numbers_must_be_positive(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        plan(Wish(**{"records": 1, **wrong}))


def test_rates_are_the_median_of_this_homes_runs_by_core() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for rate in (100.0, 300.0, 200.0):
            event = dg.AssetMaterialization("clip_embeddings", metadata={"rate_per_second": rate})
            instance.report_runless_asset_event(event)
        rates, measured = measured_rates(instance, cores=2)
    assert measured == {"encoding": 100.0}
    assert rates.encoding == 100.0
    assert rates.cleansing == Rates().cleansing


def test_the_command_prints_a_plan(tmp_path: Path) -> None:
    command = CommandLine(tmp_path, tmp_path / "home")
    said = json.loads(command.run("plan", "--records", "10000000", "--image-kib", "300", "--json").stdout)
    assert said["needs"]["images"]["value"] > 3_000
    assert all(need["formula"] for need in said["needs"].values())
    assert "Qdrant nodes" in command.run("plan", "--records", "1000000").stdout
    assert command.run("plan", "--records", "0", ok=False).returncode == 2


def test_a_home_that_ran_gives_its_own_rates(heritage: CommandLine) -> None:
    said = heritage.json("plan", "--records", "1000", "--own-rates")
    assert {"cleansing", "images", "encoding", "points", "canonical"} <= set(said["measured_here"])
