"""Cursors: what a sensor remembers between ticks, as JSON that may be lost or damaged without harm."""

import json
from collections.abc import Mapping

VERSION = 1


def read_attempts(cursor: str | None) -> dict[str, int]:
    """Read {batch: last attempt asked for}; an absent, damaged or foreign cursor reads as empty."""
    if not cursor:
        return {}
    try:
        document = json.loads(cursor)
    except ValueError:
        return {}
    if not isinstance(document, dict) or document.get("version") != VERSION:
        return {}
    attempts = document.get("attempts")
    if not isinstance(attempts, dict):
        return {}
    return {key: value for key, value in attempts.items() if isinstance(key, str) and isinstance(value, int)}


def write_attempts(attempts: Mapping[str, int]) -> str:
    """Write {batch: last attempt asked for}."""
    return json.dumps({"version": VERSION, "attempts": dict(sorted(attempts.items()))}, separators=(",", ":"))
