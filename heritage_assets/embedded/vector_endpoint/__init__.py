"""The embedded vector endpoint: Qdrant Edge in one process, behind the part of Qdrant's REST API that the platform uses.

Served: collections, aliases, payload indexes, every write of points, retrieve, scroll, count, facet, query and query batch
(by vector, point id, examples, order; fusion with prefetch). Not served, and refused with an error that says so: sparse and
multi-vectors, inference, geographic conditions, query groups, snapshots, sharding.

Searches are exact: the engine scans the vectors of a collection (no graph index is built, since building one would keep every
request waiting for minutes). Past some hundred thousand points, name a Qdrant server instead.

Importing this package is cheap: the engine and the web server are loaded by the endpoint's own process only.
"""

from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointStartError, ensure_endpoint, stop_endpoint

__all__ = ["EndpointStartError", "ensure_endpoint", "stop_endpoint"]
