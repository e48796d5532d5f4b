"""The demo museum as its providers hold it: records over two harvest rounds, planted copies, look-alikes and faults.

The truth about all of them is told here too.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from heritage_assets.embedded.museum.dates import RIGHTS, written_date
from heritage_assets.embedded.museum.objects import MUSEUM_SEED, MuseumObject, generate_objects
from heritage_assets.embedded.museum.people import PROVIDERS, Provider
from heritage_assets.embedded.museum.records import IMAGE_FAULTS, METADATA_FAULTS, ProviderRecord
from heritage_assets.embedded.museum.scans import Scan
from heritage_assets.embedded.museum.vocabulary import LANGUAGES, word

COPIED, LOOK_ALIKE = 0.08, 0.06
"""Shares of the things: those that a second provider holds too, and those that have look-alikes."""
WITHDRAWN, NEW, REVISED = 0.025, 0.04, 0.06
"""Shares of collection A that change between the harvest rounds."""
MINIMUM = 60
_COLLECTIONS = ("90210", "90211")
_VARIANTS = {"coin": "coin", "manuscript": "page", "print": "state"}
_LIBRARIES = ("harrowick", "kirchwald", "grandval", "miravega")


@dataclass(frozen=True)
class Harvest:
    """One harvest of the demo: its dataset, the Search API query, and the round of the provider's state."""

    dataset: str
    query: str
    round: int


