"""From the fields of a parsed record to a row of ``cleansed_records``.

A parser returns a dict of fields; every value may be a string, a number, a list, a language map or a nest of these. Keys: the
targets of a mapping (guid, title, creator, subject, type, description, language, provider, data_provider, country, rights, date,
identifiers, is_shown_by, is_shown_at, iiif_service) and two that only the Europeana forms have: ``edm_type`` (IMAGE, TEXT, …) and
``previews`` (addresses of thumbnails).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import orjson

from heritage_assets.curation.cleansing.date_points import YearSpan
from heritage_assets.curation.cleansing.dates import MAX_DATE_LENGTH, first_span, says_nothing
from heritage_assets.curation.cleansing.languages import language_tag
from heritage_assets.curation.cleansing.parsing import RejectionError
from heritage_assets.curation.cleansing.rights import rights_category, rights_statement
from heritage_assets.curation.cleansing.text import shorten
from heritage_assets.curation.cleansing.titles import TITLE_LIMIT, is_placeholder, main_title, titles_by_language
from heritage_assets.curation.cleansing.urls import choose_image, iiif_service, web_address
from heritage_assets.curation.cleansing.values import MAX_DEPTH, is_uri, literals, preferred_texts, raw_strings, texts

GUID_LIMIT = 2_048
LABEL_LIMIT = 300
"""Characters of a subject, type, provider or country."""
CREATOR_LIMIT = 500
DESCRIPTION_LIMIT = 10_000
RIGHTS_LIMIT = 2_000
IDENTIFIER_LIMIT = 200
MAX_SUBJECTS = 64
MAX_CREATORS = 16
MAX_IDENTIFIERS = 32
MAX_DATES = 64
MAX_TITLE_LANGUAGES = 64
MAX_TITLES_PER_LANGUAGE = 8

_GENERIC_TYPES = frozenset(
    [
        "image",
        "text",
        "sound",
        "video",
        "3d",
        "still image",
        "stillimage",
        "moving image",
        "movingimage",
        "physical object",
        "physicalobject",
        "object",
        "collection",
        "dataset",
        "audiovisual",
        "interactive resource",
        "digital image",
        "digital object",
    ]
)
"""DCMI types and their like; a named type ("Photograph") says more."""
_INTERVAL_KEYS = (("begin", "end"), ("start", "end"), ("startYear", "endYear"), ("from", "to"), ("earliest", "latest"))
_LANGUAGE_SEPARATORS = re.compile(r"[;,|]")


def normalise(fields: dict[str, Any], image_root: str | None) -> dict[str, Any]:
    """Return the descriptive columns of ``cleansed_records`` (all but guid, batch, dataset, line, withdrawn, harvested_at).

    Text is cut to the limits of this module; nothing is guessed: what can't be understood is null.
    """
    language = record_language(fields.get("language"))
    titles = titles_by_language(literals(fields.get("title"), TITLE_LIMIT))
    date, span = _date(fields.get("date"))
    rights = rights_statement(texts(fields.get("rights"), RIGHTS_LIMIT))
    edm_type = _edm_type(fields.get("edm_type"))
    image = choose_image(
        raw_strings(fields.get("is_shown_by")), raw_strings(fields.get("previews")), edm_type, image_root
    )
    row: dict[str, Any] = {
        "title": main_title(titles, language),
        "title_by_language": [
            (tag, found[:MAX_TITLES_PER_LANGUAGE]) for tag, found in list(titles.items())[:MAX_TITLE_LANGUAGES]
        ],
        "creator": _creator(fields.get("creator"), language),
        "subject": _labels(fields.get("subject"), language)[:MAX_SUBJECTS],
        "type": _object_type(fields.get("type"), language) or edm_type,
        "description": _description(fields.get("description"), language),
        "language": language,
        "provider": _name(fields.get("provider")),
        "data_provider": _name(fields.get("data_provider")),
        "country": _name(fields.get("country")),
        "rights": rights,
        "rights_category": rights_category(rights),
        "date": date,
        "year_from": span.start,
        "year_to": span.end,
        "identifiers": _identifiers(fields.get("identifiers")),
        "is_shown_by": image,
        "is_shown_at": _first_address(fields.get("is_shown_at")),
        "iiif_service": iiif_service(raw_strings(fields.get("iiif_service")), image),
    }
    row["content_hash"] = _content_hash(row)
    return row


def clean_guid(value: Any) -> str | None:
    """Return the identifier in ``value`` without control characters and outer white space, or None when there is none.

    Raises :class:`RejectionError` ``guid_too_long`` for more than 2048 characters: it would not be an identifier any more.
    """
    for text in raw_strings(value):
        if len(text) > GUID_LIMIT * 2:
            raise RejectionError("guid_too_long", f"the guid has {len(text)} characters; {GUID_LIMIT} are allowed")
        printable = "".join(char for char in text if char.isprintable() or char == " ")
        guid = printable.encode("utf-8", "ignore").decode().strip()
        if len(guid) > GUID_LIMIT:
            raise RejectionError("guid_too_long", f"the guid has {len(guid)} characters; {GUID_LIMIT} are allowed")
        if guid:
            return guid
    return None


def record_language(value: Any) -> str | None:
    """Return the first single language that a field names ("ger; fre" gives "de"); "mul" or "zxx" only when alone."""
    tags: list[str] = []
    for text in texts(value, LABEL_LIMIT):
        found = language_tag(text)
        parts = [found] if found else [language_tag(part) for part in _LANGUAGE_SEPARATORS.split(text)]
        tags.extend(tag for tag in parts if tag)
    single = (tag for tag in tags if tag not in ("mul", "zxx"))
    return next(single, tags[0] if tags else None)


def _labels(value: Any, language: str | None) -> list[str]:
    found = preferred_texts(literals(value, LABEL_LIMIT), language)
    return [text for text in found if not is_placeholder(text)]


def _creator(value: Any, language: str | None) -> str | None:
    names = _labels(value, language)[:MAX_CREATORS]
    return shorten("; ".join(names), CREATOR_LIMIT) if names else None


def _description(value: Any, language: str | None) -> str | None:
    """Return all descriptions in one language as one text, with a full stop where one is missing between two."""
    found = preferred_texts(literals(value, DESCRIPTION_LIMIT), language)
    sentences = [text if text[-1] in ".!?…:;" else f"{text}." for text in found[:-1]]
    return shorten(" ".join([*sentences, *found[-1:]]), DESCRIPTION_LIMIT) if found else None


def _object_type(value: Any, language: str | None) -> str | None:
    labels = _labels(value, language)
    named = (label for label in labels if label.casefold() not in _GENERIC_TYPES)
    return next(named, labels[0] if labels else None)


def _edm_type(value: Any) -> str | None:
    found = texts(value, LABEL_LIMIT)
    return found[0].upper() if found and found[0].upper() in ("IMAGE", "TEXT", "SOUND", "VIDEO", "3D") else None


def _name(value: Any) -> str | None:
    """Return one name; English where there is a choice, so that one institution has one name over all its records."""
    found = preferred_texts(literals(value, LABEL_LIMIT), "en")
    return found[0] if found else None


def _date(value: Any) -> tuple[str | None, YearSpan]:
    """Return the date to show with its years: the first that can be read, texts before URIs of time spans."""
    found = dict.fromkeys(text for _, text in zip(range(MAX_DATES), _date_texts(value, 0), strict=False))
    candidates = sorted(found, key=is_uri)  # labels before the URIs of time spans
    if not candidates:
        return None, YearSpan(None, None)
    telling = (text for text in candidates if not says_nothing(text))
    return first_span(candidates) or (next(telling, None), YearSpan(None, None))


def _date_texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, list) and depth < MAX_DEPTH:
        for item in value:
            yield from _date_texts(item, depth + 1)
    elif isinstance(value, dict) and (interval := _interval(value)):
        yield interval
    else:
        yield from texts(value, MAX_DATE_LENGTH)


def _interval(item: dict[str, Any]) -> str | None:
    """Return "1814/1825" for {"startYear": 1814, "endYear": 1825} and its like."""
    for first, last in _INTERVAL_KEYS:
        start, end = (texts(item.get(key), MAX_DATE_LENGTH // 3) for key in (first, last))
        if start or end:
            return f"{start[0] if start else '..'}/{end[0] if end else '..'}"
    return None


def _identifiers(value: Any) -> list[str]:
    """Return inventory numbers and shelf marks; web addresses are links, not numbers."""
    return [text for text in texts(value, IDENTIFIER_LIMIT) if not (is_uri(text) and text[:4].lower() == "http")][
        :MAX_IDENTIFIERS
    ]


def _first_address(value: Any) -> str | None:
    return next((address for text in raw_strings(value) if (address := web_address(text))), None)


def _content_hash(row: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()
