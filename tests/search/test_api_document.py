"""The application keeps what its OpenAPI document promises: schemathesis asks what the document allows and what it forbids."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from small_archive import serving

EXAMPLES = int(os.environ.get("HERITAGE_TEST_EXAMPLES", "6"))
NOT_HTTP = b"Invalid HTTP request received."
"""What the HTTP server itself answers to a request line or header that it can't parse: the application never saw it."""
FORMS = ("/api/v1/search", "/api/v1/export/search.{form}", "/search_similar")
"""All that a form holds is text: in it, a null and a truth value can't be told from their words."""


@pytest.fixture(scope="module")
def operations(archive):
    """Every operation of the document but the stream, which never ends."""
    with serving(archive) as address:
        schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
        schema = schema.exclude(path="/api/v1/status/stream").exclude(path="/api/v1/review", method="POST")
        yield [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"])
def test_every_route_keeps_its_promise(operations, mode):
    assert len(operations) > 20
    broken = []
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and operation.path in FORMS:
            continue
        try:
            ask(operation, mode)
        except (AssertionError, BaseExceptionGroup) as error:
            broken.append(f"{operation.label}: {error!r}")
    assert not broken, "\n\n".join(broken)


def ask(operation, mode):
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(case):
        answer = case.call()
        if answer.content != NOT_HTTP:
            case.validate_response(answer)

    try:
        holds()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # an operation without parameters can't be asked wrongly
