"""One shape for the shapes of a field: a string, a number, a list, a language map, a JSON-LD value, or nests of these."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from heritage_assets.curation.cleansing.languages import language_tag
from heritage_assets.curation.cleansing.text import plain_text

MAX_VALUES = 512
"""Values read from one field; a record with more repeats itself or is broken."""

MAX_DEPTH = 6
"""Nesting that is followed inside a field."""

NO_LANGUAGE = "und"
"""BCP 47: undetermined. Europeana writes "def" for it."""

_URI = re.compile(r"(?:https?://|urn:|mailto:|info:|ftp://|file:)\S*$", re.IGNORECASE)


class Literal(NamedTuple):
    """A text with its language: a BCP 47 tag, "und" where none is stated."""

    language: str
    text: str


def literals(value: Any, limit: int) -> list[Literal]:
    """Return the distinct, cleaned literals of ``value``, in order; URIs and what holds no text are left out.

    A dict is a language map ({"en": "x", "de": ["y"]}), a JSON-LD value ({"@value": "x", "@language": "en"}), or a labelled
    thing ({"label": …}, {"def": …}, {"name": …}). Each text is cut to ``limit`` characters; at most 512 values are read.
    """
    if value is None:
        return []
    if isinstance(value, str):  # the usual case
        cleaned = plain_text(value, limit)
        return [Literal(NO_LANGUAGE, cleaned)] if cleaned and not is_uri(cleaned) else []
    found: dict[Literal, None] = {}
    for count, (language, text) in enumerate(_walk(value, NO_LANGUAGE, 0)):
        if count >= MAX_VALUES:
            break
        cleaned = plain_text(text, limit)
        if cleaned and not is_uri(cleaned):
            found[Literal(language, cleaned)] = None
    return list(found)


def texts(value: Any, limit: int) -> list[str]:
    """Return the distinct, cleaned texts of ``value`` in order, URIs included, languages dropped."""
    found: dict[str, None] = {}
    for count, (_, text) in enumerate(_walk(value, NO_LANGUAGE, 0)):
        if count >= MAX_VALUES:
            break
        cleaned = plain_text(text, limit)
        if cleaned:
            found[cleaned] = None
    return list(found)


def raw_strings(value: Any) -> list[str]:
    """Return the strings of ``value`` untouched and in order (addresses must not be cleaned as text)."""
    if value is None or isinstance(value, str):
        return [] if value is None else [value]
    return [text for _, (_, text) in zip(range(MAX_VALUES), _walk(value, NO_LANGUAGE, 0), strict=False)]


def is_uri(text: str) -> bool:
    """Say whether ``text`` as a whole is an identifier of a resource, not a label for people."""
    return _URI.match(text) is not None


def preferred_texts(found: Iterable[Literal], language: str | None) -> list[str]:
    """Return the texts without a language and those of one language: ``language``, else English, else the first that occurs."""
    groups: dict[str, list[str]] = {}
    for literal in found:
        groups.setdefault(literal.language, []).append(literal.text)
    if not groups.keys() - {NO_LANGUAGE}:
        return groups.get(NO_LANGUAGE, [])
    chosen = choose_language(groups, language)
    kept = groups.get(NO_LANGUAGE, []) + (groups[chosen] if chosen and chosen != NO_LANGUAGE else [])
    return list(dict.fromkeys(kept))


def choose_language(available: Iterable[str], language: str | None) -> str | None:
    """Return the tag out of ``available`` that serves a record in ``language``: the same, its base, English, the first."""
    tags = list(available)
    for wanted in (language, "en"):
        if wanted is None:
            continue
        if wanted in tags:
            return wanted
        base = wanted.split("-")[0]
        for tag in tags:
            if tag.split("-")[0] == base:
                return tag
    stated = [tag for tag in tags if tag != NO_LANGUAGE]
    return stated[0] if stated else (tags[0] if tags else None)


_NO_LANGUAGE_KEYS = frozenset({"def", "und", "@none", "none", "default", ""})
_NOT_LANGUAGES = frozenset({"id", "url", "uri", "src", "key", "any", "alt", "raw", "ref", "tag", "www"})
"""Keys of ordinary objects that happen to be codes of languages."""
_LABEL_KEYS = ("label", "prefLabel", "name", "title", "value", "text", "#text", "$")


def _walk(value: Any, language: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield language, value
    elif isinstance(value, bool) or value is None or depth > MAX_DEPTH:
        return
    elif isinstance(value, int | float):
        yield from _number(value, language)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item, language, depth + 1)
    elif isinstance(value, dict):
        yield from _mapping(value, language, depth)


def _number(value: int | float, language: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):  # NaN: spreadsheets export it for an empty cell
        return
    if isinstance(value, float) and value.is_integer():
        yield language, str(int(value))
    elif abs(value) < 10**15:
        yield language, str(value)


def _mapping(value: dict[Any, Any], language: str, depth: int) -> Iterator[tuple[str, str]]:
    if "@value" in value:
        stated = language_tag(str(value.get("@language") or "")) or language
        yield from _walk(value["@value"], stated, depth + 1)
        return
    if _is_language_map(value):
        for key, item in value.items():
            yield from _walk(item, language_tag(str(key)) or NO_LANGUAGE, depth + 1)
        return
    for key in _LABEL_KEYS:
        if key in value:
            yield from _walk(value[key], language, depth + 1)
            return


def _is_language_map(value: dict[Any, Any]) -> bool:
    keys = [str(key) for key in value]
    return bool(keys) and all(
        key in _NO_LANGUAGE_KEYS or (key not in _NOT_LANGUAGES and len(key) < 12 and language_tag(key) is not None)
        for key in keys
    )
