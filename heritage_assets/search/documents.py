"""Documents of scanned pages as the search application reads and decides them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.pages.documents import Documents, PageDocument, proposed_title
from heritage_assets.curation.pages.redecided import Members, proposed_members
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS, PAGE_FEATURES, PAGE_GROUPS, PAGE_RUNS
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.page_decisions import Desk, WantedPages, append_page_decisions, open_desk, refreshed

Version = int | None


@dataclass(frozen=True)
class _Held:
    """A desk, the version of the decisions in it, and the groups as they were proposed."""

    decided: Version
    desk: Desk
    proposed: Members


@dataclass(frozen=True)
class _Known:
    """What was read of one state of the proposals."""

    proposals: tuple[Version, ...]
    datasets: list[str]
    held: dict[str, _Held]


class DocumentDesk:
    """Reads documents and takes decisions. Safe to use from several threads; several servers may append at once.

    Memory: about 1.5 kB for each scan of the datasets that were asked for. A dataset is read when it is first asked for and when
    it is grouped anew; after a decision only the documents that it touches are put together again.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._known = _Known((), [], {})

    def _current(self) -> _Known:
        proposals = tuple(self._lake.version(table) for table in (PAGE_RUNS, PAGE_GROUPS))
        with self._reading:
            if proposals != self._known.proposals:
                runs = self._lake.read(PAGE_RUNS, columns=["dataset"])
                self._known = _Known(proposals, sorted(pc.unique(runs["dataset"]).to_pylist()), {})
            return self._known

    def datasets(self) -> list[str]:
        """Return the datasets for which documents are proposed."""
        return self._current().datasets

    def desk(self, dataset: str) -> Desk:
        """Return a dataset's documents and decisions. Raises KeyError for one that has no proposal."""
        known = self._current()
        if dataset not in known.datasets:
            raise KeyError(dataset)
        decided = self._lake.version(PAGE_DECISIONS)
        with self._reading:
            held = known.held.get(dataset)
            if held is None:
                desk = open_desk(self._lake, dataset)
                held = _Held(decided, desk, proposed_members(desk.documents))
            elif held.decided != decided:
                held = _Held(decided, refreshed(self._lake, held.desk, held.proposed), held.proposed)
            known.held[dataset] = held
            return held.desk

    def find(self, document: str, dataset: str | None = None) -> list[tuple[Documents, PageDocument]]:
        """Return the documents of that id, of one dataset or of all: datasets that hold the same scans may share ids."""
        names = [name for name in self.datasets() if dataset in (None, name)]
        desks = [self.desk(name).documents for name in names]
        return [(documents, documents.by_id[document]) for documents in desks if document in documents.by_id]

    def holding(self, dataset: str | None, guid: str) -> tuple[Documents, PageDocument] | None:
        """Return the document that a record of ``dataset`` is a page of, or None."""
        if dataset is None or dataset not in self.datasets():
            return None
        documents = self.desk(dataset).documents
        name = documents.document_of.get(guid)
        return None if name is None else (documents, documents.by_id[name])

    def decide(self, dataset: str, wanted: WantedPages) -> tuple[dict[str, Any], bool]:
        """Append a decision; return its row, and whether it is new.

        Raises:
            KeyError: a dataset that has no proposal.
            DecisionRefusedError: as :func:`~heritage_assets.stores.page_decisions.append_page_decisions`.
        """
        with self._writing:
            (result,) = append_page_decisions(self._lake, self.desk(dataset), [wanted])
            return result

    def titles(self, documents: Documents, several: Sequence[PageDocument], snapshot: Snapshot) -> dict[str, str]:
        """Return each document's title: a person's, else that of its first page's record, else one proposed from its text."""
        titles = {one.id: one.title for one in several if one.title}
        left = {one.guids[0]: one.id for one in several if one.id not in titles}
        rows = snapshot.cards([snapshot.row_of[guid] for guid in left if guid in snapshot.row_of])
        titles |= {left[row["guid"]]: row["title"] for row in rows if row["title"]}
        read = self._read_texts([row for row in rows if not row["title"]])
        for guid, name in left.items():
            if name not in titles:
                titles[name] = proposed_title(read.get(guid), documents.dataset, documents.rows[guid]["scan"])
        return {one.id: titles[one.id] or one.id for one in several}

    def _read_texts(self, rows: Sequence[dict[str, Any]]) -> dict[str, str | None]:
        if not rows:
            return {}
        found = self._lake.read(
            PAGE_FEATURES,
            columns=["guid", "ocr_text"],
            batches=sorted({row["batch"] for row in rows}),
            where=text("guid").isin(pa.array([row["guid"] for row in rows], pa.string())),
        )
        return dict(zip(found["guid"].to_pylist(), found["ocr_text"].to_pylist(), strict=True))
