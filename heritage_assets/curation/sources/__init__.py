"""Sources of records: where batches are harvested from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heritage_assets.curation.mapping import MappingError, RecordMapping, load_mapping
from heritage_assets.curation.sources.base import HarvestError, Page, Source
from heritage_assets.curation.sources.directory import DirectorySource
from heritage_assets.curation.sources.edm import EdmSource
from heritage_assets.curation.sources.europeana import EuropeanaSource
from heritage_assets.curation.sources.harvesting import harvest
from heritage_assets.curation.sources.incremental import parse_since
from heritage_assets.curation.sources.jsonl import JsonlSource
from heritage_assets.curation.sources.oai_pmh import OaiPmhSource
from heritage_assets.curation.sources.tables import CsvSource

__all__ = [
    "SOURCES",
    "CsvSource",
    "DirectorySource",
    "EdmSource",
    "EuropeanaSource",
    "HarvestError",
    "JsonlSource",
    "OaiPmhSource",
    "Page",
    "Source",
    "harvest",
    "parse_since",
    "source_from_config",
]

SOURCES: dict[str, type[Any]] = {
    source.kind: source
    for source in (EuropeanaSource, OaiPmhSource, EdmSource, CsvSource, JsonlSource, DirectorySource)
}
_COMMON = frozenset({"name", "kind", "dataset", "detect_withdrawals", "since"})
_NOT_IN_FILES = frozenset({"self", "politeness", "key"})


def source_from_config(config: Mapping[str, Any], *, folder: Path | None = None) -> Source:
    """Make the source of one entry of ``sources.yaml``.

    Keys: ``kind`` and the arguments of that kind's class (``set`` and ``from`` without their underscore); ``mapping`` is a ready
    mapping's name, a YAML file or the mapping itself; paths are relative to ``folder``. ``name``, ``dataset``, ``since`` and
    ``detect_withdrawals`` are for the caller. Secrets are not taken from files.

    Raises:
        HarvestError: unknown kind, unknown or missing keys, or what the source itself refuses.
    """
    where = f"source {config.get('name') or config.get('dataset') or '?'}"
    kind = config.get("kind")
    if kind not in SOURCES:
        raise HarvestError(f"{where}: kind {kind!r} must be one of {', '.join(SOURCES)}")
    arguments = {name: value for name, value in config.items() if name not in _COMMON}
    parameters = {
        name.rstrip("_"): parameter
        for name, parameter in inspect.signature(SOURCES[kind]).parameters.items()
        if name not in _NOT_IN_FILES
    }
    unknown = sorted(set(arguments) - set(parameters))
    if unknown:
        raise HarvestError(f"{where}: {', '.join(unknown)} unknown; kind {kind} takes {', '.join(parameters)}")
    needed = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    missing = [name for name in needed if arguments.get(name) is None]
    if missing:
        raise HarvestError(f"{where}: {', '.join(missing)} missing; kind {kind} needs it")
    try:
        if "path" in arguments:
            arguments["path"] = (folder or Path.cwd()) / Path(str(arguments["path"])).expanduser()
        if arguments.get("mapping") is not None:
            arguments["mapping"] = _mapping(arguments["mapping"], folder)
        source: Source = SOURCES[kind](**{parameters[name].name: value for name, value in arguments.items()})
    except (HarvestError, MappingError) as error:
        raise HarvestError(f"{where}: {error}") from None
    except TypeError as error:
        raise HarvestError(f"{where}: an argument has the wrong type ({error})") from None
    return source


def _mapping(value: Any, folder: Path | None) -> RecordMapping:
    if isinstance(value, Mapping):
        return RecordMapping.parse(value)
    beside = (folder or Path.cwd()) / str(value)
    return load_mapping(beside if beside.is_file() else str(value))
