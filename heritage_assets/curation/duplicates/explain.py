"""Why two records are, or are not, one object: scores, rule, path, encoder, decisions."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.archive import Archive
from heritage_assets.curation.duplicates.decisions import SAME, Constraints, constraints, ordered
from heritage_assets.curation.duplicates.judged import JudgedPair, judge_pairs
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.duplicates.verdicts import DUPLICATE, WHY
from heritage_assets.curation.schemas import CANONICAL_RECORDS


@dataclass(frozen=True)
class Link:
    """One step of the path between two records: a stored pair, or a decision."""

    guid_a: str
    guid_b: str
    verdict: str
    rule: str
    image_cosine: float | None = None


@dataclass(frozen=True)
class Explanation:
    """Everything that decides about two records. ``answer`` says it in plain words, first line first."""

    guid_a: str
    guid_b: str
    same_object: bool
    answer: tuple[str, ...]
    canonical_id_a: str | None
    canonical_id_b: str | None
    representative: str | None
    encoder: str
    image_cosine: float | None
    text_cosine: float | None
    hash_distance: int | None
    conflict: str | None
    verdict: str
    rule: str
    why: str
    stored: bool
    """The pair is a row of ``duplicate_pairs``; else it was judged for this answer from what is known of both."""
    path: tuple[Link, ...] = ()
    decisions: tuple[dict[str, Any], ...] = ()
    contradictions: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON (times as ISO 8601)."""
        return asdict(self)


def explain(
    guid_a: str,
    guid_b: str,
    archive: Archive,
    settings: DuplicateSettings,
    encoder: str,
    *,
    image_cosine: float | None = None,
) -> Explanation:
    """Explain two records.

    Args:
        guid_a: one record.
        guid_b: the other.
        archive: stored pairs, rows and decisions; evidence of both.
        settings: the rules in force.
        encoder: name of the encoder whose pairs the archive holds.
        image_cosine: cosine of the two image vectors, for pairs that are not stored.

    Raises:
        ValueError: the two are one record.
        KeyError: a guid is neither current nor among the canonical records.
    """
    if guid_a == guid_b:
        raise ValueError(f"{guid_a} is one record, not two")
    a, b = ordered(guid_a, guid_b)
    rows = _canonical_rows(archive, a, b)
    rules = constraints(archive.decisions())
    stored = _stored(archive.pairs(), a, b)
    pair = stored or _judged(archive, a, b, settings, image_cosine)
    one = (
        a in rows
        and b in rows
        and _alive(rows[a])
        and _alive(rows[b])
        and rows[a]["canonical_id"] == rows[b]["canonical_id"]
    )
    path = _path(archive.pairs(), rules, a, b)
    made = tuple(_plain(row) for row in archive.decisions().to_pylist() if {row["guid_a"], row["guid_b"]} == {a, b})
    contradictions = tuple(c.message for c in rules.contradictions if {c.guid_a, c.guid_b} & {a, b})
    head = _representative(archive, rows[a]["canonical_id"]) if one else None
    return Explanation(
        guid_a=a,
        guid_b=b,
        same_object=one,
        answer=_answer(a, b, one, rows, pair, rules, path, head),
        canonical_id_a=rows.get(a, {}).get("canonical_id"),
        canonical_id_b=rows.get(b, {}).get("canonical_id"),
        representative=head,
        encoder=encoder,
        image_cosine=pair.image_cosine,
        text_cosine=pair.text_cosine,
        hash_distance=pair.hash_distance,
        conflict=pair.conflict,
        verdict=pair.verdict,
        rule=pair.rule,
        why=WHY.get(pair.rule, pair.rule),
        stored=stored is not None,
        path=path,
        decisions=made,
        contradictions=contradictions,
        settings=settings.model_dump(mode="json", exclude={"rights_order"}),
    )


