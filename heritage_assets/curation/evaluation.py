"""How good clusters are, measured against the truth.

Belongs here: figures over plain mappings and arrays. Does not belong here: where predictions and truth come from, and the
evaluation of duplicate pairs and groups (beside the duplicates) and of search (:mod:`.retrieval`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence


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
