"""Which encoder the archive is searched with: one small object beside the tables, replaced in one step.

The alias of the vector store says the same to other programs; this says it to the platform's own processes, with the name by
which the encoder is loaded and with those that were in use before.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from heritage_assets.stores.objects import ObjectStore

if TYPE_CHECKING:
    from heritage_assets.settings import Settings

KEY = "encoders/in_use.json"
MOST_REMEMBERED = 20


@dataclass(frozen=True)
class UsedEncoder:
    """An encoder: the ``name`` it is loaded by, its id (``encoder``), and since when it was in use."""

    name: str
    encoder: str
    since: str


@dataclass(frozen=True)
class EncoderInUse:
    """The encoder in use, and those before it, newest first."""

    current: UsedEncoder
    before: tuple[UsedEncoder, ...] = field(default=())

    def switched_to(self, name: str, encoder: str) -> EncoderInUse:
        """Return the state after a switch; to the encoder in use already: the same, under its new name."""
        if encoder == self.current.encoder:
            return EncoderInUse(UsedEncoder(name, encoder, self.current.since), self.before)
        return EncoderInUse(_from_now(name, encoder), (self.current, *self.before)[:MOST_REMEMBERED])

    def rolled_back(self) -> EncoderInUse:
        """Return the state with the encoder before this one in use again.

        Raises:
            ValueError: there was none before.
        """
        if not self.before:
            raise ValueError(f"nothing to go back to: {self.current.encoder} is the first encoder of this archive")
        last, *rest = self.before
        return EncoderInUse(_from_now(last.name, last.encoder), tuple(rest))


def first_in_use(name: str, encoder: str) -> EncoderInUse:
    """Return the state of an archive that knew one encoder only."""
    return EncoderInUse(_from_now(name, encoder))


def read_in_use(store: ObjectStore) -> EncoderInUse | None:
    """Return what is in use; None where nothing was ever switched.

    Raises:
        ValueError: the object is damaged; the message names it.
    """
    try:
        written: Any = orjson.loads(store.get(KEY))
        return EncoderInUse(
            UsedEncoder(**written["current"]), tuple(UsedEncoder(**one) for one in written.get("before", ()))
        )
    except KeyError as error:
        if KEY in str(error):
            return None
        raise ValueError(f"{KEY} beside the tables is damaged (no {error}): switch the encoder again") from None
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise ValueError(f"{KEY} beside the tables is damaged ({error}): switch the encoder again") from None


def write_in_use(store: ObjectStore, state: EncoderInUse) -> None:
    """Replace what is in use, in one step."""
    store.put(KEY, orjson.dumps(asdict(state), option=orjson.OPT_INDENT_2))


def name_in_use(settings: Settings, store: ObjectStore) -> str:
    """Return the name of the encoder to load: HERITAGE_ENCODER, else what was switched to, else the default."""
    if settings.encoder_is_set:
        return settings.encoder
    state = read_in_use(store)
    return state.current.name if state is not None else settings.encoder


def _from_now(name: str, encoder: str) -> UsedEncoder:
    return UsedEncoder(name, encoder, datetime.now(UTC).isoformat(timespec="seconds"))
