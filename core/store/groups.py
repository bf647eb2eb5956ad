"""Queries of groups, entries, commits, receipts, states, leaves and revocations (`core.ports.GroupStore`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import ChainBroken, StoreConflict
from core.store import rows, tables
from core.store.engine import reading, writing
from core.store.scope import Scope
from core.values import (
    CommitRecord,
    EntryRecord,
    EntryState,
    GroupRecord,
    Handshake,
    LogLeaf,
    PublicStateRecord,
    ReceiptRecord,
    RevocationRecord,
    UnixMillis,
)

_E = tables.entries.c


class SqlGroups:
    """`GroupStore` over an engine that `core.store.store` opens."""

    _engine: AsyncEngine
    _scope: Scope

    async def _tenant_of(self, connection: AsyncConnection, group: bytes) -> str:
        """Whose a group is, and so everything that is written to it. StoreConflict when there is none: what
        another tenant has is not there. Locks the group, so that its writers take turns on PostgreSQL as they
        do on SQLite, and the second finds the chain as the first left it."""
        c = tables.groups.c
        query = select(c.tenant).where(c.id == group, self._scope.owns(c.tenant))
        tenant = await connection.scalar(query.with_for_update())
        if tenant is None:
            raise StoreConflict("no such group")
        return str(tenant)

    def _entries(self, group: bytes) -> Select[Any]:
        """A group's entries."""
        return select(tables.entries).where(_E.group_id == group, self._scope.owns(_E.tenant))

    async def create_group(self, group: GroupRecord) -> None:
        """See the port."""
        c = tables.meetings.c
        meeting = select(c.tenant).where(c.id == group.meeting, self._scope.owns(c.tenant))
        async with writing(self._engine) as connection:
            if (tenant := await connection.scalar(meeting)) is None:
                raise StoreConflict(f"no meeting {group.meeting}")
            await connection.execute(
                insert(tables.groups).values(
                    id=group.id,
                    tenant=tenant,
                    meeting=group.meeting,
                    term=group.term,
                    suite=group.suite,
                    params=group.params,
                    prior=group.prior,
                    created=group.created,
                )
            )

    async def group(self, group: bytes) -> GroupRecord | None:
        """See the port."""
        c = tables.groups.c
        query = select(tables.groups).where(c.id == group, self._scope.owns(c.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.group(row) if row else None

    async def groups(self, meeting: str) -> list[GroupRecord]:
        """See the port."""
        table = tables.groups
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(table)
                .where(table.c.meeting == meeting, self._scope.owns(table.c.tenant))
                .order_by(table.c.created, table.c.term)
            )
            return [rows.group(row) for row in found]

    async def append_entry(
        self,
        entry: EntryRecord,
        *,
        commit: CommitRecord | None = None,
        state: PublicStateRecord | None = None,
        receipts: Sequence[ReceiptRecord] = (),
        leaves: Sequence[LogLeaf] = (),
    ) -> None:
        """See the port. One transaction: a crash before its end leaves no trace, after it the whole step."""
        async with writing(self._engine) as connection:
            tenant = await self._tenant_of(connection, entry.group)
            await _check_chain(connection, entry)
            await _check_attempt(connection, entry)
            await connection.execute(
                insert(tables.entries).values(
                    group_id=entry.group,
                    tenant=tenant,
                    seq=entry.seq,
                    epoch=entry.epoch,
                    attempt=entry.attempt,
                    state=entry.state.value,
                    hash=entry.hash,
                    prev_hash=entry.prev_hash,
                    data=entry.data,
                    time=entry.time,
                )
            )
            if commit is not None:
                await _insert_commit(connection, tenant, entry, commit)
            if state is not None:
                await _insert_state(connection, tenant, entry, state)
            for receipt in receipts:
                await _insert_receipt(connection, tenant, entry.group, receipt)
            await _insert_leaves(connection, tenant, leaves)
            await _forget(connection, entry)

    async def head(self, group: bytes) -> EntryRecord | None:
        """See the port."""
        query = self._entries(group).order_by(_E.seq.desc()).limit(1)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.entry(row) if row else None

    async def last_reached(self, group: bytes) -> EntryRecord | None:
        """See the port."""
        query = self._entries(group).where(_E.state == EntryState.REACHED.value)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query.order_by(_E.epoch.desc()).limit(1))).first()
            return rows.entry(row) if row else None

    async def entries(self, group: bytes, after_seq: int = -1) -> list[EntryRecord]:
        """See the port."""
        query = self._entries(group).where(_E.seq > after_seq).order_by(_E.seq)
        async with reading(self._engine) as connection:
            return [rows.entry(row) for row in await connection.execute(query)]

    async def commit(self, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
        """See the port."""
        query = _commit(group, epoch, attempt).where(self._scope.owns(tables.commits.c.tenant))
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.commit(row) if row else None

    async def handshakes(self, group: bytes, after_epoch: int) -> list[Handshake]:
        """See the port."""
        async with reading(self._engine) as connection:
            found = await connection.execute(
                self._entries(group)
                .where(_E.epoch > after_epoch, _E.state == EntryState.REACHED.value)
                .order_by(_E.epoch)
            )
            return [
                shake
                for row in found.all()
                if (shake := await _handshake(connection, rows.entry(row))) is not None
            ]

    async def public_state(self, group: bytes, epoch: int, attempt: int) -> PublicStateRecord | None:
        """See the port."""
        c = tables.public_states.c
        query = select(tables.public_states).where(
            c.group_id == group, c.epoch == epoch, c.attempt == attempt, self._scope.owns(c.tenant)
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.public_state(row) if row else None

    async def add_receipt(self, receipt: ReceiptRecord) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            tenant = await self._tenant_of(connection, receipt.group)
            await _insert_receipt(connection, tenant, receipt.group, receipt)

    async def receipts(self, group: bytes, epoch: int, attempt: int) -> list[ReceiptRecord]:
        """See the port."""
        async with reading(self._engine) as connection:
            query = _receipts(group, epoch, attempt).where(self._scope.owns(tables.receipts.c.tenant))
            return [rows.receipt(row) for row in await connection.execute(query)]

    async def add_leaves(self, leaves: Sequence[LogLeaf]) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await _insert_leaves(connection, self._scope.own, leaves)

    async def leaves(self, label: bytes | None = None) -> list[LogLeaf]:
        """See the port."""
        c = tables.log_leaves.c
        query = select(tables.log_leaves).where(self._scope.owns(c.tenant)).order_by(c.id)
        if label is not None:
            query = query.where(c.label == label)
        async with reading(self._engine) as connection:
            return [rows.leaf(row) for row in await connection.execute(query)]

    async def certificates(self, since: UnixMillis) -> list[LogLeaf]:
        """See the port."""
        c = tables.log_leaves.c
        query = select(tables.log_leaves).where(
            c.kind == "certificate", c.time >= since, self._scope.owns(c.tenant)
        )
        async with reading(self._engine) as connection:
            return [rows.leaf(row) for row in await connection.execute(query.order_by(c.id))]

    async def add_revocation(self, revocation: RevocationRecord) -> None:
        """See the port."""
        table = tables.revocations
        self._scope.taking(revocation.tenant)
        async with writing(self._engine) as connection:
            # Another tenant's word on the same certificate is no reason to keep this one back.
            known = await connection.scalar(
                select(table.c.fingerprint).where(
                    table.c.fingerprint == revocation.fingerprint, table.c.tenant == revocation.tenant
                )
            )
            if known is None:
                await connection.execute(
                    insert(table).values(
                        fingerprint=revocation.fingerprint,
                        tenant=revocation.tenant,
                        data=revocation.data,
                        time=revocation.time,
                    )
                )

    async def revocations(self, since: UnixMillis) -> list[RevocationRecord]:
        """See the port. Of every tenant: each meeting hears of every revocation, whoever's it is (K2.4)."""
        table = tables.revocations
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(table).where(table.c.time >= since).order_by(table.c.time)
            )
            return [rows.revocation(row) for row in found]


async def _last_reached(connection: AsyncConnection, group: bytes) -> EntryRecord | None:
    query = select(tables.entries).where(_E.group_id == group, _E.state == EntryState.REACHED.value)
    row = (await connection.execute(query.order_by(_E.epoch.desc()).limit(1))).first()
    return rows.entry(row) if row else None


async def _check_chain(connection: AsyncConnection, entry: EntryRecord) -> None:
    """Refuse what does not continue the group's chain."""
    query = select(_E.seq, _E.hash).where(_E.group_id == entry.group).order_by(_E.seq.desc()).limit(1)
    head = (await connection.execute(query)).first()
    if entry.seq != (0 if head is None else head.seq + 1):
        raise ChainBroken(f"entry {entry.seq} does not follow {head.seq if head else 'nothing'}")
    if head is not None and entry.prev_hash != head.hash:
        raise ChainBroken(f"entry {entry.seq} does not cite its predecessor's hash")


async def _check_attempt(connection: AsyncConnection, entry: EntryRecord) -> None:
    """What the indexes cannot say: an outcome needs its proposal, and a proposal leads to the next epoch
    (K4.2)."""
    last = await _last_reached(connection, entry.group)
    if last is None:
        if entry.state is not EntryState.REACHED or entry.epoch != 0:
            raise StoreConflict("a group's first entry is its reached epoch 0")
        return
    if entry.epoch != last.epoch + 1:
        raise StoreConflict(f"epoch {entry.epoch} does not follow the reached {last.epoch}")
    if entry.state is EntryState.PROPOSED:
        return
    proposed = await connection.scalar(
        select(_E.seq).where(
            _E.group_id == entry.group,
            _E.epoch == entry.epoch,
            _E.attempt == entry.attempt,
            _E.state == EntryState.PROPOSED.value,
        )
    )
    if proposed is None:
        raise StoreConflict(f"attempt {entry.attempt} of epoch {entry.epoch} was never proposed")


async def _insert_commit(
    connection: AsyncConnection, tenant: str, entry: EntryRecord, commit: CommitRecord
) -> None:
    if (commit.group, commit.epoch, commit.attempt) != (entry.group, entry.epoch, entry.attempt):
        raise StoreConflict("the commit belongs to another attempt")
    await connection.execute(
        insert(tables.commits).values(
            group_id=commit.group,
            tenant=tenant,
            epoch=commit.epoch,
            attempt=commit.attempt,
            committer=commit.committer,
            proposals=rows.pack_proposals(commit.proposals),
            commit=commit.commit,
            signature=commit.signature,
            welcome=commit.welcome,
        )
    )


async def _insert_state(
    connection: AsyncConnection, tenant: str, entry: EntryRecord, state: PublicStateRecord
) -> None:
    if (state.group, state.epoch, state.attempt) != (entry.group, entry.epoch, entry.attempt):
        raise StoreConflict("the public state belongs to another attempt")
    await connection.execute(
        insert(tables.public_states).values(
            group_id=state.group,
            tenant=tenant,
            epoch=state.epoch,
            attempt=state.attempt,
            group_info=state.group_info,
            tree=state.tree,
        )
    )


async def _insert_receipt(
    connection: AsyncConnection, tenant: str, group: bytes, receipt: ReceiptRecord
) -> None:
    """Ed25519 is deterministic, so the same receipt has the same bytes, and other bytes are another
    statement."""
    if receipt.group != group:
        raise StoreConflict("the receipt belongs to another group")
    c = tables.receipts.c
    key = {
        "group_id": receipt.group,
        "epoch": receipt.epoch,
        "attempt": receipt.attempt,
        "leaf": receipt.leaf,
    }
    known = await connection.scalar(select(c.data).where(*(c[name] == value for name, value in key.items())))
    if known is None:
        try:
            async with connection.begin_nested():
                await connection.execute(
                    insert(tables.receipts).values(tenant=tenant, data=receipt.data, **key)
                )
        except IntegrityError as error:
            raise StoreConflict("a receipt of this leaf came at the same moment") from error
    elif known != receipt.data:
        raise StoreConflict(f"leaf {receipt.leaf} gave two receipts for one attempt")


async def _insert_leaves(connection: AsyncConnection, tenant: str, leaves: Sequence[LogLeaf]) -> None:
    if leaves:
        await connection.execute(
            insert(tables.log_leaves),
            [
                {
                    "tenant": tenant,
                    "label": leaf.label,
                    "kind": leaf.kind,
                    "hash": leaf.hash,
                    "salt": leaf.salt,
                    "content": leaf.content,
                    "time": leaf.time,
                }
                for leaf in leaves
            ],
        )


async def _forget(connection: AsyncConnection, entry: EntryRecord) -> None:
    """Drop Welcomes and public states that K4.2 keeps only until the next epoch is reached."""
    states, commits = tables.public_states, tables.commits
    if entry.state is EntryState.WITHDRAWN:
        c = states.c
        await connection.execute(
            delete(states).where(
                c.group_id == entry.group, c.epoch == entry.epoch, c.attempt == entry.attempt
            )
        )
    elif entry.state is EntryState.REACHED:
        await connection.execute(
            delete(states).where(states.c.group_id == entry.group, states.c.epoch < entry.epoch)
        )
        await connection.execute(
            update(commits)
            .where(commits.c.group_id == entry.group, commits.c.epoch < entry.epoch)
            .values(welcome=None)
        )


def _commit(group: bytes, epoch: int, attempt: int) -> Select[Any]:
    c = tables.commits.c
    return select(tables.commits).where(c.group_id == group, c.epoch == epoch, c.attempt == attempt)


def _receipts(group: bytes, epoch: int, attempt: int) -> Select[Any]:
    c = tables.receipts.c
    query = select(tables.receipts).where(c.group_id == group, c.epoch == epoch, c.attempt == attempt)
    return query.order_by(c.leaf)


async def _handshake(connection: AsyncConnection, reached: EntryRecord) -> Handshake | None:
    """The whole story of a reached epoch; None for epoch 0, which has no commit. Whoever reached it belongs
    to its reader, and so does the rest of the group."""
    which = (reached.group, reached.epoch, reached.attempt)
    proposed = select(tables.entries).where(
        _E.group_id == reached.group,
        _E.epoch == reached.epoch,
        _E.attempt == reached.attempt,
        _E.state == EntryState.PROPOSED.value,
    )
    row = (await connection.execute(proposed)).first()
    commit = (await connection.execute(_commit(*which))).first()
    if row is None or commit is None:
        return None
    receipts = [rows.receipt(one) for one in await connection.execute(_receipts(*which))]
    return Handshake(rows.entry(row), reached, rows.commit(commit), tuple(receipts))
