"""Which records show the same object: exact pairs, verdicts with reasons, guarded groups, stable ids."""

from heritage_assets.curation.duplicates.archive import RECORDS, Archive, MemoryArchive
from heritage_assets.curation.duplicates.attributes import EVIDENCE
from heritage_assets.curation.duplicates.canonicalize import Canonicalized, PairChanges, canonicalize, find_pairs
from heritage_assets.curation.duplicates.join import Pairs, similar_pairs, similar_pairs_between
from heritage_assets.curation.duplicates.regroup import GroupChanges, regroup
from heritage_assets.curation.duplicates.settings import DuplicateSettings

__all__ = [
    "EVIDENCE",
    "RECORDS",
    "Archive",
    "Canonicalized",
    "DuplicateSettings",
    "GroupChanges",
    "MemoryArchive",
    "PairChanges",
    "Pairs",
    "canonicalize",
    "find_pairs",
    "regroup",
    "similar_pairs",
    "similar_pairs_between",
]
