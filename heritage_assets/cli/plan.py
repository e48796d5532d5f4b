"""``heritage plan``: what an archive of a given size needs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import psutil
import typer

from heritage_assets.cli.output import console, print_json, print_table
from heritage_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("plan")(plan_command)


def plan_command(
    records: Annotated[int, typer.Option("--records", min=1, help="Records of the archive.")],
    dimensions: Annotated[int, typer.Option("--dimensions", min=1, help="Length of the encoder's vectors.")] = 512,
    image_kib: Annotated[
        float | None, typer.Option("--image-kib", min=0.1, help="Mean size of an original image; default: the demo's.")
    ] = None,
    hours: Annotated[float, typer.Option("--hours", min=0.1, help="Hours in which a full build must be done.")] = 24.0,
    cores: Annotated[int, typer.Option("--cores", min=1, help="Cores of one executor.")] = 8,
    node_gib: Annotated[float, typer.Option("--node-gib", min=1, help="Memory of one Qdrant node, in GiB.")] = 64.0,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="Copies of each Qdrant shard.")] = 1,
    quantized: Annotated[bool, typer.Option("--quantized", help="Keep int8 vectors in Qdrant's memory.")] = False,
    on_disk: Annotated[bool, typer.Option("--on-disk", help="Leave full vectors on Qdrant's disk.")] = False,
    own_rates: Annotated[bool, typer.Option("--own-rates", help="Use the rates of this home's last runs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as one JSON object.")] = False,
) -> None:
    """Say what an archive needs: disk, memory, Qdrant nodes, executors, hours; each with its formula.

    Example: heritage plan --records 10000000 --quantized --on-disk --hours 48
    """
    from dataclasses import replace

    from heritage_assets.planning import Rates, Wish, measured_rates, plan

    rates, measured = Rates(), dict[str, float]()
    if own_rates:
        from heritage_assets.execution import dagster_instance

        with dagster_instance(Settings()) as instance:
            rates, measured = measured_rates(instance, psutil.cpu_count() or 1)
    if image_kib is not None:
        rates = replace(rates, original_bytes=image_kib * 1024)
    wish = Wish(records, dimensions, cores, hours, node_gib, replicas, quantized, on_disk)
    needs = plan(wish, rates)
    if as_json:
        needed = {need.name: {"value": need.value, "unit": need.unit, "formula": need.formula} for need in needs}
        print_json({"wish": asdict(wish), "rates": asdict(rates), "measured_here": sorted(measured), "needs": needed})
        return
    print_table(
        ["need", "amount", "", "formula"],
        [
            [need.name, f"{need.value:,.0f}" if need.value >= 100 else f"{need.value:,.1f}", need.unit, need.formula]
            for need in needs
        ],
        f"{records:,} records, d = {dimensions}",
    )
    where = f"rates of this home: {', '.join(measured)}" if measured else "rates of the demo museum (see --own-rates)"
    console.print(f"{where}; estimates for planning, not promises")
