"""The rules of a mapping: paths, templates, constants and lists of them, parsed once and applied to raw records.

The syntax is described in :mod:`.mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r'\.?(?:(?P<descend>\*\*)|"(?P<quoted>[^"]+)"|(?P<key>[^.\[\]{}"*]+))|\[(?P<index>\*|-?\d+)\]')
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class MappingError(ValueError):
    """A mapping can't be used; the message says which field and why."""


@dataclass(frozen=True)
class Key:
    """Step to an object's member (in a list: of each element)."""

    name: str


@dataclass(frozen=True)
class Element:
    """Step to one element of a list, or to every one (``index`` None)."""

    index: int | None


@dataclass(frozen=True)
class Descend:
    """Step to this value and every object below it, in document order."""

    leaves: bool = False


Step = Key | Element | Descend


@dataclass(frozen=True)
class PathRule:
    """A path into the raw record; ``text`` is how it was written."""

    text: str
    steps: tuple[Step, ...]

    def find(self, raw: Any) -> Any:
        """Return the value, a list where the path can match several, or None."""
        several = any(not isinstance(step, Key) and step != Element(0) for step in self.steps)
        values: list[Any] = [raw]
        for step in self.steps:
            several = several or (isinstance(step, Key) and any(isinstance(value, list) for value in values))
            values = [found for value in values for found in _advance(value, step)]
        found = [_plain(value) for value in values if not is_empty(value)]
        if several:
            return [item for value in found for item in (value if isinstance(value, list) else [value])] or None
        return found[0] if found else None


@dataclass(frozen=True)
class TemplateRule:
    """Literal text with paths in braces."""

    text: str
    parts: tuple[str | PathRule, ...]

    def find(self, raw: Any) -> Any:
        """Return the filled text, or None when a placeholder has no simple value."""
        filled = []
        for part in self.parts:
            value: Any = part if isinstance(part, str) else first_of(part.find(raw))
            if not isinstance(value, str):
                return None
            filled.append(value)
        return "".join(filled)


@dataclass(frozen=True)
class ConstantRule:
    """The same value for every record."""

    value: Any

    def find(self, raw: Any) -> Any:
        """Return the constant."""
        return self.value


@dataclass(frozen=True)
class ListRule:
    """Several rules: the first that finds something, or all together."""

    rules: tuple[Rule, ...]
    together: bool

    def find(self, raw: Any) -> Any:
        """Return the first value found, or the list of all."""
        found = (value for value in (rule.find(raw) for rule in self.rules) if not is_empty(value))
        if not self.together:
            return next(found, None)
        return [item for value in found for item in (value if isinstance(value, list) else [value])] or None


Rule = PathRule | TemplateRule | ConstantRule | ListRule


def quoted(key: str) -> str:
    """Write a key so that the path syntax takes it literally. Raises MappingError for keys with a double quote."""
    if not key or '"' in key:
        raise MappingError(f"the key {key!r} can't be mapped: it is empty or holds a double quote; rename it")
    return f'"{key}"'


def parse_rule(spec: Any) -> Rule:
    """Parse one rule. Raises MappingError (a ValueError) with the reason."""
    if isinstance(spec, str):
        return parse_template(spec) if _PLACEHOLDER.search(re.sub(r'"[^"]*"', "", spec)) else parse_path(spec)
    if isinstance(spec, list) and spec:
        return ListRule(tuple(parse_rule(item) for item in spec), together=False)
    if isinstance(spec, Mapping):
        keys = set(spec)
        if keys == {"value"} and isinstance(spec["value"], str | int | float | list):
            return ConstantRule(_plain(spec["value"]))
        if keys == {"template"}:
            return parse_template(str(spec["template"]))
        if keys == {"all"} and isinstance(spec["all"], list) and spec["all"]:
            return ListRule(tuple(parse_rule(item) for item in spec["all"]), together=True)
        if "path" in keys and keys <= {"path", "leaves"}:
            return parse_path(str(spec["path"]), leaves=bool(spec.get("leaves", False)))
    raise MappingError(f"{spec!r} is no rule: use a path, a list of alternatives, or one of value, template, path, all")


def parse_path(text: str, *, leaves: bool = False) -> PathRule:
    """Parse ``a.b[*].c``, ``a[0]``, ``a.**.name``. Raises MappingError."""
    steps: list[Step] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match[0].startswith(".") != (position > 0) and match["index"] is None):
            raise MappingError(f"path {text!r} can't be read at character {position + 1}")
        position = match.end()
        if match["descend"]:
            steps.append(Descend(leaves))
        elif match["index"] is not None:
            steps.append(Element(None if match["index"] == "*" else int(match["index"])))
        else:
            steps.append(Key(match["quoted"] or match["key"].strip()))
    if not steps:
        raise MappingError("a path can't be empty")
    return PathRule(text, tuple(steps))


def parse_template(text: str) -> TemplateRule:
    """Parse ``prefix:{path}``. Raises MappingError."""
    pieces = _PLACEHOLDER.split(text)
    if len(pieces) == 1:
        raise MappingError(f"template {text!r} names no {{path}}")
    parts = (parse_path(piece) if number % 2 else piece for number, piece in enumerate(pieces))
    return TemplateRule(text, tuple(part for part in parts if part != ""))


def _advance(value: Any, step: Step) -> Iterator[Any]:
    if isinstance(step, Descend):
        yield from _descend(value, step.leaves)
    elif isinstance(step, Key):
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, dict) and step.name in item:
                yield item[step.name]
    elif isinstance(value, list):
        if step.index is None:
            yield from value
        elif -len(value) <= step.index < len(value):
            yield value[step.index]
    elif step.index in (None, 0) and value is not None:
        # Providers give a single value where they could give a list.
        yield value


def _descend(value: Any, leaves: bool) -> Iterator[dict[str, Any]]:
    """Yield the objects in ``value``, outer before inner; a stack, because records can nest deeper than Python's."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            inner = [item for item in node.values() if isinstance(item, dict | list) and item]
            if not (leaves and inner):
                yield node
        elif isinstance(node, list):
            inner = [item for item in node if isinstance(item, dict | list)]
        else:
            continue
        waiting.extend(reversed(inner))


def _plain(value: Any) -> Any:
    """Numbers become strings (1850.0 is 1850); everything else stays as found."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [_plain(item) for item in value if not is_empty(item)] if isinstance(value, list) else value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing: null, blank, or an empty list or object."""
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, list | dict) and not value)
    )


def first_of(value: Any) -> Any:
    """Return the first string of a list; anything else as it is."""
    return next((item for item in value if isinstance(item, str)), None) if isinstance(value, list) else value
