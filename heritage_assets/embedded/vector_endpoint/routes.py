"""The part of Qdrant's REST API that the endpoint serves: path by path, what is read and what is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from typing import Any

import qdrant_edge as edge

from heritage_assets.embedded.vector_endpoint import updates
from heritage_assets.embedded.vector_endpoint.catalog import Catalog
from heritage_assets.embedded.vector_endpoint.collection import Collection
from heritage_assets.embedded.vector_endpoint.errors import format_error, not_found
from heritage_assets.embedded.vector_endpoint.filters import build_filter, point_id, point_ids
from heritage_assets.embedded.vector_endpoint.points import (
    payload_selector,
    render_record,
    render_scored,
    vector_selector,
)
from heritage_assets.embedded.vector_endpoint.queries import build_order, build_query, check_count

API_VERSION = version("qdrant-client")
"""The endpoint speaks the API of the client that is installed beside it."""
_DEFAULT_PAGE = 10
_HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000}
_OPTIMIZERS = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "flush_interval_sec": 5,
}

Params = Mapping[str, str]
Handler = Callable[[Catalog, Params, Any], Any | Awaitable[Any]]


def _body(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise format_error("expected an object")
    return body


# -- collections, aliases, indexes ------------------------------------------------------------------------------------


def list_collections(catalog: Catalog, _: Params, __: Any) -> Any:
    """``GET /collections``."""
    return {"collections": [{"name": name} for name in sorted(catalog.collections)]}


def collection_info(catalog: Catalog, params: Params, _: Any) -> Any:
    """``GET /collections/{name}``."""
    collection = catalog.get(params["name"])
    info = collection.read("info")
    config = collection.config
    return {
        "status": "green",
        "optimizer_status": "ok",
        "points_count": info.points_count,
        "indexed_vectors_count": info.indexed_vectors_count,
        "segments_count": info.segments_count,
        "config": {
            "params": {
                "vectors": config.get("vectors"),
                "shard_number": 1,
                "replication_factor": 1,
                "write_consistency_factor": 1,
                "on_disk_payload": bool(config.get("on_disk_payload", True)),
            },
            "hnsw_config": {**_HNSW, **(config.get("hnsw_config") or {})},
            "optimizer_config": {**_OPTIMIZERS, **(config.get("optimizers_config") or {})},
            "wal_config": None,
            "quantization_config": None,
        },
        "payload_schema": {name: _index_info(index) for name, index in info.payload_schema.items()},
    }


def _index_info(index: Any) -> dict[str, Any]:
    kind = str(index.data_type).rpartition(".")[2].lower()
    rendered: dict[str, Any] = {"data_type": kind, "points": index.points}
    if index.params is not None:
        plain = (bool, int, str)
        values = {name: getattr(index.params, name) for name in dir(index.params) if not name.startswith("_")}
        rendered["params"] = {"type": kind} | {name: one for name, one in values.items() if isinstance(one, plain)}
    return rendered


def collection_exists(catalog: Catalog, params: Params, _: Any) -> Any:
    """``GET /collections/{name}/exists``."""
    return {"exists": catalog.exists(params["name"])}


def create_collection(catalog: Catalog, params: Params, body: Any) -> Any:
    """``PUT /collections/{name}``."""
    return catalog.create(params["name"], body)


def delete_collection(catalog: Catalog, params: Params, _: Any) -> Any:
    """``DELETE /collections/{name}``."""
    return catalog.delete(params["name"])


def change_aliases(catalog: Catalog, _: Params, body: Any) -> Any:
    """``POST /collections/aliases``."""
    return catalog.update_aliases(body)


def list_aliases(catalog: Catalog, params: Params, _: Any) -> Any:
    """``GET /aliases`` and ``GET /collections/{name}/aliases``."""
    return {"aliases": catalog.alias_pairs(params.get("name"))}


def delete_index(catalog: Catalog, params: Params, _: Any) -> Any:
    """``DELETE /collections/{name}/index/{field}``."""
    return catalog.get(params["name"]).update(edge.UpdateOperation.delete_field_index(params["field"]))


def _write(build: Callable[[Collection, Any], Any]) -> Handler:
    def handler(catalog: Catalog, params: Params, body: Any) -> Any:
        collection = catalog.get(params["name"])
        return collection.update(build(collection, body))

    return handler


def write_batch(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points/batch``."""
    return updates.apply_batch(catalog.get(params["name"]), body)


# -- reading ----------------------------------------------------------------------------------------------------------


