"""A join request where the database is large: 1,000 tenants, 100,000 people and 50,000 rooms in PostgreSQL
behind row-level security, and what the first and the last page of a listing take.

The time is the server's: the whole application in this process, from the request to the response, without a
network; the database runs beside it. Joins come at a steady rate whatever the answers take, so that a slow
one delays no other's beginning. Cold is the first fifty after the database was stopped and started, with a
new node: nothing is in its buffers and no connection is open. The system's own file cache stays.
"""

from __future__ import annotations

import asyncio
import base64
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.applications import Starlette

from bench.figure import Figure, quantile
from core.ports.admission import Place
from core.store import SqlStore, open_store
from core.tenants.serving import Serving
from core.tenants.sessions import Sessions, token_hash
from core.values import Assurance, LoginSession, Person, Role, Tenant, UnixMillis
from gateway.http.build import build_app
from gateway.settings import Settings
from gateway.system import SystemClock, SystemRng
from tests.support import people, postgres
from tests.support.services import NoMeetings, built_client, services

TENANTS, PEOPLE, ROOMS = 1_000, 100_000, 50_000
RATE = 50.0
"""Joins a second."""
SECONDS = 20
COLD = 50
GOAL_MS = 50.0
PAGE = 50
PAGES = 20
"""Times that a page is read."""
SEED = 7
SUBJECT = "s-1"
"""Who owns each tenant's rooms. Tenant t0 has a tenth of everything, so that a listing has a last page far
from its first."""

FILL = (
    f"""INSERT INTO tenants (id, deployment, name, short, colour, created)
        SELECT 't' || n, '{people.DEPLOYMENT}', 'Ministry ' || n, 'M' || n, '#1d4ed8', 1
        FROM generate_series(0, {TENANTS - 1}) n""",  # noqa: S608 -- our own numbers
    f"""INSERT INTO accounts (tenant, subject, issuer, provider_subject, name, email, assurance, rights,
            blocked, created, seen)
        SELECT 't' || CASE WHEN n % 10 = 0 THEN 0 ELSE n % {TENANTS} END, 's-' || n, 'https://idp', 'p' || n,
            'Person ' || n, 'p' || n || '@example.org', 'substantial', '[]', false, n, n
        FROM generate_series(0, {PEOPLE - 1}) n""",  # noqa: S608 -- our own numbers
    f"""INSERT INTO rooms (id, slug, title, tenant, owner, guests, secret, created)
        SELECT 'r' || n, 'slug-' || n, 'Room ' || n, t, 'entente://{people.DEPLOYMENT}/' || t || '/{SUBJECT}',
            true, decode(repeat('07', 32), 'hex'), n
        FROM (SELECT n, 't' || CASE WHEN n % 10 = 0 THEN 0 ELSE n % {TENANTS} END AS t
              FROM generate_series(0, {ROOMS - 1}) n) rooms""",  # noqa: S608 -- our own numbers
    "ANALYZE",
)


def store() -> Iterator[Figure]:
    """Milliseconds."""
    with postgres.cluster() as cluster:
        database = asyncio.run(_filled(cluster))
        cold, warm = asyncio.run(_joins(cluster, database))
        pages = asyncio.run(_pages(cluster, database))
    rate = f"{RATE:g} a second"
    for name, runs in (
        (f"join request, {rate}, the first {COLD} of a cold database", cold),
        (f"join request, {rate}, warm", warm),
    ):
        yield quantile(f"{name}, p50", "ms", runs, 0.5)
        yield quantile(f"{name}, p95", "ms", runs, 0.95, GOAL_MS)
    for name, runs in pages.items():
        yield quantile(name, "ms", runs, 0.5)


async def _filled(cluster: postgres.Cluster) -> str:
    for role in (postgres.OWNER, postgres.NODE):
        await cluster.run(f"CREATE ROLE {role} LOGIN")
    name = await cluster.create()
    opened = await open_store(cluster.url(name), owner=cluster.url(name, postgres.OWNER))
    await opened.close()
    await cluster.run(*FILL, database=name)
    return name


async def _joins(cluster: postgres.Cluster, database: str) -> tuple[list[float], list[float]]:
    """Each is of another room; a third are guests, a third of the room's tenant, a third of another."""
    rng = random.Random(SEED)
    asked = [_one(rng, number) for number in range(COLD + int(RATE * SECONDS))]
    opened = await open_store(cluster.url(database))
    tokens = [await _log_in(opened, rng, who) if who else None for _, who in asked]
    tenants = tuple(await opened.tenants())
    await opened.close()
    cluster.restart()
    opened = await open_store(cluster.url(database))
    try:
        with tempfile.TemporaryDirectory() as folder:
            app = _application(opened, Path(folder), tenants)
            began = time.perf_counter()
            joins = []
            for number, ((room, _), token) in enumerate(zip(asked, tokens, strict=True)):
                await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
                joins.append(asyncio.create_task(_join(app, number, room, token)))
            took = await asyncio.gather(*joins)
    finally:
        await opened.close()
    return took[:COLD], took[COLD:]