@dataclass(frozen=True)
class Museum:
    """All records of all providers, over both rounds."""

    seed: int
    records: tuple[ProviderRecord, ...]

    @property
    def harvests(self) -> tuple[Harvest, ...]:
        """The three batches of the demo: collection A, collection B, and A again after its providers worked on it."""
        a, b = (f'edm_datasetName:"{number}_Demo_Museum"' for number in _COLLECTIONS)
        return Harvest("museum-a", a, 1), Harvest("museum-b", b, 1), Harvest("museum-a", a, 2)

    def listed(self, number: int) -> list[ProviderRecord]:
        """Return the records that providers list in a round; a repeated one stands there twice, some records apart."""
        listing = [record for record in self.records if number in record.rounds]
        for index in reversed(range(len(listing))):
            if listing[index].metadata_fault == "repeated":
                same = [
                    k
                    for k in range(index + 1, min(index + 40, len(listing)))
                    if listing[k].collection == listing[index].collection
                ]
                listing.insert((same[-1] if same else index) + 1, listing[index])
        return listing

    @cached_property
    def by_path(self) -> dict[tuple[str, int], ProviderRecord]:
        """(path of an image or page, its version) -> record."""
        return {(record.path, version): record for record in self.records for version in (1, 2)}

    @property
    def current(self) -> list[ProviderRecord]:
        """The records that have a guid and are not withdrawn after the last harvest."""
        last = {_COLLECTIONS[0]: 2, _COLLECTIONS[1]: 1}
        return [r for r in self.records if last[r.collection] in r.rounds and r.metadata_fault != "missing_guid"]

    def truth_duplicates(self) -> list[tuple[str, str]]:
        """Return (guid, group) of every current record; records of one group show the same thing."""
        return [(record.guid, record.thing.object_id) for record in self.current]

    def truth_classes(self) -> list[tuple[str, str]]:
        """Return (guid, class) of every current record."""
        return [(record.guid, record.thing.klass) for record in self.current]

    def truth_faults(self) -> list[tuple[str, str, str, str]]:
        """Return (guid, fault, expected status, expected reason) of every planted fault; see :class:`Fault`.

        A record without a guid has an empty one here; a record withdrawn in round 2 has the status WITHDRAWN.
        """
        rows = []
        for record in self.records:
            guid = "" if record.metadata_fault == "missing_guid" else record.guid
            for name, table in ((record.image_fault, IMAGE_FAULTS), (record.metadata_fault, METADATA_FAULTS)):
                if name:
                    fault = table[name][0]
                    rows.append((guid, name, fault.status, fault.reason))
            if record.collection == _COLLECTIONS[0] and 2 not in record.rounds:
                rows.append((guid, "withdrawn", "WITHDRAWN", ""))
        return rows

    def counts(self) -> dict[str, int]:
        """Return how much of everything was planted."""
        groups = Counter(group for _, group in self.truth_duplicates())
        harvested = [sum(1 for r in self.listed(h.round) if f"{r.collection}_" in h.query) for h in self.harvests]
        variants = {record.thing.object_id for record in self.records if record.thing.variant}
        return {
            "records": len(self.records),
            "current": len(self.current),
            "duplicate_groups": sum(1 for size in groups.values() if size > 1),
            "duplicate_records": sum(size for size in groups.values() if size > 1),
            "look_alikes": len(variants),
            **{f"harvest_{k + 1}": count for k, count in enumerate(harvested)},
            **Counter(name for _, name, _, _ in self.truth_faults()),
            "new": sum(1 for r in self.records if r.rounds == frozenset({2})),
            **{f"revised_{what}": sum(1 for r in self.records if r.revised == what) for what in ("metadata", "image")},
        }

    def write_truth(self, folder: Path) -> None:
        """Write ``duplicates.csv``, ``classes.csv`` and ``faults.csv`` into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "duplicates.csv", ("guid", "group"), self.truth_duplicates())
        _write(folder / "classes.csv", ("guid", "class"), self.truth_classes())
        _write(folder / "faults.csv", ("guid", "fault", "status", "reason"), self.truth_faults())


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def build_museum(records: int = 1800, seed: int = MUSEUM_SEED) -> Museum:
    """Build the demo museum: ``records`` records with a guid of their own, over both rounds. Pure.

    Raises:
        ValueError: fewer than 60 records, too few to plant everything.
    """
    if records < MINIMUM:
        raise ValueError(
            f"the demo museum needs at least {MINIMUM} records to plant its copies and faults; {records} asked for"
        )
    return _Builder(records, seed).build()


class _Builder:
    def __init__(self, records: int, seed: int) -> None:
        self.total, self.seed = records, seed
        self.rng = np.random.default_rng([seed, 1])
        self.records: list[ProviderRecord] = []
        self.numbers: Counter[str] = Counter()

    def build(self) -> Museum:
        families = [self._family(thing) for thing in generate_objects(self.total, self.seed)]
        copied = self._choose([f[0].object_id for f in families if len(f) == 1], COPIED * len(families))
        for family in families:
            if len(self.records) >= self.total:
                break
            self._catalogue(family, family[0].object_id in copied)
        self.records = self.records[: self.total]
        self._plant_faults()
        self._plant_rounds()
        order = self.rng.permutation(len(self.records))
        return Museum(self.seed, tuple(self.records[k] for k in order))

    def _choose(self, names: list[str], count: float) -> set[str]:
        picked = self.rng.permutation(len(names))[: round(count)]
        return {names[int(k)] for k in picked}

    def _family(self, thing: MuseumObject) -> list[MuseumObject]:
        """Return the thing alone, or with its look-alikes."""
        kind = _VARIANTS.get(thing.klass)
        share = LOOK_ALIKE * 17 / len(_VARIANTS) / 1.5
        if kind is None or self.rng.random() > share:
            return [thing]
        if kind == "page" and self.rng.random() < 0.5:
            return [thing, thing.look_alike(1, "verso")]
        siblings = 1 if kind == "state" else int(self.rng.integers(1, 3))
        return [thing, *(thing.look_alike(k + 1, kind) for k in range(siblings))]

    def _catalogue(self, family: list[MuseumObject], copied: bool) -> None:
        thing = family[0]
        libraries = thing.klass in ("manuscript", "map", "print", "poster")
        pool = [p for p in PROVIDERS if (p.slug in _LIBRARIES) == libraries or self.rng.random() < 0.3]
        first = pool[int(self.rng.integers(len(pool)))]
        collection = _COLLECTIONS[int(self.rng.random() < 0.5)]
        folio = int(self.rng.integers(2, 180))
        for member in family:
            suffix = _part(member, len(family) > 1, folio, first.language)
            self._add(
                member,
                first,
                collection,
                Scan(
                    member,
                    quality=int(self.rng.integers(84, 93)),
                    media_type="image/png" if self.rng.random() < 0.02 else "image/jpeg",
                ),
                suffix,
            )
        if not copied:
            return
        others = [p for p in PROVIDERS if p.slug != first.slug]
        for index in self.rng.permutation(len(others))[: 2 if self.rng.random() < 0.15 else 1]:
            other = others[int(index)]
            where = _COLLECTIONS[1 - _COLLECTIONS.index(collection)] if self.rng.random() < 0.8 else collection
            self._add(thing, other, where, self._copy(thing, other), "")

    def _copy(self, thing: MuseumObject, provider: Provider) -> Scan:
        choices = (
            ("reencoded",),
            ("resized",),
            ("cropped",),
            ("greyscale",),
            ("watermarked",),
            ("resized", "cropped"),
            ("resized", "watermarked"),
        )
        edits = choices[int(self.rng.integers(len(choices)))]
        return Scan(
            thing, edits, round(float(self.rng.random()), 3), int(self.rng.integers(55, 86)), mark=f"© {provider.name}"
        )

    def _add(self, thing: MuseumObject, provider: Provider, collection: str, scan: Scan, suffix: str) -> None:
        self.numbers[provider.slug] += 1
        number = self.numbers[provider.slug]
        acquired = int(self.rng.integers(1880, 2015))
        local = f"{provider.slug}_{1000 + number}"
        rights = RIGHTS[int(self.rng.choice(len(RIGHTS), p=[share for _, share, _ in RIGHTS]))][0]
        second = LANGUAGES[int(self.rng.integers(5))] if self.rng.random() < 0.25 else ""
        self.records.append(
            ProviderRecord(
                guid=f"/{collection}/{local}",
                collection=collection,
                thing=thing,
                provider=provider,
                inventory=provider.inventory.format(year=acquired, number=f"{number:04d}"),
                scan=scan,
                language=provider.language,
                rights=rights,
                date=written_date(thing.year, provider.language, self.rng),
                second_language="" if second == provider.language else second,
                suffix=suffix,
                path=f"{collection}/{local}",
            )
        )

    def _plain(self) -> list[int]:
        """Return the places of records that are neither copies nor look-alikes, shuffled: faults must not spoil their truth."""
        sizes = Counter(record.thing.family for record in self.records)
        alone = [k for k, record in enumerate(self.records) if sizes[record.thing.family] == 1]
        return [alone[int(k)] for k in self.rng.permutation(len(alone))]

    def _plant_faults(self) -> None:
        free = iter(self._plain())
        for name, (_, share) in IMAGE_FAULTS.items():
            for _ in range(max(1, round(share * self.total))):
                place = next(free)
                changed = replace(self.records[place], image_fault=name)
                self.records[place] = replace(changed, scan=None) if name == "no_image" else changed
        for name, (_, share) in METADATA_FAULTS.items():
            for _ in range(max(1, round(share * self.total))):
                place = next(free)
                self.records[place] = replace(self.records[place], metadata_fault=name)

    def _plant_rounds(self) -> None:
        clean = [k for k in self._plain() if not (self.records[k].image_fault or self.records[k].metadata_fault)]
        in_a = iter([k for k in clean if self.records[k].collection == _COLLECTIONS[0]])
        size = sum(1 for record in self.records if record.collection == _COLLECTIONS[0])
        for share, rounds in ((WITHDRAWN, frozenset({1})), (NEW, frozenset({2}))):
            for _ in range(max(1, round(share * size))):
                place = next(in_a)
                self.records[place] = replace(self.records[place], rounds=rounds)
        for what in ("metadata", "image"):
            for _ in range(max(1, round(REVISED / 2 * size))):
                place = next(in_a)
                self.records[place] = replace(self.records[place], revised=what)


def _part(thing: MuseumObject, in_family: bool, folio: int, language: str) -> str:
    """Return what tells a member of a family of look-alikes from the others, in words."""
    if not in_family:
        return ""
    if thing.klass == "manuscript":
        if thing.variant_kind == "page":
            return f"{word('folio', language)} {folio + thing.variant} {word('recto', language)}"
        return (
            f"{word('folio', language)} {folio} {word('verso' if thing.variant_kind == 'verso' else 'recto', language)}"
        )
    if thing.klass == "print":
        ordinal = {
            "en": ("1st", "2nd"),
            "de": ("1.", "2."),
            "fr": ("1er", "2e"),
            "it": ("1°", "2°"),
            "es": ("1º", "2º"),
        }[language]
        return f"{ordinal[thing.variant]} {word('state', language)}"
    return ""
