"""Search: by text, by image, by both, and by an object of the archive."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.encoders.interface import Prepared
from heritage_assets.curation.images import ImageError
from heritage_assets.curation.images.worker import read_file
from heritage_assets.curation.query_pictures import prepare_query
from heritage_assets.curation.schemas import CLEANSED_RECORDS
from heritage_assets.search.queries import VECTOR_BY, SearchError, merged, plan
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.views import live_rows

__all__ = ["Found", "SearchError", "SearchService"]

FIELDS = ["title", "canonical_id", "batch"]


@dataclass(frozen=True)
class Found:
    """One answer: cosine similarity in [-1, 1] (for a phrase: the share of its words that the record holds)."""

    guid: str
    score: float
    title: str | None
    canonical_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as ``--json`` prints it."""
        return asdict(self)


class SearchService:
    """Answers questions about one archive."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def search(
        self,
        text: str | None = None,
        image: Path | None = None,
        *,
        filters: dict[str, Any] | None = None,
        limit: int = 10,
        weight: float = 0.5,
    ) -> list[Found]:
        """Find records by text, image, or both.

        A text is held against image and text of each record alike (the mean of both cosines; a record without an image can reach
        half); an image against images; both together against both, with ``weight`` on the image.

        Raises:
            SearchError: nothing to search for, nothing to search in, or an image that can't be read.
        """
        if not text and image is None:
            raise SearchError("nothing to search for: give a text, an image, or both")
        encoder = self.platform.encoder()
        if encoder.text_dim is None and image is None:
            return self.phrase(str(text), limit)
        collection = self._collection(encoder)
        picture = encoder.encode_prepared([self._prepared(image, encoder)])[0] if image is not None else None
        words = encoder.encode_texts([text])[0] if text and encoder.text_dim is not None else None
        alike = encoder.image_dim == encoder.text_dim
        queries = plan(words, picture, weight=weight, by=None if picture is not None or alike else "text")
        rankings = []
        titles: dict[str, Found] = {}
        for query in queries:
            narrowed = query.narrowed(filters)
            if narrowed is None or query.vector is None:
                continue
            hits = collection.search(query.vector, query.using, limit, narrowed, fields=FIELDS)
            titles |= {hit.guid: hit for hit in _found(hits)}
            rankings.append([(hit.guid, hit.score * query.scale) for hit in hits])
        return [replace(titles[guid], score=score) for guid, score in merged(rankings)[:limit]]

    def similar(
        self, guid: str, by: str = "image", *, filters: dict[str, Any] | None = None, limit: int = 10
    ) -> list[Found]:
        """Find records like ``guid``, by the vector of its image, its text, or both.

        Raises:
            SearchError: unknown ``by``.
            PointsNotFoundError: an unknown guid, or a record without that vector.
        """
        if by not in VECTOR_BY:
            raise SearchError(f"can't compare by {by!r}: use {', '.join(VECTOR_BY)}")
        return _found(
            self._collection(self.platform.encoder()).similar(guid, VECTOR_BY[by], limit, filters, fields=FIELDS)
        )

    def phrase(self, text: str, limit: int = 10) -> list[Found]:
        """Find living records whose title, subjects, creator or guid hold the words of ``text``, most words first."""
        words = [word for word in text.lower().split() if word]
        lake = self.platform.lake
        columns = ["guid", "batch", "title", "creator", "subject"]
        rows = lake.read(CLEANSED_RECORDS, columns=columns, where=~pc.field("withdrawn"))
        newest = live_rows(lake).select(["guid", "batch"])
        rows = newest.join(rows.drop_columns("subject"), keys=["guid", "batch"]).sort_by("guid")
        haystack = pc.utf8_lower(
            pc.binary_join_element_wise(*(pc.fill_null(rows[name], "") for name in ("guid", "title", "creator")), " ")
        )
        score = pa.array(np.zeros(rows.num_rows))
        for word in words:
            score = pc.add(score, pc.cast(pc.match_substring(haystack, word), pa.float64()))
        order = pc.sort_indices(pa.table({"score": score}), [("score", "descending")])[:limit]
        best = rows.select(["guid", "title"]).append_column("score", pc.divide(score, max(len(words), 1))).take(order)
        return [Found(row["guid"], row["score"], row["title"], None) for row in best.to_pylist() if row["score"] > 0]

    def _prepared(self, path: Path, encoder: Encoder) -> Prepared:
        settings = self.platform.settings.fetch
        if not path.exists():
            raise SearchError(f"no image at {path}")
        try:
            return prepare_query(read_file(path.resolve(), settings.max_bytes), encoder, settings)
        except (ImageError, OSError) as error:
            raise SearchError(f"{path} can't be read as an image: {error}") from None

    def _collection(self, encoder: Encoder) -> VectorStore:
        """Return the encoder's own collection: what one model encoded is never looked for among another's vectors."""
        store = self.platform.vectors
        name = store.collection_for(encoder.id)
        if name not in store.collections():
            raise SearchError(
                f"encoder {encoder.id} has no points yet: harvest something and run `heritage materialize` with this encoder"
            )
        return store.on(name)


def _found(hits: list[Any]) -> list[Found]:
    return [Found(hit.guid, hit.score, hit.payload.get("title"), hit.payload.get("canonical_id")) for hit in hits]