def _canonical_rows(archive: Archive, a: str, b: str) -> dict[str, dict[str, Any]]:
    table = archive.canonical()
    found = table.filter(pc.is_in(table["guid"], value_set=pa.array([a, b]))).cast(CANONICAL_RECORDS.schema)
    rows = {row["guid"]: row for row in found.to_pylist()}
    current = set(archive.evidence([a, b])["guid"].to_pylist())
    for guid in (a, b):
        if guid not in rows and guid not in current:
            raise KeyError(f"{guid} is not a record of this archive: check the guid, or harvest it first")
    return rows


def _stored(pairs: pa.Table, a: str, b: str) -> JudgedPair | None:
    found = pairs.filter(pc.and_(pc.equal(pairs["guid_a"], a), pc.equal(pairs["guid_b"], b))).to_pylist()
    return JudgedPair.stored(found[0]) if found else None


def _judged(archive: Archive, a: str, b: str, settings: DuplicateSettings, image_cosine: float | None) -> JudgedPair:
    """Judge a pair that is not stored, as a run would."""
    evidence = archive.evidence([a, b])
    if len(evidence) < 2:
        return JudgedPair(image_cosine, None, None, None, "distinct", "withdrawn")
    cosine = np.array([np.nan if image_cosine is None else image_cosine])
    return judge_pairs(evidence, [(a, b)], cosine, settings)[0]


def _path(pairs: pa.Table, rules: Constraints, a: str, b: str) -> tuple[Link, ...]:
    """Return the shortest path of duplicates and "same" decisions from a to b; empty when there is none."""
    joined = pairs.filter(pc.equal(pairs["verdict"], DUPLICATE))
    columns = (joined[name].to_pylist() for name in ("guid_a", "guid_b", "rule", "image_cosine"))
    near: dict[str, dict[str, Link]] = {}
    for x, y, rule, cosine in zip(*columns, strict=True):
        link = Link(x, y, DUPLICATE, rule, cosine)
        near.setdefault(x, {})[y] = near.setdefault(y, {})[x] = link
    for (x, y), row in rules.latest.items():
        if row["decision"] == SAME:
            link = Link(x, y, SAME, f"decided by {row['reviewer']}")
            near.setdefault(x, {})[y] = near.setdefault(y, {})[x] = link
    came: dict[str, str] = {a: a}
    queue = deque([a])
    while queue and b not in came:
        here = queue.popleft()
        for there in sorted(near.get(here, {})):
            if there not in came:
                came[there] = here
                queue.append(there)
    if b not in came:
        return ()
    steps = []
    while b != a:
        steps.append(near[came[b]][b])
        b = came[b]
    return tuple(reversed(steps))


def _representative(archive: Archive, identity: str) -> str | None:
    table = archive.canonical()
    mask = pc.and_(pc.equal(table["canonical_id"], identity), table["is_representative"])
    found = table.filter(mask)["guid"].to_pylist()
    return str(found[0]) if found else None


def _answer(
    a: str,
    b: str,
    one: bool,
    rows: dict[str, dict[str, Any]],
    pair: JudgedPair,
    rules: Constraints,
    path: tuple[Link, ...],
    head: str | None,
) -> tuple[str, ...]:
    lines = [f"{a} and {b} are {'one object' if one else 'two objects'}."]
    lines += [f"{guid} was withdrawn." for guid in (a, b) if guid in rows and not _alive(rows[guid])]
    lines += [f"{guid} has not been canonicalized yet." for guid in (a, b) if guid not in rows]
    decided = rules.latest.get((a, b))
    if decided:
        lines.append(f"{decided['reviewer']} decided: {decided['decision']} ({decided['decision_id']}).")
    lines.append(f"The pair itself is {pair.verdict} by rule {pair.rule}: {WHY.get(pair.rule, 'one is not current')}")
    if pair.conflict:
        lines.append(f"Declared differences: {pair.conflict}.")
    if one and head not in (a, b):
        lines.append(f"Both are direct duplicates of {head}, which represents the object.")
    if not one and path:
        lines.append(
            f"They hang together over {len(path)} steps, but no record is a direct duplicate of all: the chain was split."
        )
    return tuple(lines)


def _alive(row: dict[str, Any]) -> bool:
    return not row["withdrawn"]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"decided_at": row["decided_at"].isoformat() if row["decided_at"] else None}
