"""The rules that the IIIF Presentation API 3.0 (https://iiif.io/api/presentation/3.0/) puts to our manifests, as checks.

Each check names the section it is from. Only what a manifest of still images can hold is covered; what is not known is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
RIGHTS = re.compile(r"^http://(creativecommons\.org/(licenses|publicdomain)/|rightsstatements\.org/vocab/)")
LANGUAGE = re.compile(r"^(none|@none|[a-zA-Z]{2,3}(-[a-zA-Z0-9]+)*)$")
DESCRIPTIVE = {"label", "metadata", "rights", "requiredStatement", "homepage", "seeAlso", "thumbnail"}
ALLOWED = {
    "Manifest": {"@context", "id", "type", "items", *DESCRIPTIVE},
    "Canvas": {"id", "type", "items", "width", "height", *DESCRIPTIVE},
    "AnnotationPage": {"id", "type", "items"},
    "Annotation": {"id", "type", "motivation", "body", "target"},
    "Image": {"id", "type", "format", "width", "height"},
}


def broken_rules(manifest: dict[str, Any]) -> list[str]:
    """Return every rule that a manifest breaks, with where."""
    found = list(_manifest(manifest))
    identities = [canvas.get("id") for canvas in manifest.get("items", [])]
    if len(set(identities)) != len(identities):
        found.append("3.2 id: two canvases share one")
    return found


def _manifest(one: dict[str, Any]) -> Iterator[str]:
    yield from _resource(one, "Manifest", "manifest")
    if one.get("@context") != CONTEXT:
        yield "4.6 @context: must be that of version 3"
    if not one.get("label"):
        yield "3.1 label: a manifest must have one"
    if not one.get("items"):
        yield "5.2 items: a manifest must have at least one canvas"
    for number, canvas in enumerate(one.get("items", [])):
        yield from _canvas(canvas, f"items[{number}]")


def _canvas(one: dict[str, Any], where: str) -> Iterator[str]:
    yield from _resource(one, "Canvas", where)
    if "#" in one.get("id", ""):
        yield f"{where} 5.3 id: a canvas's must have no fragment"
    for side in ("width", "height"):
        if not isinstance(one.get(side), int) or one[side] <= 0:
            yield f"{where} 3.3 {side}: a canvas with one side must have both, positive whole numbers"
    for number, page in enumerate(one.get("items", [])):
        at = f"{where}.items[{number}]"
        yield from _resource(page, "AnnotationPage", at)
        for annotation in page.get("items", []):
            yield from _painting(annotation, one, at)


def _painting(one: dict[str, Any], canvas: dict[str, Any], where: str) -> Iterator[str]:
    yield from _resource(one, "Annotation", where)
    if one.get("motivation") != "painting":
        yield f"{where} 3.4 motivation: what a canvas's items hold must paint"
    if one.get("target") != canvas["id"]:
        yield f"{where} 5.6 target: must be the canvas"
    body = one.get("body", {})
    yield from _resource(body, "Image", f"{where}.body")
    if not canvas.get("width") or not canvas.get("height"):
        return
    ratio = canvas["width"] / canvas["height"]
    if abs(body["width"] / body["height"] - ratio) > max(ratio, 1) * 2 / min(body["width"], body["height"]):
        yield f"{where}.body 5.3: the image is stretched on its canvas"


def _resource(one: dict[str, Any], kind: str, where: str) -> Iterator[str]:
    if one.get("type") != kind:
        yield f"{where} 3.2 type: must be {kind}"
    unknown = one.keys() - ALLOWED[kind]
    if unknown:
        yield f"{where}: {kind} has no {sorted(unknown)}"
    if not _is_address(one.get("id")):
        yield f"{where} 3.2 id: must be an HTTP(S) address"
    if "label" in one:
        yield from _language_map(one["label"], f"{where}.label")
    for number, pair in enumerate([*one.get("metadata", []), *filter(None, [one.get("requiredStatement")])]):
        if pair.keys() != {"label", "value"}:
            yield f"{where}.metadata[{number}] 3.1: must have label and value"
        for part in pair.values():
            yield from _language_map(part, f"{where}.metadata[{number}]")
    if "rights" in one and not RIGHTS.match(one["rights"]):
        yield f"{where} 3.1 rights: must be a Creative Commons or RightsStatements.org address with http"
    for name in ("homepage", "seeAlso", "thumbnail"):
        yield from _linked(one.get(name, []), name, f"{where}.{name}")


def _linked(several: Any, name: str, where: str) -> Iterator[str]:
    if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
        yield f"{where}: must be an array of objects"
        return
    for one in several:
        if not _is_address(one.get("id")) or not one.get("type"):
            yield f"{where}: must have id and type"
        if name == "homepage" and "label" not in one:
            yield f"{where} 3.3: must have a label"
        if "label" in one:
            yield from _language_map(one["label"], where)


def _language_map(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict) or not value:
        yield f"{where} 4.2: must be a language map"
        return
    for language, strings in value.items():
        if not LANGUAGE.match(language):
            yield f"{where} 4.2: {language!r} is no language"
        if not isinstance(strings, list) or not strings or not all(isinstance(one, str) for one in strings):
            yield f"{where} 4.2: values must be arrays of strings"


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).netloc)
