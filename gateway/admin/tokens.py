"""Service tokens: a program's way in. Shown once, kept as a hash, for an end and for scopes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.actions import Action
from core.audit import Auditor
from core.errors import PeerError, UserError
from core.ports import Clock, Rng
from core.records import ServiceToken
from core.values import UnixMillis
from gateway.admin.door import hash_of, new_service_token
from gateway.admin.operation import Call, Operation, Reply
from gateway.admin.scopes import Scope
from gateway.http.body import Body, Title

DAY = 24 * 3600 * 1000
TOKENS_MAX = 50
"""Of a ministry at one time; nobody oversees more."""


class Token(Reply):
    """A service token; never the token itself."""

    id: str
    name: str
    scopes: list[Scope]
    created_by: str
    created: int
    expires: int
    used: int | None
    revoked: int | None


class Tokens(Reply):
    """Every token, newest first."""

    tokens: list[Token]


class NewToken(Body):
    """A token to make."""

    name: Title
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    days: Annotated[int, Field(ge=1, le=366, description="How long it is valid.")]


class MadeToken(Token):
    """A new token. `token` is shown this once."""

    token: str


def _shown(token: ServiceToken) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": sorted(scope for scope in token.scopes if scope in set(Scope)),
        "created_by": token.created_by,
        "created": token.created,
        "expires": token.expires,
        "used": token.used,
        "revoked": token.revoked,
    }


class TokenOperations:
    """`operations` for the registration."""

    def __init__(self, clock: Clock, rng: Rng, audit: Auditor) -> None:
        self._clock = clock
        self._rng = rng
        self._audit = audit

    def operations(self) -> list[Operation]:
        """List, make, revoke."""
        path = "/api/admin/tokens"
        return [
            Operation(
                "GET", path, "listTokens", "Every service token", self._list, Scope.TOKENS_READ,
                reply=Tokens, tag="tokens",
            ),
            Operation(
                "POST", path, "makeToken", "Make a service token, which is shown once", self._make,
                Scope.TOKENS_WRITE, body=NewToken, reply=MadeToken, status=201, tag="tokens",
                codes=("quota_reached", "invalid"),
                example={"name": "Directory", "scopes": ["people:read"], "days": 90},
            ),
            Operation(
                "DELETE", path + "/{token}", "revokeToken", "Revoke a service token", self._revoke,
                Scope.TOKENS_WRITE, status=204, tag="tokens", codes=("not_found",),
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> Tokens:
        found = await call.store.service_tokens()
        return Tokens(tokens=[Token.model_validate(_shown(one)) for one in found])

    async def _make(self, call: Call) -> MadeToken:
        sent: NewToken = call.body
        scopes = frozenset(sent.scopes)
        if beyond := sorted(scopes - call.scopes):
            raise PeerError("scope_missing", f"A token for {beyond[0]} is not yours to make")
        if len(scopes) != len(sent.scopes):
            raise UserError("invalid", "scopes: one is there twice")
        text, now = new_service_token(self._rng), self._clock.now()
        token = ServiceToken(
            id="t-" + self._rng.bytes(10).hex(),
            tenant=call.tenant,
            name=sent.name,
            hash=hash_of(text),
            scopes=frozenset(scope.value for scope in scopes),
            created_by=call.actor.id,
            created=now,
            expires=UnixMillis(now + sent.days * DAY),
        )
        said = " ".join(sorted(scopes))
        detail = {"scopes": said if len(said) <= 200 else f"{len(scopes)} scopes"}
        async with self._audit.act(call.tenant, call.actor, Action.TOKEN_CREATED, token.id, **detail):
            await call.store.add_service_token(token, TOKENS_MAX)
        return MadeToken.model_validate({**_shown(token), "token": text})

    async def _revoke(self, call: Call) -> None:
        wanted = call.path["token"]
        known = {one.id for one in await call.store.service_tokens() if one.revoked is None}
        if wanted not in known:
            raise PeerError("not_found")
        async with self._audit.act(call.tenant, call.actor, Action.TOKEN_REVOKED, wanted):
            await call.store.revoke_service_token(wanted, self._clock.now())
