"""How good clusters and search results are, measured against the truth.

Belongs here: figures over plain mappings and arrays. Does not belong here: where predictions and truth come from, and the
evaluation of duplicate pairs and groups (beside the duplicates).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_KS = (1, 5, 10)


def cluster_metrics(predicted: Mapping[str, str | None], truth: Mapping[str, str]) -> dict[str, float | int]:
    """Compare clusters with classes over the guids that both name.

    A record whose cluster is None (noise) counts as a cluster of its own: leaving hard records out earns nothing.

    Returns ``adjusted_rand`` (-0.5 … 1, 0 by chance; Hubert & Arabie 1985), ``normalized_mutual_information``,
    ``homogeneity``, ``completeness``, ``v_measure`` (0 … 1; Rosenberg & Hirschberg 2007), ``evaluated`` (guids in both),
    ``coverage`` (their share of the truth), ``unclustered``, ``clusters`` and ``classes`` among them.
    Raises ValueError when no guid is in both.
    """
    shared = _shared(predicted, truth)
    from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure, normalized_mutual_info_score

    classes = [truth[guid] for guid in shared]
    clusters = _numbered([predicted[guid] for guid in shared])
    homogeneity, completeness, v_measure = homogeneity_completeness_v_measure(classes, clusters)
    named = {predicted[guid] for guid in shared} - {None}
    return {
        "adjusted_rand": float(adjusted_rand_score(classes, clusters)),
        "normalized_mutual_information": float(normalized_mutual_info_score(classes, clusters)),
        "homogeneity": float(homogeneity),
        "completeness": float(completeness),
        "v_measure": float(v_measure),
        "evaluated": len(shared),
        "coverage": len(shared) / len(truth),
        "unclustered": sum(predicted[guid] is None for guid in shared),
        "clusters": len(named),
        "classes": len(set(classes)),
    }


def adjusted_rand(predicted: Mapping[str, str | None], truth: Mapping[str, str]) -> dict[str, float | int]:
    """Return ``adjusted_rand``, ``evaluated`` and ``coverage`` of :func:`cluster_metrics`."""
    found = cluster_metrics(predicted, truth)
    return {name: found[name] for name in ("adjusted_rand", "evaluated", "coverage")}


def _shared(predicted: Mapping[str, str | None], truth: Mapping[str, str]) -> list[str]:
    shared = sorted(predicted.keys() & truth.keys())
    if not shared:
        raise ValueError(
            f"none of the {len(truth)} guids of the truth is among the {len(predicted)} clustered ones "
            f"(truth: {_few(truth)}; clustered: {_few(predicted)}): name them alike"
        )
    return shared


def _few(names: Collection[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names)[:3]) or "none"


def _numbered(clusters: Sequence[str | None]) -> list[int]:
    """Number clusters; each None gets a number of its own."""
    numbers: dict[str, int] = {}
    return [
        -1 - position if name is None else numbers.setdefault(name, len(numbers))
        for position, name in enumerate(clusters)
    ]


def rank(scores: NDArray[np.floating[Any]], guids: Sequence[str], limit: int | None = None) -> list[list[str]]:
    """Return for each query the guids by falling score; equal scores in the order of the guids, NaN last.

    ``scores``: (queries, records), any float; ``guids``: one a record; ``limit``: how many to keep (default: all).
    Raises ValueError when the shapes disagree.
    """
    if scores.ndim != 2 or scores.shape[1] != len(guids):
        raise ValueError(f"scores of shape {scores.shape} do not fit {len(guids)} guids: pass (queries, records)")
    by_name = np.array(sorted(range(len(guids)), key=guids.__getitem__), dtype=np.int64)
    ordered = np.argsort(-np.nan_to_num(scores[:, by_name], nan=-np.inf), axis=1, kind="stable")[:, :limit]
    return [[guids[by_name[position]] for position in row] for row in ordered]


def retrieval_metrics(
    rankings: Mapping[str, Sequence[str]],
    relevant: Mapping[str, Collection[str]],
    ks: Sequence[int] = DEFAULT_KS,
) -> dict[str, float | int]:
    """Measure ranked search results.

    ``rankings``: query → guids found, best first, each once; ``relevant``: query → guids that should be found. A query of
    ``relevant`` without a ranking counts as one that found nothing; a relevant guid that was not ranked counts as missed;
    queries with nothing relevant are left out and counted.

    Returns, as means over queries, ``recall@k`` (share of the relevant among the first k), ``hit@k`` (1 if any is among
    them), ``mrr`` (1 / rank of the first relevant) and ``map`` (mean average precision), then ``queries`` and ``skipped``.
    Raises ValueError for k < 1, a guid ranked twice, or when no query has anything relevant.
    """
    if not ks or min(ks) < 1:
        raise ValueError(f"ks must be positive, not {list(ks)}")
    queries = sorted(query for query, wanted in relevant.items() if wanted)
    if not queries:
        raise ValueError("no query has a relevant record: there is nothing to measure")
    rows = [_one_query(query, rankings.get(query, ()), set(relevant[query]), ks) for query in queries]
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    return {**means, "queries": len(queries), "skipped": len(relevant) - len(queries)}


def _one_query(query: str, ranking: Sequence[str], wanted: set[str], ks: Sequence[int]) -> dict[str, float]:
    if len(set(ranking)) != len(ranking):
        raise ValueError(f"the ranking of query {query!r} names a record more than once")
    ranks = np.array([rank for rank, guid in enumerate(ranking, start=1) if guid in wanted], dtype=np.int64)
    result: dict[str, float] = {}
    for k in ks:
        found = int(np.count_nonzero(ranks <= k))
        result[f"recall@{k}"] = found / len(wanted)
        result[f"hit@{k}"] = float(found > 0)
    result["mrr"] = 1.0 / int(ranks[0]) if len(ranks) else 0.0
    result["map"] = float(np.sum(np.arange(1, len(ranks) + 1) / ranks)) / len(wanted) if len(ranks) else 0.0
    return result