def retrieve(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points``: points by id; those that don't exist are left out."""
    collection, body = catalog.get(params["name"]), _body(body)
    records = collection.read(
        "retrieve",
        point_ids(body.get("ids")),
        payload_selector(body.get("with_payload"), default=True),
        vector_selector(body.get("with_vector"), collection.dims),
    )
    return [render_record(record) for record in records]


def get_point(catalog: Catalog, params: Params, _: Any) -> Any:
    """``GET …/points/{id}``."""
    raw = params["id"]
    ident = point_id(int(raw) if raw.isdecimal() else raw)
    records = catalog.get(params["name"]).read("retrieve", [ident], True, True)
    if not records:
        raise not_found(f"Point with id {ident} does not exists!")
    return render_record(records[0])


def scroll(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points/scroll``: a page of points in the order of their ids, or of a payload field."""
    collection, body = catalog.get(params["name"]), _body(body)
    offset, order = body.get("offset"), body.get("order_by")
    if offset is not None and order is not None:
        raise format_error(
            "Cannot use an `offset` when using `order_by`. The alternative for paging is `order_by.start_from`"
        )
    request = edge.ScrollRequest(
        offset=None if offset is None else point_id(offset),
        limit=check_count(body.get("limit"), "limit", default=_DEFAULT_PAGE, least=1),
        filter=build_filter(body.get("filter")),
        with_payload=payload_selector(body.get("with_payload"), default=True),
        with_vector=vector_selector(body.get("with_vector"), collection.dims),
        order_by=None if order is None else build_order(order),
    )
    records, following = collection.read("scroll", request)
    return {"points": [render_record(record) for record in records], "next_page_offset": following}


def count(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points/count``."""
    collection, body = catalog.get(params["name"]), _body(body)
    request = edge.CountRequest(filter=build_filter(body.get("filter")), exact=body.get("exact") is not False)
    return {"count": collection.read("count", request)}


def facet(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/facet``: the commonest values of an indexed payload field."""
    collection, body = catalog.get(params["name"]), _body(body)
    if not isinstance(body.get("key"), str):
        raise format_error("missing field `key`")
    request = edge.FacetRequest(
        body["key"],
        check_count(body.get("limit"), "limit", default=_DEFAULT_PAGE, least=1),
        bool(body.get("exact")),
        build_filter(body.get("filter")),
    )
    return {"hits": [{"value": hit.value, "count": hit.count} for hit in collection.read("facet", request).hits]}


async def query(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points/query``."""
    collection = catalog.get(params["name"])
    (found,) = await collection.query([build_query(collection, body)])
    return {"points": [render_scored(point) for point in found]}


async def query_batch(catalog: Catalog, params: Params, body: Any) -> Any:
    """``POST …/points/query/batch``."""
    collection, searches = catalog.get(params["name"]), _body(body).get("searches")
    if not isinstance(searches, list):
        raise format_error("missing field `searches`")
    answers = await collection.query([build_query(collection, one) for one in searches])
    return [{"points": [render_scored(point) for point in found]} for found in answers]


_COLLECTION = "/collections/{name}"
ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", f"{_COLLECTION}/points/query", query),
    ("POST", f"{_COLLECTION}/points/query/batch", query_batch),
    ("PUT", f"{_COLLECTION}/points", _write(updates.upsert)),
    ("POST", f"{_COLLECTION}/points/batch", write_batch),
    ("POST", f"{_COLLECTION}/points", retrieve),
    ("POST", f"{_COLLECTION}/points/scroll", scroll),
    ("POST", f"{_COLLECTION}/points/count", count),
    ("POST", f"{_COLLECTION}/facet", facet),
    ("POST", f"{_COLLECTION}/points/delete", _write(updates.delete)),
    ("POST", f"{_COLLECTION}/points/payload", _write(updates.set_payload)),
    ("PUT", f"{_COLLECTION}/points/payload", _write(updates.overwrite_payload)),
    ("POST", f"{_COLLECTION}/points/payload/delete", _write(updates.delete_payload)),
    ("POST", f"{_COLLECTION}/points/payload/clear", _write(updates.clear_payload)),
    ("PUT", f"{_COLLECTION}/points/vectors", _write(updates.update_vectors)),
    ("POST", f"{_COLLECTION}/points/vectors/delete", _write(updates.delete_vectors)),
    ("GET", f"{_COLLECTION}/points/{{id}}", get_point),
    ("GET", "/collections", list_collections),
    ("POST", "/collections/aliases", change_aliases),
    ("GET", "/aliases", list_aliases),
    ("GET", _COLLECTION, collection_info),
    ("PUT", _COLLECTION, create_collection),
    ("DELETE", _COLLECTION, delete_collection),
    ("GET", f"{_COLLECTION}/exists", collection_exists),
    ("GET", f"{_COLLECTION}/aliases", list_aliases),
    ("PUT", f"{_COLLECTION}/index", _write(updates.create_index)),
    ("DELETE", f"{_COLLECTION}/index/{{field}}", delete_index),
]
