"""Prompts: the text of a record as a text encoder should read it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

PROMPT_CHARACTERS = 1000
"""The longest prompt; an encoder's window (77 tokens for CLIP, 64 for SigLIP) ends long before."""

_PART_CHARACTERS = {"title": 200, "type": 60, "creator": 100, "subject": 200, "description": PROMPT_CHARACTERS}
"""Parts in the order of the prompt, each cut so that one long field does not push the next out of the encoder's window."""

_SEPARATOR = "\x1f"


def build_prompts(records: pa.RecordBatch) -> pa.StringArray:
    """Return one prompt per record: title, type, creator, subjects, description, joined by ". ", at most 1,000 characters.

    The encoder cuts a prompt to its window, so what tells objects apart comes first and prose last.

    Args:
        records: rows with the columns title, type, creator, description (string) and subject (list of string), as in
            ``cleansed_records``.

    Returns:
        (n,) string array; null where a record has none of them.
    """
    parts = []
    for name, longest in _PART_CHARACTERS.items():
        column = records.column(name)
        text = _listed(column) if pa.types.is_list(column.type) else column
        text = pc.utf8_trim_whitespace(pc.replace_substring_regex(pc.fill_null(text, ""), r"[\s\pZ\p{Cc}]+", " "))
        parts.append(pc.utf8_rtrim(pc.utf8_slice_codeunits(text, 0, longest), characters=" ."))
    # Empty parts leave runs of separators; a control character as separator can't be in the text any more.
    joined = pc.utf8_trim(pc.binary_join_element_wise(*parts, _SEPARATOR), characters=_SEPARATOR)
    prompts = pc.utf8_slice_codeunits(pc.replace_substring_regex(joined, f"{_SEPARATOR}+", ". "), 0, PROMPT_CHARACTERS)
    return pc.if_else(pc.equal(prompts, ""), pa.scalar(None, pa.string()), prompts)


def _listed(lists: pa.ListArray) -> pa.StringArray:
    """Return each list as "a, b, c", null elements left out."""
    return pa.array([", ".join(item for item in row or () if item) for row in lists.to_pylist()], pa.string())
