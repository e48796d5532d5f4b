"""Who is asking: keys, sessions of browsers, roles."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import Headers
from starlette.responses import Response

from heritage_assets.search.api.models_views import KeyGiven, Session
from heritage_assets.search.api.problems import ApiProblem
from heritage_assets.search.api.responses import Json
from heritage_assets.search.settings import Role, SearchSettings

COOKIE = "heritage_session"
MOST_SESSIONS = 10_000


@dataclass(frozen=True)
class Identity:
    """Who asks: a name where it is known, and what is allowed."""

    role: Literal["none", "reader", "reviewer"]
    name: str | None = None

    @property
    def reads(self) -> bool:
        """May read."""
        return self.role != "none"

    @property
    def reviews(self) -> bool:
        """May decide."""
        return self.role == Role.REVIEWER


ANYBODY = Identity("reviewer")
"""Without configured keys everybody may read and review."""
NOBODY = Identity("none")


class Doorkeeper:
    """Knows keys and the sessions of browsers. Memory: at most 10,000 sessions; they end with the process.

    Keys are compared by their hashes in constant time.
    """

    def __init__(self, limits: SearchSettings) -> None:
        self._keys = [
            (_digest(one.key.get_secret_value()), Identity(one.role.value, one.name)) for one in limits.api_keys
        ]
        self._seconds = limits.session_hours * 3600
        self._sessions: dict[str, tuple[Identity, float]] = {}

    @property
    def closed(self) -> bool:
        """A key is needed."""
        return bool(self._keys)

    def by_key(self, key: str) -> Identity:
        """Return whose key it is."""
        digest, found = _digest(key), NOBODY
        for known, identity in self._keys:
            if hmac.compare_digest(known, digest):
                found = identity
        return found

    def identify(self, headers: Headers) -> Identity:
        """Return who sent these headers."""
        if not self._keys:
            return ANYBODY
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
        if key:
            return self.by_key(key)
        identity, ends = self._sessions.get(session_token(headers), (NOBODY, 0.0))
        return identity if time.monotonic() < ends else NOBODY

    def begin(self, identity: Identity) -> str:
        """Begin a browser's session; return its token."""
        now = time.monotonic()
        if len(self._sessions) >= MOST_SESSIONS:
            self._sessions = {token: known for token, known in self._sessions.items() if known[1] > now}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (identity, now + self._seconds)
        return token

    def end(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def session_token(headers: Headers) -> str:
    """Return the token of the session cookie; empty without one."""
    try:
        cookie: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def who_asks(request: Request) -> Identity:
    """Return who asks, as the guard has found out."""
    identity: Identity = request.scope["heritage_identity"]
    return identity


def _reader(who: Annotated[Identity, Depends(who_asks)]) -> Identity:
    if not who.reads:
        raise ApiProblem(401, "key_needed", "a key is needed: send it as Authorization: Bearer KEY, or log in")
    return who


def _reviewer(who: Annotated[Identity, Depends(_reader)]) -> Identity:
    if not who.reviews:
        raise ApiProblem(403, "reviewer_needed", "deciding needs a reviewer's key; yours is a reader's")
    return who


Who = Annotated[Identity, Depends(who_asks)]
Reader = Annotated[Identity, Depends(_reader)]
Reviewer = Annotated[Identity, Depends(_reviewer)]

router = APIRouter(tags=["session"])


@router.get("/api/v1/session", response_model=Session)
async def session(who: Who) -> Response:
    """Return who you are."""
    return Json({"role": who.role, "name": who.name})


@router.post("/api/v1/session", response_model=Session)
async def log_in(request: Request, body: KeyGiven) -> Response:
    """Log in with a key; a cookie that no script can read stands for it until the session ends."""
    keeper: Doorkeeper = request.app.state.heritage.doorkeeper
    identity = keeper.by_key(body.key) if keeper.closed else ANYBODY
    if not identity.reads:
        raise ApiProblem(401, "wrong_key", "nobody has this key")
    answer = Json({"role": identity.role, "name": identity.name})
    if keeper.closed:
        answer.set_cookie(
            COOKIE,
            keeper.begin(identity),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path="/",
        )
    return answer


@router.delete("/api/v1/session", response_model=Session)
async def log_out(request: Request) -> Response:
    """Log out."""
    keeper: Doorkeeper = request.app.state.heritage.doorkeeper
    keeper.end(session_token(request.headers))
    answer = Json({"role": "none" if keeper.closed else ANYBODY.role, "name": None})
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
