"""Canonical ids: given once, kept for ever.

An id is a UUID of version 8 (RFC 9562): 48 bits of time (when its founder was harvested, milliseconds), 12 bits of generation,
62 bits of the SHA-256 of the founder's guid. So ids sort by age, the same data give the same ids, and an id tells whether a
record founded it.

- A new group founds an id. A late arrival changes nothing.
- When groups merge, the oldest id stays and the others become its aliases.
- When a group splits, the part with the id's founder keeps it (else the part with most of its members); another part takes
  back the alias that one of its members founded, or founds an id.
- A record that is withdrawn leaves; the id stays with the others.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_HASH_BITS = 62
_HASH_MASK = (1 << _HASH_BITS) - 1
FOUNDER_DIGITS = 17
"""So many characters at the end of an id depend on its founder alone."""


@dataclass(frozen=True)
class Holding:
    """What a record held before: its canonical id and the aliases of that id."""

    canonical_id: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """A group's id and aliases (sorted)."""

    canonical_id: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What became of ids: (kept, absorbed) and (id that was split, id of the part that left)."""

    identities: list[Identity]
    merges: list[tuple[str, str]] = field(default_factory=list)
    splits: list[tuple[str, str]] = field(default_factory=list)


def canonical_id(guid: str, harvested_ms: int, generation: int = 0) -> str:
    """Return the id that ``guid``, harvested at ``harvested_ms`` (Unix milliseconds), founds."""
    time = min(max(harvested_ms, 0), (1 << 48) - 1)
    value = (time << 80) | (0x8 << 76) | ((generation & 0xFFF) << 64) | (0b10 << 62) | _hash(guid)
    return str(uuid.UUID(int=value))


def founded_by(identity: str, guid: str) -> bool:
    """Say whether ``guid`` founded the id."""
    try:
        return uuid.UUID(identity).int & _HASH_MASK == _hash(guid)
    except ValueError:
        return False


def founder_mark(guid: str) -> str:
    """Return the last :data:`FOUNDER_DIGITS` characters of every id that ``guid`` founds."""
    return canonical_id(guid, 0)[-FOUNDER_DIGITS:]


def assign(
    groups: Sequence[Sequence[str]], held: Mapping[str, Holding], harvested_ms: Mapping[str, int], taken: set[str]
) -> Changes:
    """Give each group its id.

    Args:
        groups: guids of each group.
        held: what each guid held before; guids that are new are missing. All holders of an id must be among ``groups``.
        harvested_ms: when each guid was harvested, Unix milliseconds.
        taken: all canonical ids and aliases in use anywhere that one of the guids founded; new ids are added.
    """
    won, aliases = _claims(groups, held)
    identities: list[Identity] = []
    merges: list[tuple[str, str]] = []
    for number, guids in enumerate(groups):
        ids = sorted(won[number])
        if ids:
            kept, absorbed = ids[0], ids[1:]
            merges.extend((kept, other) for other in absorbed)
        else:
            # An alias that a member founded comes back to life; else the first-harvested member founds an id.
            own = sorted(name for name in aliases[number] if any(founded_by(name, guid) for guid in guids))
            kept, absorbed = own[0] if own else _found(guids, harvested_ms, taken), []
        names = (aliases[number] | set(absorbed)) - {kept}
        identities.append(Identity(kept, tuple(sorted(names))))
    splits = sorted(
        {
            (held[guid].canonical_id, identity.canonical_id)
            for guids, identity in zip(groups, identities, strict=True)
            for guid in guids
            if guid in held and held[guid].canonical_id not in (identity.canonical_id, *identity.aliases)
        }
    )
    return Changes(identities, sorted(merges), splits)


def _claims(groups: Sequence[Sequence[str]], held: Mapping[str, Holding]) -> tuple[list[set[str]], list[set[str]]]:
    """Return which former ids, and which aliases, go to each group."""
    claims: dict[str, dict[int, list[str]]] = {}
    alias_of: dict[str, set[str]] = {}
    for number, guids in enumerate(groups):
        for guid in guids:
            if guid in held:
                claims.setdefault(held[guid].canonical_id, {}).setdefault(number, []).append(guid)
                alias_of.setdefault(held[guid].canonical_id, set()).update(held[guid].aliases)
    won: list[set[str]] = [set() for _ in groups]
    aliases: list[set[str]] = [set() for _ in groups]
    for identity, parts in claims.items():
        winner = _heir(identity, parts)
        won[winner].add(identity)
        for alias in alias_of[identity]:
            founders = [part for part, guids in parts.items() if any(founded_by(alias, guid) for guid in guids)]
            aliases[founders[0] if founders else winner].add(alias)
    return won, aliases


def _heir(identity: str, parts: Mapping[int, Sequence[str]]) -> int:
    """Return the part that keeps the id: the founder's, else the one with most former members, then the smallest guid."""
    for part, guids in parts.items():
        if any(founded_by(identity, guid) for guid in guids):
            return part
    return min(parts, key=lambda part: (-len(parts[part]), min(parts[part])))


def _found(guids: Sequence[str], harvested_ms: Mapping[str, int], taken: set[str]) -> str:
    founder = min(guids, key=lambda guid: (harvested_ms.get(guid, 0), guid))
    generation = 0
    while (identity := canonical_id(founder, harvested_ms.get(founder, 0), generation)) in taken:
        generation += 1
    taken.add(identity)
    return identity


def _hash(guid: str) -> int:
    return int.from_bytes(hashlib.sha256(guid.encode()).digest()[:8], "big") & _HASH_MASK
