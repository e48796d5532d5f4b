"""Texts of training objects: prompts as the platform builds them, whole and in parts, in five languages; and their tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from heritage_assets.curation.prompts import build_prompts
from heritage_assets.embedded.museum import MuseumObject, caption

LANGUAGES = ("en", "de", "fr", "it", "es")
VOCABULARY = 4000
WINDOW = 77

_FIELDS = pa.schema(
    [
        ("title", pa.string()),
        ("subject", pa.list_(pa.string())),
        ("creator", pa.string()),
        ("type", pa.string()),
        ("description", pa.string()),
    ]
)
_WHOLE = 0.45
_TITLE_ALONE = 0.2
_DESCRIPTION_ALONE = 0.15


class Captions:
    """Captions of objects in every language, made once; prompts are sampled from them."""

    def __init__(self, objects: Sequence[MuseumObject]) -> None:
        self._rows = [[caption(obj, language) for language in LANGUAGES] for obj in objects]

    def prompts(self, rows: Sequence[int], languages: Sequence[int]) -> list[str]:
        """Return the whole prompt of each row in the language of that number."""
        return _built([self._rows[row][language] for row, language in zip(rows, languages, strict=True)])

    def titles(self, rows: Sequence[int], languages: Sequence[int]) -> list[str]:
        """Return the title alone, as people type it into a search field."""
        return [str(self._rows[row][language]["title"]) for row, language in zip(rows, languages, strict=True)]

    def sampled(self, rows: Sequence[int], rng: np.random.Generator) -> list[str]:
        """Return one prompt per row in a random language: whole, the title alone, the description alone, or some fields."""
        return _built([self._partial(self._rows[row][int(rng.integers(len(LANGUAGES)))], rng) for row in rows])

    def everything(self) -> Iterator[str]:
        """Yield the whole prompt of every object in every language."""
        for row in range(len(self._rows)):
            yield from self.prompts([row] * len(LANGUAGES), range(len(LANGUAGES)))

    @staticmethod
    def _partial(fields: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        style = rng.random()
        if style < _WHOLE:
            return fields
        if style < _WHOLE + _TITLE_ALONE:
            return {"title": fields["title"]}
        if style < _WHOLE + _TITLE_ALONE + _DESCRIPTION_ALONE:
            return {"description": fields["description"]}
        kept = {name: value for name, value in fields.items() if rng.random() < 0.6}
        subjects = kept.get("subject")
        if subjects:
            kept["subject"] = list(rng.permutation(subjects)[: int(rng.integers(1, len(subjects) + 1))])
        return kept or {"title": fields["title"]}


def _built(rows: list[dict[str, Any]]) -> list[str]:
    prompts: list[str] = build_prompts(pa.RecordBatch.from_pylist(rows, schema=_FIELDS)).to_pylist()
    return prompts


def train_tokenizer(texts: Iterator[str]) -> Any:
    """Return a ``CLIPTokenizer`` whose byte-level BPE (Sennrich et al. 2016, as CLIP uses it) was learnt from ``texts``."""
    from tokenizers.trainers import BpeTrainer
    from transformers import CLIPTokenizer

    specials = ["<|startoftext|>", "<|endoftext|>"]
    blank = CLIPTokenizer(vocab={token: number for number, token in enumerate(specials)}, merges=[])
    backend = blank.backend_tokenizer
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        special_tokens=specials,
        initial_alphabet=_byte_alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    learnt = _model_of(backend)
    vocabulary = learnt["vocab"]
    # A byte at the end of a word must always be known, or text with new characters would lose them.
    for char in _byte_alphabet():
        vocabulary.setdefault(f"{char}</w>", len(vocabulary))
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in learnt["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=WINDOW)


def _model_of(backend: Any) -> dict[str, Any]:
    import json

    model: dict[str, Any] = json.loads(backend.to_str())["model"]
    return model


def _byte_alphabet() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())
