"""Parameters that several routes share: filters, paging, guids."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Form, Path, Query

from heritage_assets.stores.vector_schema import FilterError

MAX_VALUES = 50
MAX_GUIDS = 5_000
_SHORT = 300
_WORD = Annotated[str, Query(max_length=_SHORT)]
Values = Annotated[list[_WORD] | None, Query(max_length=MAX_VALUES)]
Guid = Annotated[str, Path(max_length=2000, description="The record's guid, percent-encoded (encodeURIComponent).")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Answers on a page; the server may allow fewer.")]
Offset = Annotated[int, Query(ge=0, le=10_000_000, description="Answers to skip.")]


def build_filters(year_from: int | None, year_to: int | None, **values: list[str] | None) -> dict[str, Any]:
    """Put filters together: the values of one field are alternatives, fields must all hold; years in either order."""
    filters: dict[str, Any] = {name: sorted(set(given)) for name, given in values.items() if given}
    if year_from is not None and year_to is not None and year_from > year_to:
        year_from, year_to = year_to, year_from
    years = {name: year for name, year in (("gte", year_from), ("lte", year_to)) if year is not None}
    return {**filters, "year": years} if years else filters


def _from_query(
    dataset: Values = None,
    provider: Values = None,
    data_provider: Values = None,
    type: Values = None,
    language: Values = None,
    country: Values = None,
    rights_category: Values = None,
    cluster_id: Values = None,
    embedding_status: Values = None,
    status: Values = None,
    batch: Values = None,
    creator: Values = None,
    subject: Values = None,
    canonical_id: Values = None,
    year_from: Annotated[int | None, Query(ge=-100_000, le=100_000)] = None,
    year_to: Annotated[int | None, Query(ge=-100_000, le=100_000)] = None,
) -> dict[str, Any]:
    """Read filters from a query string; a field may be named several times."""
    return build_filters(
        year_from, year_to, dataset=dataset, provider=provider, data_provider=data_provider,
        type=type, language=language, country=country, rights_category=rights_category, cluster_id=cluster_id,
        embedding_status=embedding_status, status=status, batch=batch, creator=creator, subject=subject,
        canonical_id=canonical_id,
    )  # fmt: skip


_FormWord = Annotated[str, Form(max_length=_SHORT)]
_FormValues = Annotated[list[_FormWord] | None, Form(max_length=MAX_VALUES)]
_FormGuids = Annotated[list[Annotated[str, Form(max_length=2000)]] | None, Form(max_length=900)]
_FormGuidLines = Annotated[
    str | None, Form(max_length=900_000, description="Only these records: guids, one on each line, at most 5,000.")
]


def _from_form(
    dataset: _FormValues = None,
    provider: _FormValues = None,
    data_provider: _FormValues = None,
    type: _FormValues = None,
    language: _FormValues = None,
    country: _FormValues = None,
    rights_category: _FormValues = None,
    cluster_id: _FormValues = None,
    embedding_status: _FormValues = None,
    status: _FormValues = None,
    batch: _FormValues = None,
    creator: _FormValues = None,
    subject: _FormValues = None,
    canonical_id: _FormValues = None,
    guid: _FormGuids = None,
    guids: _FormGuidLines = None,
    year_from: Annotated[int | None, Form(ge=-100_000, le=100_000)] = None,
    year_to: Annotated[int | None, Form(ge=-100_000, le=100_000)] = None,
) -> dict[str, Any]:
    """Read filters from a form."""
    return build_filters(
        year_from, year_to, dataset=dataset, provider=provider, data_provider=data_provider,
        type=type, language=language, country=country, rights_category=rights_category, cluster_id=cluster_id,
        embedding_status=embedding_status, status=status, batch=batch, creator=creator, subject=subject,
        canonical_id=canonical_id, guid=_named(guid, guids),
    )  # fmt: skip


def _named(guid: list[str] | None, guids: str | None) -> list[str]:
    named = [*(guid or ()), *(line.strip() for line in (guids or "").split("\n") if line.strip())]
    if len(named) > MAX_GUIDS:
        raise FilterError(f"{len(named):,} guids: name at most {MAX_GUIDS:,}")
    return named


QueryFilters = Annotated[dict[str, Any], Depends(_from_query)]
FormFilters = Annotated[dict[str, Any], Depends(_from_form)]
