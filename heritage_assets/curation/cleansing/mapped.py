"""Records of any other provider: JSON whose fields a mapping names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heritage_assets.curation.cleansing.parsing import RejectionError, load_object

Mapping = Callable[[dict[str, Any]], dict[str, Any]]
"""From a provider's record to our fields."""


def parse(raw: str, mapping: Mapping) -> dict[str, Any]:
    """Return the fields that ``mapping`` finds in one JSON record.

    Raises :class:`RejectionError`: ``malformed_json``, ``not_a_record``, ``too_large``, ``unreadable``, or
    ``mapping_failed`` when the mapping stops at the shape of this record.
    """
    record = load_object(raw)
    try:
        return mapping(record)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise RejectionError("mapping_failed", f"the mapping does not fit this record: {error}") from error