def _one(rng: random.Random, number: int) -> tuple[int, tuple[str, str] | None]:
    """A room's number, and tenant and subject of whoever comes, None for a guest."""
    room = rng.randrange(ROOMS)
    person = rng.randrange(1, PEOPLE // TENANTS) * TENANTS + _tenant(room) if number % 3 == 1 else None
    if number % 3 == 2:
        person = rng.randrange(PEOPLE)
    return room, None if person is None else (f"t{_tenant(person)}", f"s-{person}")


def _tenant(number: int) -> int:
    """Whose a room or a person is; the same as in `FILL`."""
    return 0 if number % 10 == 0 else number % TENANTS


async def _log_in(opened: SqlStore, rng: random.Random, who: tuple[str, str]) -> str:
    """A session of the development login, which is read like any other."""
    token = base64.urlsafe_b64encode(rng.randbytes(32)).rstrip(b"=").decode()
    hashed = token_hash(token)
    assert hashed is not None
    tenant, subject = who
    person = Person(people.DEPLOYMENT, tenant, subject, "Person", True, Role.PARTICIPANT, Assurance.LOW)
    expires = UnixMillis(SystemClock().now() + 3_600_000)
    await opened.add_session(LoginSession(hashed, person, expires), PEOPLE)
    return token


def _application(opened: SqlStore, folder: Path, tenants: tuple[Tenant, ...]) -> Starlette:
    """With real queries and real admission; what a join does not touch are doubles."""
    ports = replace(services(opened, tenants=tenants), clock=SystemClock(), rng=SystemRng())
    settings = Settings(folder=folder, static=built_client(folder / "static"))
    sessions = Sessions(opened, ports.clock, ports.rng, Serving(ports.standing))
    return build_app(settings, ports, sessions, NoMeetings(ports), None)


async def _join(app: Starlette, number: int, room: int, token: str | None) -> float:
    """Milliseconds until the whole answer is there. Everybody comes from an address of their own."""
    address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
    transport = httpx.ASGITransport(app, client=(address, 5000))
    body = {"guest_name": "Ada"} if token is None else {}
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    url = f"http://localhost/api/rooms/slug-{room}/join"
    request = httpx.Request("POST", url, json=body, headers=headers)
    began = time.perf_counter()
    response = await transport.handle_async_request(request)
    await response.aread()
    took = (time.perf_counter() - began) * 1_000
    assert response.status_code == 200, response.content
    return took


async def _pages(cluster: postgres.Cluster, database: str) -> dict[str, list[float]]:
    """Of who owns a tenth of all rooms, which lie ten apart in time, and of who owns one page of them."""
    opened = await open_store(cluster.url(database))
    last = Place(UnixMillis(10 * PAGE), f"r{10 * PAGE}")
    found: dict[str, list[float]] = {}
    try:
        for name, tenant, after in (
            (f"first page of {PAGE} of {PAGE} rooms", "t1", None),
            (f"first page of {PAGE} of {ROOMS // 10} rooms", "t0", None),
            (f"last page of {PAGE} of {ROOMS // 10} rooms", "t0", last),
        ):
            owner = f"entente://{people.DEPLOYMENT}/{tenant}/{SUBJECT}"
            runs = found.setdefault(name, [])
            for _ in range(PAGES):
                began = time.perf_counter()
                page = await opened.of(tenant).rooms_page(owner, after, PAGE)
                runs.append((time.perf_counter() - began) * 1_000)
                assert len(page) == PAGE and (after is None) == (page[-1].created > 0)
        for name, place in (("first", ""), ("last", await _before_last(opened.of("t0")))):
            runs = found.setdefault(f"{name} page of {PAGE} of {PEOPLE // 10} accounts", [])
            for _ in range(PAGES):
                began = time.perf_counter()
                assert len(await opened.of("t0").people("", place, PAGE)) == PAGE
                runs.append((time.perf_counter() - began) * 1_000)
    finally:
        await opened.close()
    return found


async def _before_last(own: SqlStore) -> str:
    """The subject after which one page is left."""
    subjects: list[str] = [""]
    while page := await own.people("", subjects[-1], 1_000):
        subjects += [one.subject for one in page]
    return subjects[-PAGE - 1]
