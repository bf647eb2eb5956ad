"""Two ministries with everything in their houses, for walks over the administration's interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from core.records import Account, AccountSession, ClaimMapping, Provider, Right, ServiceToken
from core.store import SqlStore
from core.values import Assurance, Room, UnixMillis
from gateway.admin.door import hash_of, new_service_token
from gateway.admin.scopes import Scope
from gateway.running import Present, Running
from tests.support.people import DEPLOYMENT
from tests.unit.gateway.conftest import Site

YEAR = 365 * 24 * 3600 * 1000


@dataclass(frozen=True)
class House:
    """A ministry's things by the names that paths call them, and the token of a program that may do all."""

    tenant: str
    things: dict[str, str]
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """Of a request by that program."""
        return {"Authorization": f"Bearer {self.token}"}


async def furnish(site: Site, store: SqlStore, tenant: str, scopes: frozenset[Scope] | None = None) -> House:
    """One of everything."""
    rng, now = site.services.rng, site.clock.now()
    own = store.of(tenant)
    subject = f"u-{tenant}"
    for who, rights in ((subject, frozenset[Right]()), (f"u-admin-{tenant}", frozenset({Right.ADMIN}))):
        mail = f"{who}@{tenant}.example"
        made = Account(
            tenant, who, "https://id.example", who, f"Name of {who}", mail, Assurance.LOW, rights, False, now,
            now,
        )  # fmt: skip
        await own.add_account(made, 100)
    session = f"s-{tenant}"
    await own.add_account_session(
        AccountSession(
            session, rng.bytes(32), None, UnixMillis(0), tenant, subject, f"i-{tenant}", None, None,
            Assurance.LOW, now, now, now, UnixMillis(now + YEAR),
        ),
        10,
    )  # fmt: skip
    await own.put_provider(
        Provider(
            f"i-{tenant}", tenant, "Login", "https://id.example", "entente", None, ("openid",), (),
            ClaimMapping(), (f"{tenant}.example",), False, True, now,
        )
    )  # fmt: skip
    room = Room(
        f"r-{tenant}", f"{tenant[:3]}-abcd-efg", f"Room of {tenant}", tenant,
        f"entente://{DEPLOYMENT}/{tenant}/{subject}", True, rng.bytes(32), now,
    )  # fmt: skip
    await store.create_room(room)
    meeting = f"m-{tenant}"
    present = Present("p_1", tenant, subject, False, "owner", "connected", int(now))
    site.meetings.live.append(Running(meeting, room.id, int(now), False, (present,)))
    site.meetings.houses[meeting] = tenant
    text = new_service_token(rng)
    names = frozenset(scope.value for scope in (scopes if scopes is not None else frozenset(Scope)))
    token = ServiceToken(
        f"t-{tenant}", tenant, "Walker", hash_of(text), names, subject, now, UnixMillis(now + YEAR)
    )
    await own.add_service_token(token, 50)
    things = {
        "subject": subject, "session": session, "provider": f"i-{tenant}", "room": room.id,
        "meeting": meeting, "token": token.id, "slug": room.slug,
    }  # fmt: skip
    return House(tenant, things, text)


async def tag(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> dict[str, str]:
    """Headers of a change of what stands at `path` now."""
    read = await client.get(path, headers=headers)
    return {**headers, "If-Match": read.headers["ETag"]}


def body_of(operation: Any) -> dict[str, Any]:
    """A body that the operation takes."""
    return dict(operation.example or {})
