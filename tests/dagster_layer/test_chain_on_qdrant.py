"""The whole chain on a Qdrant server with TLS, a key and gRPC leaves what it leaves on the embedded endpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from archive_site import Site
from certificates import sign_for_loopback
from museum_rows import first_batch, second_batch
from pydantic import SecretStr
from qdrant_server import QdrantServer, program_or_skip
from store_snapshots import differences, groups_of

from heritage_assets.execution import RunOutcome
from heritage_assets.stores.vector_settings import VectorSettings

KEY = "a-secret-of-the-tests"


def told(outcomes: list[RunOutcome]) -> list[str]:
    """What runs said that did not succeed."""
    return [repr(outcome) for outcome in outcomes if not outcome.success]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_chain_on_a_qdrant_server_leaves_what_the_embedded_one_leaves(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    certificates = sign_for_loopback(tmp_path / "tls")
    server = QdrantServer(program_or_skip(), tmp_path / "qdrant", api_key=KEY, certificates=certificates)
    server.start()
    embedded, remote = new_site(), new_site()
    layout = VectorSettings(ca_bundle=str(certificates.authority), grpc_port=server.grpc_port, parallel=2, shards=2)
    remote.settings = remote.settings.model_copy(
        update={"qdrant_url": server.url, "qdrant_api_key": SecretStr(KEY), "vectors": layout}
    )
    try:
        embedded.land("museum-1", first_batch())
        embedded.land("museum-2", second_batch(), day=1, withdrawals=True)
        remote.take_landing_of(embedded)
        assert told(embedded.run_as_the_command_does()) == []
        assert told(remote.run_as_the_command_does()) == []
        assert differences(embedded.points(), remote.points()) == []
        assert differences(embedded.tables(), remote.tables()) == []
        assert len(groups_of(remote.tables())) < len(remote.points()), "some copies share an id"

        server.kill()
        remote.land("museum-3", first_batch(), day=2)
        assert told(remote.run_as_the_command_does()) != []
        server.start()
        assert told(remote.run_as_the_command_does()) == []
        embedded.land("museum-3", first_batch(), day=2)
        assert told(embedded.run_as_the_command_does()) == []
        assert differences(embedded.points(), remote.points()) == []
    finally:
        server.kill()
