"""Which part of a raw record is which field: a mapping from target fields to paths.

A mapping is YAML (or JSON) with one rule for each target field:

    guid: "tate:{acno}"                       # template: paths in braces; no value when one of them is empty
    title: title                              # path: dotted keys
    creator: contributors[*].fc               # every element of a list; [0] is the first
    subject: {path: "subjects.**.name", leaves: true}   # ** is this object and all below; leaves: without the inner ones
    type: [classification, medium]            # alternatives: the first that is not empty
    description: {all: [medium, creditLine]}  # the values of all rules together
    provider: {value: Tate}                   # constant
    date: '"Date (made)"'                     # keys with . [ ] { } * are quoted

Belongs here: finding values. Does not belong here: cleaning them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from heritage_assets.curation.mapping_rules import (
    Key,
    ListRule,
    MappingError,
    PathRule,
    Rule,
    TemplateRule,
    first_of,
    is_empty,
    parse_rule,
    quoted,
)

__all__ = ["TARGETS", "MappingError", "RecordMapping", "load_mapping"]

TARGETS = (
    "guid", "title", "creator", "subject", "type", "description", "language", "provider", "data_provider", "country",
    "rights", "date", "identifiers", "is_shown_by", "is_shown_at", "iiif_service",
)  # fmt: skip
_MAX_YAML_BYTES = 1 << 20
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")


class RecordMapping(BaseModel):
    """A validated mapping. It is plain data (``model_dump`` gives back what was read), picklable, and checked when made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    about: str | None = None
    image_base: str | None = Field(None, description="Folder URI against which relative image paths are resolved.")
    guid: Any
    title: Any = None
    creator: Any = None
    subject: Any = None
    type: Any = None
    description: Any = None
    language: Any = None
    provider: Any = None
    data_provider: Any = None
    country: Any = None
    rights: Any = None
    date: Any = None
    identifiers: Any = None
    is_shown_by: Any = None
    is_shown_at: Any = None
    iiif_service: Any = None

    @field_validator(*TARGETS, mode="after")
    @classmethod
    def _parses(cls, rule: Any) -> Any:
        if rule is not None:
            parse_rule(rule)
        return rule

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """The parsed rule of each mapped target field."""
        return {name: parse_rule(rule) for name in TARGETS if (rule := getattr(self, name)) is not None}

    def apply(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the target fields that have a value in ``raw``.

        Values are as found: a string, a list or an object (language map); numbers are turned into strings.
        """
        values = {name: rule.find(raw) for name, rule in self.rules.items()}
        found = {name: value for name, value in values.items() if not is_empty(value)}
        if self.image_base is not None and "is_shown_by" in found:
            found["is_shown_by"] = _resolve(found["is_shown_by"], self.image_base)
        return found

    def guid_of(self, raw: Mapping[str, Any]) -> str | None:
        """Return only the guid, or None where the record has none."""
        value = first_of(self.rules["guid"].find(raw))
        return value if isinstance(value, str) else None

    def missing_columns(self, header: Collection[str]) -> dict[str, list[str]]:
        """Return, for tables, the columns that are not in ``header``, by target field; one alternative is enough."""
        missing = {target: _missing(rule, header) for target, rule in self.rules.items()}
        return {target: names for target, names in missing.items() if names}

    @classmethod
    def parse(cls, data: Any, where: str = "mapping") -> RecordMapping:
        """Validate plain data. Raises MappingError that names ``where``, the field and the reason."""
        if not isinstance(data, Mapping):
            raise MappingError(f"{where}: expected target fields with their paths, got {type(data).__name__}")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise MappingError(f"{where}: {_explain(error)}") from None

    @classmethod
    def from_columns(cls, columns: Mapping[str, str], **others: Any) -> RecordMapping:
        """Map target fields to top-level keys by their exact names, whatever characters they hold."""
        return cls.parse({target: {"path": quoted(name)} for target, name in columns.items()} | others, "columns")


def load_mapping(name_or_path: str | Path) -> RecordMapping:
    """Load a YAML mapping from a file, or a ready one by name.

    Raises:
        MappingError: no such file or name, not YAML, or not a mapping.
    """
    path = Path(name_or_path)
    ready = {item.name.removesuffix(".yaml"): item for item in _ready_files()}
    if path.is_file():
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise MappingError(f"{path} is larger than 1 MiB: it is no mapping")
        text = path.read_bytes()
    elif str(name_or_path) in ready:
        text = ready[str(name_or_path)].read_bytes()
    else:
        raise MappingError(f"no mapping {str(name_or_path)!r}: give a YAML file, or one of {', '.join(sorted(ready))}")
    return RecordMapping.parse(_yaml(text, str(name_or_path)), str(name_or_path))


def _ready_files() -> list[Any]:
    folder = resources.files("heritage_assets.curation") / "mappings"
    return [item for item in folder.iterdir() if item.name.endswith(".yaml")]


def _yaml(text: bytes, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{where} is not YAML: {' '.join(str(error).split())}") from None


def _missing(rule: Rule, header: Collection[str]) -> list[str]:
    if isinstance(rule, PathRule):
        first = rule.steps[0]
        return [first.name] if isinstance(first, Key) and first.name not in header else []
    if isinstance(rule, TemplateRule):
        return [name for part in rule.parts if not isinstance(part, str) for name in _missing(part, header)]
    if isinstance(rule, ListRule):
        each = [_missing(item, header) for item in rule.rules]
        return [] if not rule.together and not all(each) else [name for names in each for name in names]
    return []


def _resolve(value: Any, base: str) -> Any:
    """Turn relative image paths into file URIs below ``base``; addresses stay."""
    if isinstance(value, list):
        return [_resolve(item, base) for item in value]
    if not isinstance(value, str) or _SCHEME.match(value.strip()):
        return value
    path = quote(value.strip().replace("\\", "/"))
    return f"file://{path}" if path.startswith("/") else f"{base.rstrip('/')}/{path.removeprefix('./')}"


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        field = ".".join(map(str, item["loc"]))
        if item["type"] == "extra_forbidden":
            lines.append(f"{field!r} is no target field (they are {', '.join(TARGETS)})")
        elif item["type"] == "missing":
            lines.append(f"{field!r} is missing: every record needs it")
        else:
            lines.append(f"{field!r}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(lines)
