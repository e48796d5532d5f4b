"""Failures of the endpoint, in the words and status codes of Qdrant's REST API."""

from __future__ import annotations


class ApiError(Exception):
    """A request that can't be served: HTTP status and the message for ``{"status": {"error": …}}``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def format_error(message: str) -> ApiError:
    """The body does not have the shape the API asks for (400)."""
    return ApiError(400, f"Format error in JSON body: {message}")


def wrong_input(message: str) -> ApiError:
    """The body has the right shape but says something impossible (400)."""
    return ApiError(400, f"Wrong input: {message}")


def validation_error(message: str) -> ApiError:
    """A number lies outside its range (422)."""
    return ApiError(422, f"Validation error in JSON body: [{message}]")


def not_found(message: str) -> ApiError:
    """No such collection, alias or point (404)."""
    return ApiError(404, f"Not found: {message}")


def already_exists(message: str) -> ApiError:
    """The name is taken (409)."""
    return ApiError(409, f"Wrong input: {message}")


def unsupported(what: str) -> ApiError:
    """A part of Qdrant's API that needs a Qdrant server (501)."""
    return ApiError(
        501, f"{what} is not served by the embedded vector endpoint: set HERITAGE_QDRANT_URL to a Qdrant server"
    )


def from_engine(error: BaseException) -> ApiError:
    """Translate an exception of Qdrant Edge, which carries its kind only in the message; a panic is no ``Exception`` there."""
    message = str(error)
    if not isinstance(error, Exception):
        return ApiError(500, f"Service internal error: the engine failed: {message}")
    if message.startswith("No point with id"):
        return not_found(message if message.endswith("found") else f"{message} found")
    if message.startswith(("Service runtime error", "Service internal error", "IO Error")):
        return ApiError(500, f"Service internal error: {message}")
    return wrong_input(message)
