"""From pairs to groups: connected components, then the chain guard.

Chain guard: in every group one record, the representative, is a direct duplicate of all others (or a person decided that they
are the same as it, or as one of its duplicates). A component without such a record is a chain A~B~C; it is split into stars,
greatest first, of equal ones the most alike. The result depends on the pairs, the decisions and the declared order of the
records only, never on the order of arrival.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Index = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Edge = tuple[int, int, float]

COMPLETENESS = (
    "title",
    "creator",
    "description",
    "identifiers",
    "date",
    "year_from",
    "data_provider",
    "rights_category",
)


@dataclass(frozen=True)
class Group:
    """Members in declared order; the representative is one of them."""

    members: tuple[int, ...]
    representative: int


@dataclass(frozen=True)
class Partition:
    """Groups of two or more and of one, by smallest member; and the components that the chain guard split."""

    groups: list[Group]
    split_components: int


def components(nodes: int, a: Index, b: Index) -> Index:
    """Return the component number of each of ``nodes`` under the edges (a, b)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(nodes, nodes))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def declared_order(evidence: pa.Table, rights_order: tuple[str, ...]) -> Index:
    """Return each record's place (0 is first) in the order in which records may represent a group.

    Open rights first, then more pixels, more complete metadata, earlier harvest, smaller guid. The last makes it total.
    """
    place = {category: number for number, category in enumerate(rights_order)}
    rights = [place.get(category, len(place)) for category in evidence["rights_category"].to_pylist()]
    width, height = (pc.fill_null(evidence[name], 0).to_numpy().astype(np.int64) for name in ("width", "height"))
    complete = np.zeros(len(evidence), np.int64)
    for name in COMPLETENESS:
        complete += np.asarray(pc.is_valid(evidence[name]).to_numpy(), np.int64)
    # A record without a harvest time comes last.
    harvested = pc.fill_null(evidence["harvested_at"].cast(pa.int64()), np.iinfo(np.int64).max).to_numpy()
    guids = np.asarray(pc.rank(evidence["guid"].combine_chunks(), sort_keys="ascending").to_numpy(), np.int64)
    order = np.lexsort((guids, harvested, -complete, -width * height, np.asarray(rights)))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places


def partition(
    places: Index,
    a: Index,
    b: Index,
    *,
    strength: Doubles | None = None,
    classes: Iterable[tuple[int, ...]] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> Partition:
    """Partition the records 0..n-1.

    Args:
        places: (n,) place of each record in the declared order, all different.
        a: (m,) one end of each duplicate pair.
        b: (m,) the other end.
        strength: (m,) how alike the ends are; of two that are kept apart, a centre takes the one it is more alike.
        classes: disjoint sets of records that must stay together.
        apart: pairs of records that must not share a group; never both in one class.
    """
    n = len(places)
    label = np.arange(n)
    for members in classes:
        label[list(members)] = min(members)
    held = np.flatnonzero(label != np.arange(n))
    component = components(n, np.concatenate([a, held]), np.concatenate([b, label[held]]))
    order = np.lexsort((places, component))
    starts = np.flatnonzero(np.append(True, np.diff(component[order]) > 0)) if n else np.empty(0, np.int64)
    # Equal files may have no vector. Less than a thousandth is noise, and must not stand above the declared order.
    known = np.zeros(len(a)) if strength is None else np.asarray(np.nan_to_num(strength, nan=1.0), np.float64).round(3)
    edges = _edges_by_component(component, a, b, known)
    rivals: dict[int, set[int]] = {}
    for x, y in apart:
        rivals.setdefault(int(label[x]), set()).add(int(label[y]))
        rivals.setdefault(int(label[y]), set()).add(int(label[x]))
    groups: list[Group] = []
    splits = 0
    for found in np.split(order, starts[1:]) if n else []:
        nodes: list[int] = found.tolist()
        if len(nodes) == 1:
            groups.append(Group((nodes[0],), nodes[0]))
            continue
        parts = _stars(nodes, label, edges.get(int(component[nodes[0]]), []), rivals)
        splits += len(parts) > 1
        groups.extend(parts)
    groups.sort(key=lambda group: min(group.members))
    return Partition(groups, splits)


def _edges_by_component(component: Index, a: Index, b: Index, strength: Doubles) -> dict[int, list[Edge]]:
    edges: dict[int, list[Edge]] = {}
    for number, x, y, alike in zip(component[a].tolist(), a.tolist(), b.tolist(), strength.tolist(), strict=True):
        edges.setdefault(number, []).append((x, y, alike))
    return edges


def _stars(nodes: list[int], label: Index, edges: list[Edge], rivals: dict[int, set[int]]) -> list[Group]:
    """Cut one component, its nodes in declared order, into stars: the one that covers most records first.

    A star takes whole classes: its centre's own, and those that hold a direct duplicate of the centre.
    """
    place = {node: number for number, node in enumerate(nodes)}
    class_of = {node: int(label[node]) for node in nodes}
    members: dict[int, list[int]] = {}
    for node in nodes:
        members.setdefault(class_of[node], []).append(node)
    near: dict[int, dict[int, float]] = {node: {class_of[node]: 1.0} for node in nodes}
    for x, y, alike in edges:
        for one, other in ((x, class_of[y]), (y, class_of[x])):
            near[one][other] = max(near[one].get(other, -1.0), alike)
    left = set(members)

    def star(centre: int) -> list[int]:
        """Return the classes that ``centre`` can take: the most alike first, leaving out those kept apart from one taken."""
        own, alike = class_of[centre], near[centre]
        wanted = sorted((alike.keys() & left) - {own}, key=lambda number: (-alike[number], place[members[number][0]]))
        taken, forbidden = [own], set(rivals.get(own, ()))
        for number in wanted:
            if number not in forbidden:
                taken.append(number)
                forbidden |= rivals.get(number, set())
        return taken

    def worth(centre: int, taken: list[int]) -> tuple[int, float]:
        """Return what puts a star first, negative for the heap: how many records it covers, then how alike they are."""
        return -sum(len(members[number]) for number in taken), -sum(near[centre][number] for number in taken)

    # A star only shrinks while others are cut out, so an outdated entry of the heap is an upper bound (unless records are
    # kept apart, when it is still the size that was last true: both are settled by measuring again).
    heap = [(worth(node, star(node)), place[node], node) for node in nodes]
    heapq.heapify(heap)
    groups: list[Group] = []
    while heap:
        bound, at, centre = heapq.heappop(heap)
        if class_of[centre] not in left:
            continue
        taken = star(centre)
        if worth(centre, taken) != bound:
            heapq.heappush(heap, (worth(centre, taken), at, centre))
            continue
        left -= set(taken)
        group = sorted((node for number in taken for node in members[number]), key=place.__getitem__)
        # The centre covers all; the first in declared order that also does represents them.
        representative = next(node for node in group if near[node].keys() >= set(taken))
        groups.append(Group(tuple(group), representative))
    return groups
