"""Answers questions about the archive: what is written first, then what is near, copies collapsed, page by page."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np

from heritage_assets.search.encoding import EncoderGateway
from heritage_assets.search.lexicon import quoted_phrase
from heritage_assets.search.places import distinct, sorted_by
from heritage_assets.search.queries import VECTOR_BY, SearchError, UnknownRecordError, Vector, VectorQuery, merged, plan
from heritage_assets.search.questions import HARVEST_FIRST, SORTS, Answer, Match, Question, Ranked
from heritage_assets.search.settings import SearchSettings
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.vector_gateway import VectorGateway

COLLECTION_SECONDS = 3.0
"""So long a collection is taken to be there without asking again."""
SORT_WINDOW = 500
"""A ranking that is to be sorted by year or title is cut to so many of its best first."""
NO_POINTS = "nothing can be searched by likeness yet: run `heritage materialize` with this encoder"


class SearchEngine:
    """Ranks records.

    Memory: a ranking is at most ``max_depth`` places deep.
    """

    def __init__(self, vectors: VectorGateway, encoder: EncoderGateway, limits: SearchSettings) -> None:
        self._vectors = vectors
        self._encoder = encoder
        self._limits = limits
        self._collection: tuple[str | None, str, float] = (None, "", 0.0)

    async def collection(self) -> str | None:
        """Return the collection of the encoder; where that can't be loaded, the active one. Asked for every few seconds.

        Raises:
            EncoderLoadingError: it is not known yet which encoder it is.
        """
        loaded = self._encoder.loaded
        if loaded is None and self._encoder.state == "loading":
            self._encoder.encoder()
        encoder = loaded.id if loaded is not None else None
        of, name, until = self._collection
        if name and of == encoder and time.monotonic() < until:
            return name
        found = await self._vectors.collection(encoder)
        self._collection = (encoder, found or "", time.monotonic() + COLLECTION_SECONDS)
        return found

    async def no_points(self) -> str:
        """Say why nothing can be searched by likeness: whose points the archive has, and what to do."""
        loaded = self._encoder.loaded
        active = await self._vectors.collection(None)
        made_by = None if active is None else await self._vectors.encoder_of(active)
        if loaded is None or made_by is None or made_by == loaded.id:
            return NO_POINTS
        return (
            f"the archive can't be searched by likeness with the encoder {loaded.id}: its points were made by {made_by}. "
            "Start the application with that one (HERITAGE_ENCODER), or run `heritage materialize` with the new one; "
            "until then words are looked up as they are written"
        )

    async def answer(self, question: Question, snapshot: Snapshot) -> Answer:
        """Answer one question.

        Raises:
            SearchError: a question that makes no sense.
            UnknownRecordError: a like that has no point, or not that vector.
            FilterError: a filter that the fields can't answer.
            What the gateways raise.
        """
        limits = self._limits
        if question.sort not in SORTS:
            raise SearchError(f"can't sort by {question.sort!r}: use one of {', '.join(SORTS)}")
        mask = snapshot.mask(question.filters)
        if snapshot.size == 0:
            return Answer([], 0, None, HARVEST_FIRST)
        total = snapshot.total(question.filters, collapse=question.collapse)
        if question.browses:
            return self._browse(question, snapshot, mask, total)
        if question.offset + question.limit > limits.max_depth:
            return Answer(
                [], total, None, f"rankings are {limits.max_depth:,} deep: narrow the question instead of paging on"
            )
        if question.vector is not None and not question.vector.any():
            return Answer([], total, None, "nothing is near a vector of zeros")
        window = question.offset + question.limit + 1
        sorted_by_field = question.sort != "relevance"
        wanted = max(window, SORT_WINDOW) if sorted_by_field else window
        ranking, hint = await self._rank_by_one_encoder(question, snapshot, mask, wanted)
        if sorted_by_field:
            ranking = sorted_by(ranking, snapshot, question.sort)
        page = ranking[question.offset : question.offset + question.limit]
        more = len(ranking) > question.offset + question.limit and window <= limits.max_depth
        return Answer(page, total, question.offset + question.limit if more else None, hint)

    def _browse(self, question: Question, snapshot: Snapshot, mask: Any, total: int) -> Answer:
        rows = snapshot.ordered(question.filters, question.sort, collapse=question.collapse)
        chosen = rows[question.offset : question.offset + question.limit].tolist()
        page = [Ranked(snapshot.guids[row], None, "browse") for row in chosen]
        following = question.offset + question.limit
        hint = None if page or mask.any() else "no record meets these filters: take one away"
        return Answer(page, total, following if following < len(rows) else None, hint)

    # -- ranking --------------------------------------------------------------------------------------------------------

    async def _rank_by_one_encoder(
        self, question: Question, snapshot: Snapshot, mask: Any, wanted: int
    ) -> tuple[list[Ranked], str | None]:
        """Rank, and rank again where the encoder was replaced meanwhile: one's query must not meet another's points."""
        while True:
            turn = self._encoder.turn
            try:
                ranked = await self._rank(question, snapshot, mask, wanted)
            except Exception:
                if turn == self._encoder.turn:
                    raise
                continue  # such as vectors of another length
            if turn == self._encoder.turn:
                return ranked

    async def _rank(
        self, question: Question, snapshot: Snapshot, mask: Any, wanted: int
    ) -> tuple[list[Ranked], str | None]:
        """Return at least ``wanted`` places where there are so many."""
        written = self._written(question, snapshot, mask, wanted)
        collection = await self.collection()
        if collection is None:
            found = [
                Ranked(snapshot.guids[row], None, "phrase") for row in self._worded(question, snapshot, mask, wanted)
            ]
            return distinct([*written, *found], snapshot, mask, question), await self.no_points()
        queries = await self._queries(question)
        if queries is None:  # an encoder that reads no text: words are all there is
            found = [
                Ranked(snapshot.guids[row], None, "phrase") for row in self._worded(question, snapshot, mask, wanted)
            ]
            return distinct([*written, *found], snapshot, mask, question), None
        queries = [one for one in queries if _answerable(one, question, snapshot)]
        depth = wanted
        most = 4 * self._limits.max_depth
        while True:
            fetch = min(most, depth + depth // 2 + 8 if question.collapse else depth + len(question.likes))
            hits = await asyncio.gather(
                *(self._vectors.search(collection, query, question.filters, fetch) for query in queries)
            )
            near = [Ranked(guid, score, "vector") for guid, score in merged(hits)[:fetch]]
            ranking = distinct([*written, *near], snapshot, mask, question)
            exhausted = all(len(found) < fetch for found in hits) or fetch >= most
            if len(ranking) >= wanted or exhausted:
                return ranking, None
            depth *= 2

    def _written(self, question: Question, snapshot: Snapshot, mask: Any, wanted: int) -> list[Ranked]:
        """Return what the text names: guids and inventory numbers, titles, and a phrase where it stands in quotation marks."""
        if not question.text:
            return []
        lexicon, text = snapshot.lexicon, question.text
        phrase = quoted_phrase(text)
        named: list[tuple[int, Match]] = [(row, "identifier") for row in lexicon.named(phrase or text)]
        titled: list[tuple[int, Match]] = [(row, "title") for row in lexicon.titled(phrase or text)]
        phrased: list[tuple[int, Match]] = (
            [(row, "phrase") for row in lexicon.phrase(phrase, 4 * wanted)] if phrase else []
        )
        matches: dict[int, Match] = {}
        for row, match in (*named, *titled, *phrased):
            if mask[row]:
                matches.setdefault(row, match)
        return [Ranked(snapshot.guids[row], None, match) for row, match in matches.items()]

    @staticmethod
    def _worded(question: Question, snapshot: Snapshot, mask: Any, wanted: int) -> list[int]:
        return [row for row in snapshot.lexicon.words(question.text or "", 4 * wanted) if mask[row]]

    async def _queries(self, question: Question) -> list[VectorQuery] | None:
        """Encode what must be encoded; None for a text that the encoder can't read."""
        if question.vector is not None:
            return [VectorQuery(question.using or "embedding_image", question.vector)]
        if (question.likes or question.unlikes) and not question.text and question.image is None:
            return await self._like_queries(question)
        encoder = self._encoder.encoder()
        reads = encoder.text_dim is not None
        phrase = (quoted_phrase(question.text) or question.text) if question.text else None
        if phrase and not reads and question.image is None and not (question.likes or question.unlikes):
            return None
        encoded = await asyncio.gather(
            self._encoder.text(phrase) if phrase and reads else _nothing(),
            self._picture(question),
        )
        words, picture = encoded
        by = question.by
        if by is None and picture is None and encoder.image_dim != encoder.text_dim:
            by = "text"
        return plan(words, picture, weight=question.weight, by=by)

    async def _picture(self, question: Question) -> Vector | None:
        """Return the vector of the uploaded image, or that of the records that are liked."""
        if question.image is not None:
            return await self._encoder.image(question.image)
        if question.likes or question.unlikes:
            return await self._mean(question, "embedding_image")
        return None

    async def _like_queries(self, question: Question) -> list[VectorQuery]:
        using = VECTOR_BY[question.by or "image"]
        if len(question.likes) == 1 and not question.unlikes:
            return [VectorQuery(using, like=question.likes[0])]
        return [VectorQuery(using, await self._mean(question, using))]

    async def _mean(self, question: Question, using: str) -> Vector:
        """Return the mean of the likes, moved away from the mean of the unlikes (Qdrant's "average vector" strategy).

        Unlikes alone: what is least like them.
        """
        collection = await self.collection()
        if collection is None:
            raise SearchError(await self.no_points())
        asked = [*question.likes, *question.unlikes]
        known = await self._vectors.vectors(collection, asked, [using])
        missing = [guid for guid in asked if using not in known.get(guid, {})]
        if missing:
            shown = ", ".join(missing[:3])
            raise UnknownRecordError(f"no {using} of {shown}: the record is unknown here, or has no image or text")
        likes, unlikes = ([known[guid][using] for guid in guids] for guids in (question.likes, question.unlikes))
        target = np.zeros_like(known[asked[0]][using])
        if likes:
            target = np.mean(likes, axis=0) * (2 if unlikes else 1)
        if unlikes:
            target = target - np.mean(unlikes, axis=0)
        vector: Vector = target.astype(np.float32)
        return vector


def _answerable(query: VectorQuery, question: Question, snapshot: Snapshot) -> bool:
    """Tell whether any record can answer; one that none can costs the vector store a whole scan."""
    if not query.only:
        return True
    narrowed = query.narrowed(question.filters)
    return narrowed is not None and bool(snapshot.mask(narrowed).any())


async def _nothing() -> None:
    return None
