"""Which errors are worth trying again: a step's retry policy is for what passes by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""How a step tries again after a transient error; steps that ask other people's servers wait longer."""
VECTOR_STORE_RETRIES = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""The same where the vector store is written: it may be restarting, and what is decided waits in the journal."""


def _transient() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError
    from deltalake.exceptions import CommitFailedError

    from heritage_assets.stores.vectors import VectorStoreUnavailableError

    return (OSError, BotoCoreError, CommitFailedError, VectorStoreUnavailableError)


@contextmanager
def retrying_only_transient() -> Iterator[None]:
    """Let transient errors (network, disk, a busy table, an absent server) through to the retry policy, and end the step at once
    on any other: a wrong setting or a bug fails the same way again.

    Raises:
        dg.Failure: for an error that is not transient, with it as the cause.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        if isinstance(error, _transient()):
            raise
        raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error
