"""Queries of groups, entries, commits, receipts, states, leaves and revocations (`core.ports.GroupStore`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.errors import ChainBroken, StoreConflict
from core.store import rows, tables
from core.store.engine import reading, writing
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

    async def create_group(self, group: GroupRecord) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await connection.execute(
                insert(tables.groups).values(
                    id=group.id,
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
        async with reading(self._engine) as connection:
            row = (await connection.execute(select(tables.groups).where(tables.groups.c.id == group))).first()
            return rows.group(row) if row else None

    async def groups(self, meeting: str) -> list[GroupRecord]:
        """See the port."""
        table = tables.groups
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(table).where(table.c.meeting == meeting).order_by(table.c.created, table.c.term)
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
            await _check_chain(connection, entry)
            await _check_attempt(connection, entry)
            await connection.execute(
                insert(tables.entries).values(
                    group_id=entry.group,
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
                await _insert_commit(connection, entry, commit)
            if state is not None:
                await _insert_state(connection, entry, state)
            for receipt in receipts:
                await _insert_receipt(connection, receipt)
            await _insert_leaves(connection, leaves)
            await _forget(connection, entry)

    async def head(self, group: bytes) -> EntryRecord | None:
        """See the port."""
        query = select(tables.entries).where(_E.group_id == group).order_by(_E.seq.desc()).limit(1)
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.entry(row) if row else None

    async def last_reached(self, group: bytes) -> EntryRecord | None:
        """See the port."""
        async with reading(self._engine) as connection:
            return await _last_reached(connection, group)

    async def entries(self, group: bytes, after_seq: int = -1) -> list[EntryRecord]:
        """See the port."""
        query = select(tables.entries).where(_E.group_id == group, _E.seq > after_seq).order_by(_E.seq)
        async with reading(self._engine) as connection:
            return [rows.entry(row) for row in await connection.execute(query)]

    async def commit(self, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
        """See the port."""
        async with reading(self._engine) as connection:
            return await _commit(connection, group, epoch, attempt)

    async def handshakes(self, group: bytes, after_epoch: int) -> list[Handshake]:
        """See the port."""
        async with reading(self._engine) as connection:
            found = await connection.execute(
                select(tables.entries)
                .where(_E.group_id == group, _E.epoch > after_epoch, _E.state == EntryState.REACHED.value)
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
            c.group_id == group, c.epoch == epoch, c.attempt == attempt
        )
        async with reading(self._engine) as connection:
            row = (await connection.execute(query)).first()
            return rows.public_state(row) if row else None

    async def add_receipt(self, receipt: ReceiptRecord) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await _insert_receipt(connection, receipt)

    async def receipts(self, group: bytes, epoch: int, attempt: int) -> list[ReceiptRecord]:
        """See the port."""
        async with reading(self._engine) as connection:
            return await _receipts(connection, group, epoch, attempt)

    async def add_leaves(self, leaves: Sequence[LogLeaf]) -> None:
        """See the port."""
        async with writing(self._engine) as connection:
            await _insert_leaves(connection, leaves)

    async def leaves(self, label: bytes | None = None) -> list[LogLeaf]:
        """See the port."""
        query = select(tables.log_leaves).order_by(tables.log_leaves.c.id)
        if label is not None:
            query = query.where(tables.log_leaves.c.label == label)
        async with reading(self._engine) as connection:
            return [rows.leaf(row) for row in await connection.execute(query)]

    async def certificates(self, since: UnixMillis) -> list[LogLeaf]:
        """See the port."""
        c = tables.log_leaves.c
        query = select(tables.log_leaves).where(c.kind == "certificate", c.time >= since).order_by(c.id)
        async with reading(self._engine) as connection:
            return [rows.leaf(row) for row in await connection.execute(query)]

    async def add_revocation(self, revocation: RevocationRecord) -> None:
        """See the port."""
        table = tables.revocations
        async with writing(self._engine) as connection:
            known = await connection.scalar(
                select(table.c.fingerprint).where(table.c.fingerprint == revocation.fingerprint)
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
        """See the port."""
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


async def _insert_commit(connection: AsyncConnection, entry: EntryRecord, commit: CommitRecord) -> None:
    if (commit.group, commit.epoch, commit.attempt) != (entry.group, entry.epoch, entry.attempt):
        raise StoreConflict("the commit belongs to another attempt")
    await connection.execute(
        insert(tables.commits).values(
            group_id=commit.group,
            epoch=commit.epoch,
            attempt=commit.attempt,
            committer=commit.committer,
            proposals=rows.pack_proposals(commit.proposals),
            commit=commit.commit,
            signature=commit.signature,
            welcome=commit.welcome,
        )
    )


async def _insert_state(connection: AsyncConnection, entry: EntryRecord, state: PublicStateRecord) -> None:
    if (state.group, state.epoch, state.attempt) != (entry.group, entry.epoch, entry.attempt):
        raise StoreConflict("the public state belongs to another attempt")
    await connection.execute(
        insert(tables.public_states).values(
            group_id=state.group,
            epoch=state.epoch,
            attempt=state.attempt,
            group_info=state.group_info,
            tree=state.tree,
        )
    )


async def _insert_receipt(connection: AsyncConnection, receipt: ReceiptRecord) -> None:
    """Ed25519 is deterministic, so the same receipt has the same bytes, and other bytes are another
    statement."""
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
                await connection.execute(insert(tables.receipts).values(data=receipt.data, **key))
        except IntegrityError as error:
            raise StoreConflict("a receipt of this leaf came at the same moment") from error
    elif known != receipt.data:
        raise StoreConflict(f"leaf {receipt.leaf} gave two receipts for one attempt")


async def _insert_leaves(connection: AsyncConnection, leaves: Sequence[LogLeaf]) -> None:
    if leaves:
        await connection.execute(
            insert(tables.log_leaves),
            [
                {
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


async def _commit(connection: AsyncConnection, group: bytes, epoch: int, attempt: int) -> CommitRecord | None:
    c = tables.commits.c
    query = select(tables.commits).where(c.group_id == group, c.epoch == epoch, c.attempt == attempt)
    row = (await connection.execute(query)).first()
    return rows.commit(row) if row else None


async def _receipts(
    connection: AsyncConnection, group: bytes, epoch: int, attempt: int
) -> list[ReceiptRecord]:
    c = tables.receipts.c
    query = select(tables.receipts).where(c.group_id == group, c.epoch == epoch, c.attempt == attempt)
    return [rows.receipt(row) for row in await connection.execute(query.order_by(c.leaf))]


async def _handshake(connection: AsyncConnection, reached: EntryRecord) -> Handshake | None:
    """The whole story of a reached epoch; None for epoch 0, which has no commit."""
    row = (
        await connection.execute(
            select(tables.entries).where(
                _E.group_id == reached.group,
                _E.epoch == reached.epoch,
                _E.attempt == reached.attempt,
                _E.state == EntryState.PROPOSED.value,
            )
        )
    ).first()
    commit = await _commit(connection, reached.group, reached.epoch, reached.attempt)
    if row is None or commit is None:
        return None
    receipts = await _receipts(connection, reached.group, reached.epoch, reached.attempt)
    return Handshake(proposed=rows.entry(row), reached=reached, commit=commit, receipts=tuple(receipts))
