"""Sources of records: where batches are harvested from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heritage_assets.curation.mapping import MappingError, RecordMapping, load_mapping
from heritage_assets.curation.sources.base import HarvestError, Page, Source
from heritage_assets.curation.sources.directory import DirectorySource
from heritage_assets.curation.sources.edm import EdmSource
from heritage_assets.curation.sources.europeana import EuropeanaSource
from heritage_assets.curation.sources.harvesting import harvest
from heritage_assets.curation.sources.iiif import IiifSource
from heritage_assets.curation.sources.incremental import parse_since
from heritage_assets.curation.sources.jsonl import JsonlSource
from heritage_assets.curation.sources.oai_pmh import OaiPmhSource
from heritage_assets.curation.sources.tables import CsvSource

if TYPE_CHECKING:
    from heritage_assets.curation.images.policy import FetchSettings

__all__ = [
    "SOURCES",
    "CsvSource",
    "DirectorySource",
    "EdmSource",
    "EuropeanaSource",
    "HarvestError",
    "IiifSource",
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
    for source in (EuropeanaSource, OaiPmhSource, IiifSource, EdmSource, CsvSource, JsonlSource, DirectorySource)
}
_COMMON = frozenset({"name", "kind", "dataset", "detect_withdrawals", "since"})
_NOT_IN_FILES = frozenset({"self", "politeness", "key", "side", "allowed_networks"})


def source_from_config(
    config: Mapping[str, Any], *, folder: Path | None = None, fetch: FetchSettings | None = None
) -> Source:
    """Make the source of one entry of ``sources.yaml``.

    Keys: ``kind`` and the arguments of that kind's class (``set`` and ``from`` without their underscore); ``mapping`` is a ready
    mapping's name, a YAML file or the mapping itself; paths are relative to ``folder``. ``name``, ``dataset``, ``since`` and
    ``detect_withdrawals`` are for the caller. Secrets are not taken from files; size of images and allowed
    networks come from ``fetch``, as for the images themselves.

    Raises:
        HarvestError: unknown kind, unknown or missing keys, or what the source itself refuses.
    """
    where = f"source {config.get('name') or config.get('dataset') or '?'}"
    kind = config.get("kind")
    if kind not in SOURCES:
        raise HarvestError(f"{where}: kind {kind!r} must be one of {', '.join(SOURCES)}")
    arguments = {name: value for name, value in config.items() if name not in _COMMON}
    signature = inspect.signature(SOURCES[kind]).parameters
    parameters = {name.rstrip("_"): parameter for name, parameter in signature.items() if name not in _NOT_IN_FILES}
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
        given = {parameters[name].name: value for name, value in arguments.items()} | _from_settings(signature, fetch)
        source: Source = SOURCES[kind](**given)
    except (HarvestError, MappingError) as error:
        raise HarvestError(f"{where}: {error}") from None
    except TypeError as error:
        raise HarvestError(f"{where}: an argument has the wrong type ({error})") from None
    return source


def _from_settings(signature: Mapping[str, Any], fetch: FetchSettings | None) -> dict[str, Any]:
    if fetch is None:
        return {}
    known = {"side": fetch.derivative_side, "allowed_networks": fetch.allowed_networks}
    return {name: value for name, value in known.items() if name in signature}


def _mapping(value: Any, folder: Path | None) -> RecordMapping:
    if isinstance(value, Mapping):
        return RecordMapping.parse(value)
    beside = (folder or Path.cwd()) / str(value)
    return load_mapping(beside if beside.is_file() else str(value))
