"""The embedded vector endpoint: Qdrant Edge in one process, behind the part of Qdrant's REST API that the platform uses.

Importing this package is cheap: the engine and the web server are loaded by the endpoint's own process only.
"""

from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointStartError, ensure_endpoint, stop_endpoint

__all__ = ["EndpointStartError", "ensure_endpoint", "stop_endpoint"]
