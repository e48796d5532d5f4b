"""Finding records by what is written: guids and inventory numbers exactly, phrases through a full-text index (SQLite FTS5).

The index lies in memory and holds no texts, only words and where they stand.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

MAX_WORDS = 24
"""Words of a phrase that are looked up; nobody types more, and each costs."""
_SEPARATORS = re.compile(r"[\s._/\\:;,()\[\]#-]+")
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r'^\s*["“„«](.+)["”“»]\s*$', re.DOTALL)


def plain(text: str) -> str:
    """Return an identifier without case, accents, spaces and punctuation: "Inv. 12/34-a" and "inv 12.34 A" are one."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    return _SEPARATORS.sub("", "".join(char for char in folded if not unicodedata.combining(char)))


def quoted_phrase(text: str) -> str | None:
    """Return what stands in quotation marks when all of ``text`` does."""
    found = _QUOTED.match(text)
    return found[1].strip() if found else None


class Lexicon:
    """Words and identifiers of one snapshot; rows are rows of its table. Safe to use from several threads."""

    def __init__(self) -> None:
        self._identifiers: dict[str, list[int]] = {}
        self._titles: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self._index = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._index.execute(
            "CREATE VIRTUAL TABLE words USING fts5"
            "(title, creator, subject, description, identifiers, content='', tokenize='unicode61 remove_diacritics 2')"
        )

    @classmethod
    def build(cls, table: pa.Table, descriptions: Iterable[pa.RecordBatch]) -> Lexicon:
        """Index the rows of a snapshot's table.

        Args:
            table: guid, title, creator, subject, identifiers; one row a record.
            descriptions: batches of (guid, description); read once, not kept.
        """
        lexicon = cls()
        row_of = {guid: row for row, guid in enumerate(table["guid"].to_pylist())}
        described: dict[int, str] = {}
        for batch in descriptions:
            for guid, text in zip(batch["guid"].to_pylist(), batch["description"].to_pylist(), strict=True):
                if text and guid in row_of:
                    described[row_of[guid]] = text
        lexicon._index.execute("BEGIN")
        lexicon._index.executemany("INSERT INTO words (rowid, title, creator, subject, description, identifiers) "
                                   "VALUES (?, ?, ?, ?, ?, ?)", lexicon._entries(table, described))  # fmt: skip
        lexicon._index.execute("COMMIT")
        return lexicon

    def _entries(self, table: pa.Table, described: dict[int, str]) -> Iterator[tuple[Any, ...]]:
        names = ("guid", "title", "creator", "subject", "identifiers")
        for row, (guid, title, creator, subjects, listed) in enumerate(
            zip(*(table[name].to_pylist() for name in names), strict=True)
        ):
            numbers = listed or []
            for name in {plain(one) for one in (guid, guid.rpartition("/")[2], *numbers) if one}:
                self._identifiers.setdefault(name, []).append(row)
            if title:
                self._titles.setdefault(plain(title), []).append(row)
            yield row, title, creator, " | ".join(subjects or ()), described.get(row), " | ".join(numbers)

    def named(self, text: str) -> list[int]:
        """Return the rows whose guid, end of guid, or inventory number is ``text``."""
        name = plain(text)
        return self._identifiers.get(name, []) if name else []

    def titled(self, text: str) -> list[int]:
        """Return the rows whose title is ``text``."""
        name = plain(text)
        return self._titles.get(name, []) if name else []

    def phrase(self, text: str, limit: int) -> list[int]:
        """Return rows that hold the words of ``text`` side by side, best first (BM25)."""
        words = _WORD.findall(text)[:MAX_WORDS]
        return self._match('"' + " ".join(words) + '"', limit) if words else []

    def words(self, text: str, limit: int) -> list[int]:
        """Return rows that hold any of the words of ``text``, best first (BM25)."""
        words = list(dict.fromkeys(_WORD.findall(text)))[:MAX_WORDS]
        return self._match(" OR ".join(f'"{word}"' for word in words), limit) if words else []

    def _match(self, query: str, limit: int) -> list[int]:
        sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 8, 4, 2, 1, 8), rowid LIMIT ?"
        with self._lock:
            return [row for (row,) in self._index.execute(sql, (query, limit))]
