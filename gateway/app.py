"""Wires a node: clock, store, bus, signer, media, telemetry, meetings, routes; and takes it apart in
reverse order.

Nothing else makes these parts. Each is closed by the exit stack of `open_node`, so a start that fails half
way leaves no process, thread or file lock behind.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from starlette.types import ASGIApp

from core.audit import Auditor
from core.bus import MemoryBus
from core.errors import StartError, StoreUnavailable
from core.federation.statements import declare
from core.meeting.revoking import Revoker
from core.ports import Clock, Rng, Signer, Store, Telemetry
from core.signer.client import SocketSigner
from core.signer.router import SignerRouter
from core.signer.tls import dial
from core.store import DEPLOYMENT, Scope, limited_to, open_store
from core.tenants import demo
from core.tenants.policy import TenantPolicy
from core.tenants.serving import Serving
from core.tenants.sessions import Sessions
from core.tenants.standing import Standing
from core.values import Deployment, LogLeaf, Person
from gateway.auditing import follow
from gateway.http.build import build_app
from gateway.http.rooms import make_room
from gateway.media import EngineNode, free_udp_ports, own_addresses, worker_count
from gateway.operator_channel import OperatorChannel, operator_socket
from gateway.services import Meetings, Services
from gateway.settings import Settings
from gateway.signer_child import SignerKeeper
from gateway.signer_keys import tls_files
from gateway.socket import SocketMeetings, open_meetings
from gateway.system import SystemClock, SystemRng
from gateway.tenant_desk import TenantDesk
from gateway.tenants import all_tenants, tenants_of
from observability.node import NodeTelemetry

log = logging.getLogger("entente")


class DatabaseOptions(TypedDict):
    """The arguments of `core.store.open_store`."""

    url: URL
    owner: URL | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class Node:
    """A running node: its application, its ports, its meetings, and the path of the room made at start, if
    any."""

    app: ASGIApp
    services: Services
    meetings: Meetings
    room: str | None


@asynccontextmanager
async def open_node(settings: Settings, config: Path | None = None) -> AsyncIterator[Node]:
    """Everything but the listening TCP socket. StartError when a part cannot start."""
    async with AsyncExitStack() as stack:
        telemetry = _telemetry(settings)
        stack.callback(telemetry.close)
        services = await _services(settings, config, stack, telemetry)
        meetings = await open_meetings(services)
        stack.push_async_callback(meetings.close)
        revoker = _revoker(services, meetings)
        await _operator(settings, services, revoker, stack)
        await follow(settings.audit, services, stack)
        tenants = Serving(services.standing)
        sessions = Sessions(services.store, services.clock, services.rng, tenants)
        exposition = telemetry.exposition if settings.telemetry.metrics else None
        app = build_app(settings, services, sessions, meetings, exposition, revoker)
        telemetry.gauge("entente_up", 1)
        yield Node(app, services, meetings, await _demo_room(settings, services))


async def _services(
    settings: Settings, config: Path | None, stack: AsyncExitStack, telemetry: NodeTelemetry
) -> Services:
    """Every port, opened."""
    clock, rng = SystemClock(), SystemRng()
    store = await _store(settings, stack)
    # The signer first: it refuses to start twice, and only a node that is alone may take meetings up.
    signer = await _signer(settings, config, stack, clock, telemetry)
    await tidy(store, clock, settings)
    standing = await _standing(settings, store, signer, clock, rng, stack)
    audit = Auditor(store, clock, telemetry)
    stack.push_async_callback(audit.close)
    bus = MemoryBus(clock)
    stack.push_async_callback(bus.close)
    media = _media(settings, telemetry)
    stack.push_async_callback(media.close)
    return Services(
        clock=clock,
        rng=rng,
        store=store,
        bus=bus,
        signer=signer,
        media=media,
        telemetry=telemetry,
        standing=standing,
        audit=audit,
        connection_limit=settings.media.connection_limit,
    )


async def tidy(store: Store, clock: Clock, settings: Settings) -> None:
    """What is over, and where the development login is off, every session: no other login has made one, and
    those of that login prove nothing."""
    await store.purge(clock.now())
    if not settings.development.login:
        await store.end_sessions()


async def _standing(
    settings: Settings, store: Store, signer: Signer, clock: Clock, rng: Rng, stack: AsyncExitStack
) -> Standing:
    """The deployment as it is declared now, and again when the signer's roots, the database's tenants or
    time ask for it. A node limited to some tenants declares all it knows, so that every node of the
    deployment says the same, and serves and shows its own."""
    configured, serve = tenants_of(settings), set(settings.deployment.serve)
    for tenant in configured:
        if not serve or tenant.id in serve:
            await store.put_tenant(tenant)

    async def declared() -> Deployment:
        tenants = all_tenants(configured, await store.standing_tenants())
        if unknown := serve - {one.id for one in tenants}:
            raise StartError(f"deployment.serve names no ministry of this deployment: {sorted(unknown)[0]}.")
        policies = {one.id: TenantPolicy(one.policy.suites, one.policy.guests) for one in tenants}
        whole = await declare(signer, clock, settings.folder, tenants, policies, ())
        deployment = replace(
            whole, tenants=tuple(one for one in tenants if not serve or one.id in serve)
        )
        if standing is None or deployment != standing.deployment:
            await _log_statements(store, deployment, clock, rng)
        return deployment

    standing: Standing | None = None
    standing = Standing(await declared(), declared)
    task = asyncio.create_task(standing.run(clock), name="statements")
    stack.push_async_callback(_ended, task)
    return standing


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _revoker(services: Services, meetings: SocketMeetings) -> Revoker:
    """What ends certificates, and with them every way to a further one."""

    async def end_sessions(tenant: str, subject: str) -> int:
        return await services.store.of(tenant).end_account_sessions(subject)

    return Revoker(
        services.store, services.signer, services.clock, services.rng, services.deployment.id,
        meetings.registry, end_sessions,
    )  # fmt: skip


async def _operator(
    settings: Settings, services: Services, revoker: Revoker, stack: AsyncExitStack
) -> None:
    desk = TenantDesk(
        services.store, services.signer, services.clock, services.standing, services.audit,
        tenants_of(settings), limited=bool(settings.deployment.serve),
    )  # fmt: skip
    operator = OperatorChannel(revoker, desk, operator_socket(settings))
    await operator.open()
    stack.push_async_callback(operator.close)


def _telemetry(settings: Settings) -> NodeTelemetry:
    try:
        return NodeTelemetry(settings.telemetry.traces)
    except OSError as error:
        path = settings.telemetry.traces
        raise StartError(f"The traces cannot be written to {path}: {error.strerror}.") from error


async def _store(settings: Settings, stack: AsyncExitStack) -> Store:
    try:
        store = await open_store(**database_of(settings))
    except StoreUnavailable as error:
        raise StartError(f"The database at store.url cannot be opened ({error}).") from error
    stack.push_async_callback(store.close)
    return store


def database_of(settings: Settings) -> DatabaseOptions:
    """What `open_store` needs, with the passwords read from their files. StartError."""
    chosen = settings.store
    url = _with_password(settings, chosen.url, chosen.password, "store.url")
    owner = chosen.owner_url and _with_password(
        settings, chosen.owner_url, chosen.owner_password, "store.owner_url"
    )
    return {"url": url, "owner": owner or None, "scope": limited_to(settings.deployment.serve)}


def _with_password(settings: Settings, text: str, file: Path | None, name: str) -> URL:
    try:
        url = make_url(settings.within(text))
    except ArgumentError as error:
        raise StartError(f"{name} is no SQLAlchemy URL.") from error
    if url.password is not None:
        raise StartError(f"{name} holds a password; write it to a file and name that.")
    if file is None:
        return url
    try:
        return url.set(password=Path(settings.within(file)).read_text().rstrip("\n"))
    except OSError as error:
        raise StartError(f"The password of {name} cannot be read: {error.strerror}.") from error


def _leaf(kind: str, content: bytes, clock: Clock, rng: Rng) -> LogLeaf:
    """A leaf of no meeting: its hash is over 32 random bytes and the content (K9.1)."""
    salt = rng.bytes(32)
    return LogLeaf(None, kind, hashlib.sha256(salt + content).digest(), salt, content, clock.now())


async def _log_statements(store: Store, deployment: Deployment, clock: Clock, rng: Rng) -> None:
    """Manifests and policies are leaves of the log to come, each once (K9.1); they are the deployment's."""
    store = store.of(DEPLOYMENT)
    logged = {leaf.content for leaf in await store.leaves() if leaf.kind in ("manifest", "policy")}
    said = [("manifest", one) for one in deployment.manifests]
    said += [("policy", one) for one in deployment.policies.values()]
    fresh = [_leaf(kind, content, clock, rng) for kind, content in said if content not in logged]
    await store.add_leaves(fresh)


