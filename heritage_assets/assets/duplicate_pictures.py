"""Pictures of what a canonicalization did: the newest groups, the borderline pairs, the scores with the threshold."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates import GroupChanges, PairChanges
from heritage_assets.curation.pictures import as_markdown, contact_sheet, histogram
from heritage_assets.curation.schemas import CANONICAL_RECORDS, SOURCE_IMAGES
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.objects import ObjectStore

MOST_GROUPS = 6
MOST_PAIRS = 6
MOST_OF_A_GROUP = 4


def duplicate_pictures(lake: Lake, store: ObjectStore, pairs: PairChanges, groups: GroupChanges) -> dict[str, Any]:
    """Return the pictures as metadata; those that have nothing to show are left out."""
    found: dict[str, Any] = {}
    newest = _newest_groups(lake, groups.changed_groups[:MOST_GROUPS])
    borderline = _borderline(pairs.merge)
    thumbnails = _thumbnails(lake, {guid for guid, _ in [*newest, *borderline]})
    for name, captions in (("newest_groups", newest), ("borderline_pairs", borderline)):
        tiles = [(store.get(thumbnails[guid]), caption) for guid, caption in captions if guid in thumbnails]
        if tiles:
            sheet = contact_sheet(tiles, columns=MOST_OF_A_GROUP if name == "newest_groups" else 2)
            found[name] = dg.MetadataValue.md(as_markdown(sheet, name.replace("_", " ")))
    statistics = pairs.statistics
    if statistics.histogram.sum():
        title = "image cosine of the judged pairs"
        drawn = histogram(statistics.histogram, statistics.threshold, title, edges=statistics.edges, log=True)
        found["scores"] = dg.MetadataValue.md(as_markdown(drawn, "scores of the judged pairs"))
    return found


def _newest_groups(lake: Lake, canonical_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return (guid, caption) of the members of some groups, group by group."""
    if not canonical_ids:
        return []
    wanted = text("canonical_id").isin(pa.array(canonical_ids, pa.string())) & ~pc.field("withdrawn")
    rows = lake.read(CANONICAL_RECORDS, columns=["guid", "canonical_id", "weakest_similarity"], where=wanted)
    members: dict[str, list[tuple[str, str]]] = {}
    for row in rows.sort_by([("canonical_id", "ascending"), ("guid", "ascending")]).to_pylist():
        weakest = row["weakest_similarity"]
        caption = f"{row['guid']} {weakest:.3f}" if weakest is not None else row["guid"]
        members.setdefault(row["canonical_id"], []).append((row["guid"], caption))
    return [tile for tiles in members.values() for tile in tiles[:MOST_OF_A_GROUP]]


def _borderline(pairs: pa.Table) -> list[tuple[str, str]]:
    """Return (guid, caption) of the pairs that a person should look at, two tiles a pair."""
    review = pairs.filter(pc.equal(pairs["verdict"], "review")).slice(0, MOST_PAIRS).to_pylist()
    return [
        (row[side], f"{row[side]} {row['image_cosine'] or 0:.3f} {row['rule']}")
        for row in review
        for side in ("guid_a", "guid_b")
    ]


def _thumbnails(lake: Lake, guids: Iterable[str]) -> dict[str, str]:
    wanted = text("guid").isin(pa.array(sorted(guids), pa.string())) & pc.field("thumbnail").is_valid()
    rows = lake.read(SOURCE_IMAGES, columns=["guid", "thumbnail"], where=wanted)
    return dict(zip(rows["guid"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True))
