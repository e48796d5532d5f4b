"""``heritage harvest`` from providers over HTTP: Europeana, OAI-PMH and IIIF."""

from __future__ import annotations

from typing import Annotated

import typer

from heritage_assets.cli.harvest_run import AsJson, Batch, Dataset, Since, Withdrawals, run
from heritage_assets.curation.sources import EuropeanaSource, IiifSource, OaiPmhSource, Source
from heritage_assets.curation.sources.europeana import ENDPOINT, KEY_VARIABLE
from heritage_assets.settings import Settings

MaxRecords = Annotated[int | None, typer.Option("--max-records", min=1, help="Stop after so many records.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "europeana",
        epilog='Example: heritage harvest europeana --query "europeana_collectionName:90402*" --dataset rijksmuseum '
        "--reusability open",
    )(harvest_europeana)
    app.command(
        "oai-pmh", epilog="Example: heritage harvest oai-pmh https://example.org/oai --dataset prints --set prints"
    )(harvest_oai_pmh)
    app.command(
        "iiif", epilog="Example: heritage harvest iiif https://example.org/iiif/collection/top --dataset manuscripts"
    )(harvest_iiif)


def harvest_europeana(
    *,
    query: Annotated[str, typer.Option(help="Query in the Search API's syntax.")],
    dataset: Dataset,
    endpoint: Annotated[str, typer.Option(help="Address of the Search API.")] = ENDPOINT,
    max_records: MaxRecords = None,
    qf: Annotated[list[str] | None, typer.Option(help="Query refinement, such as TYPE:IMAGE (repeat).")] = None,
    reusability: Annotated[str | None, typer.Option(help="open, restricted or permission.")] = None,
    key: Annotated[str | None, typer.Option(envvar=KEY_VARIABLE, help="API key.")] = None,
    batch: Batch = None,
    since: Since = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land all records that match a query at Europeana, or at any endpoint that speaks its Search API."""

    def source(_: Settings) -> Source:
        return EuropeanaSource(
            query, key=key, endpoint=endpoint, qf=qf or (), reusability=reusability, max_records=max_records
        )

    run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json, since=since)


def harvest_oai_pmh(
    endpoint: Annotated[str, typer.Argument(metavar="URL", help="Base URL of the OAI-PMH endpoint.")],
    *,
    dataset: Dataset,
    prefix: Annotated[
        str, typer.Option(help="Metadata prefix: oai_dc, or the endpoint's name of EDM, such as edm.")
    ] = "oai_dc",
    set_: Annotated[str | None, typer.Option("--set", help="setSpec; everything when left out.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First datestamp, such as 2026-03-01.")] = None,
    until: Annotated[str | None, typer.Option(help="Last datestamp, such as 2026-03-31.")] = None,
    batch: Batch = None,
    since: Since = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the records that an OAI-PMH endpoint lists; deleted ones become tombstones."""

    def source(_: Settings) -> Source:
        return OaiPmhSource(endpoint, prefix=prefix, set_=set_, from_=from_, until=until)

    run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json, since=since)


def harvest_iiif(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a manifest or a collection (2 or 3).")],
    *,
    dataset: Dataset,
    by: Annotated[str, typer.Option(help="What is a record: canvas or manifest.")] = "canvas",
    max_records: MaxRecords = None,
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the canvases (pages, views) or the manifests (objects) that a IIIF collection leads to."""

    def source(settings: Settings) -> Source:
        fetch = settings.fetch
        return IiifSource(
            url, by=by, max_records=max_records, side=fetch.derivative_side, allowed_networks=fetch.allowed_networks
        )

    run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)