async def _signer(
    settings: Settings, config: Path | None, stack: AsyncExitStack, clock: Clock, telemetry: Telemetry
) -> Signer:
    if settings.signer.spawn:
        keeper = await SignerKeeper.start(settings, config)
        stack.push_async_callback(keeper.stop)
    path = Path(settings.within(settings.signer.socket))
    signer = await SocketSigner.connect(path, clock, telemetry)
    stack.push_async_callback(signer.close)
    elsewhere: dict[str, Signer] = {}
    for remote in settings.signer.remotes:
        where = f"{remote.host}:{remote.port}"
        dialled = dial(remote.host, remote.port, tls_files(settings, remote))
        one = SocketSigner(dialled, where, clock, telemetry)
        stack.push_async_callback(one.close)
        elsewhere |= dict.fromkeys(remote.tenants, one)
    return SignerRouter(signer, elsewhere) if elsewhere else signer


def _media(settings: Settings, telemetry: Telemetry) -> EngineNode:
    media = settings.media
    ports = free_udp_ports(media.bind, media.port, worker_count(media.workers))
    return EngineNode(
        node_id=0,
        bind=media.bind,
        ports=ports,
        advertise=media.advertise or own_addresses(),
        socket_buffer=media.socket_buffer,
        telemetry=telemetry,
    )


async def _demo_room(settings: Settings, services: Services) -> str | None:
    """The path of the development room: the same one after a restart, so that open tabs find it again."""
    if not (settings.development.login and settings.development.room):
        return None
    first = services.deployment.tenants[0]
    official = next((one for one in demo.OFFICIALS if one.tenant == first.id), demo.OFFICIALS[0])
    owner: Person = official.person(services.deployment.id)
    rooms = await services.store.rooms_of(owner.uri)
    room = rooms[-1] if rooms else None
    if room is None:
        room = await make_room(services, owner, "Entente")
    return room.path
