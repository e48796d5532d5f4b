"""IIIF Presentation 3 manifests of records, groups, clusters and documents (https://iiif.io/api/presentation/3.0/)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from heritage_assets.curation.images.decode import fitted

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
MOST_CANVASES = 500
BLANK = (1000, 1000)
"""Size of the canvas of a record without an image."""
_RIGHTS = re.compile(r"^https?://(creativecommons\.org/(licenses|publicdomain)/|rightsstatements\.org/vocab/)")
_SHOWN = ("creator", "date", "type", "subject", "identifiers", "provider", "data_provider", "country")


def manifest(
    base: str,
    kind: str,
    identity: str,
    label: str,
    rows: Sequence[dict[str, Any]],
    *,
    derivative_side: int,
    dataset: str | None = None,
) -> dict[str, Any]:
    """Return a manifest with one canvas for each record.

    Args:
        base: public address of the application, without a slash at its end.
        kind: record, group, cluster or document.
        identity: guid, canonical id, cluster id or document id.
        label: what people read.
        rows: rows of the snapshot, in order; at least one.
        derivative_side: long side of derivatives, in pixels.
        dataset: of a document, whose id is its own within one dataset alone.
    """
    address = f"{base}/iiif/{kind}/{quote(identity, safe='')}/manifest.json"
    if dataset is not None:
        address += f"?dataset={quote(dataset, safe='')}"
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "id": address,
        "type": "Manifest",
        "label": {"none": [label]},
        "items": [_canvas(base, row, derivative_side) for row in rows],
    }
    if kind == "record":
        made |= _about(rows[0])
    thumbnails = [_thumbnail(base, row) for row in rows if has_image(row)]
    return made | {"thumbnail": thumbnails[:1]} if thumbnails else made


def has_image(row: dict[str, Any]) -> bool:
    """Tell whether a row has a picture in the object store."""
    return row["image_status"] == "OK" and bool(row["width"] and row["height"])


def _canvas(base: str, row: dict[str, Any], side: int) -> dict[str, Any]:
    identity = f"{base}/iiif/canvas/{quote(row['guid'], safe='')}"
    width, height = (row["width"], row["height"]) if has_image(row) else BLANK
    canvas: dict[str, Any] = {
        "id": identity,
        "type": "Canvas",
        "label": {"none": [row["title"] or row["guid"]]},
        "width": width,
        "height": height,
        **_about(row),
    }
    if not has_image(row):
        return canvas | {"items": [{"id": f"{identity}/page", "type": "AnnotationPage", "items": []}]}
    shown_width, shown_height = fitted(width, height, side)
    body = {
        "id": f"{base}/image/{quote(row['guid'], safe='')}?size=derivative",
        "type": "Image",
        "format": "image/jpeg",
        "width": shown_width,
        "height": shown_height,
    }
    painting = {
        "id": f"{identity}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": identity,
    }
    page = {"id": f"{identity}/page", "type": "AnnotationPage", "items": [painting]}
    return canvas | {"items": [page], "thumbnail": [_thumbnail(base, row)]}


def _thumbnail(base: str, row: dict[str, Any]) -> dict[str, Any]:
    address = f"{base}/image/{quote(row['guid'], safe='')}?size=thumbnail"
    return {"id": address, "type": "Image", "format": "image/jpeg"}


def _about(row: dict[str, Any]) -> dict[str, Any]:
    """Return metadata, rights, required statement and links of one record."""
    shown = [(name, row[name]) for name in _SHOWN if row[name]]
    about: dict[str, Any] = {}
    if shown:
        about["metadata"] = [
            {
                "label": {"en": [name.replace("_", " ")]},
                "value": {"none": value if isinstance(value, list) else [str(value)]},
            }
            for name, value in shown
        ]
    rights = row["rights"]
    if rights and _RIGHTS.match(rights):
        about["rights"] = "http://" + rights.partition("://")[2]
    owner = row["data_provider"] or row["provider"]
    if owner:
        about["requiredStatement"] = {"label": {"en": ["Provided by"]}, "value": {"none": [owner]}}
    page = row["is_shown_at"]
    if page and page.startswith(("http://", "https://")):
        link = {"id": page, "type": "Text", "label": {"en": ["At the provider"]}, "format": "text/html"}
        about["homepage"] = [link]
    service = row["iiif_service"]
    if service and service.startswith(("http://", "https://")):
        about["seeAlso"] = [
            {
                "id": f"{service.rstrip('/')}/info.json",
                "type": "Dataset",
                "format": "application/json",
                "label": {"en": ["IIIF image service of the provider"]},
            }
        ]
    return about
