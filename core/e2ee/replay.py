"""A reached epoch as a returning member is told it: the same events in the same order (K4.2)."""

from __future__ import annotations

from typing import cast

import msgpack

from core._native import e2ee
from core.errors import LibraryError
from core.values import Handshake
from core.wire.events import Event, GroupPropose, GroupReached, GroupReceiptsRelayed, GroupStaged


def replay(shake: Handshake) -> list[Event]:
    """What was announced, what was staged, what was reached, and the receipts that came later."""
    pair = carried(shake)
    later = [receipt.data for receipt in shake.receipts if receipt.data not in pair]
    events: list[Event] = [
        GroupPropose(
            epoch=shake.commit.epoch,
            attempt=shake.commit.attempt,
            committer=shake.commit.committer,
            proposals=list(shake.commit.proposals),
            deadline_ms=0,
        ),
        GroupStaged(
            entry=shake.proposed.data,
            commit=shake.commit.commit,
            signature=shake.commit.signature,
            committer=shake.commit.committer,
        ),
        GroupReached(epoch=shake.reached.epoch, entry=shake.reached.data, receipts=pair),
    ]
    return [*events, GroupReceiptsRelayed(receipts=later)] if later else events


def carried(shake: Handshake) -> list[bytes]:
    """The receipts that the reached entry names by its hash: the committer's and one more (K4.4)."""
    entry = cast("e2ee.Entry", msgpack.unpackb(e2ee.signed_peek("entry", shake.reached.data)))
    own = [receipt.data for receipt in shake.receipts if receipt.leaf == shake.commit.committer]
    for receipt in shake.receipts:
        pair = [*own, receipt.data]
        if len(pair) == 2 and e2ee.receipts_hash(pair) == entry["receipts_hash"]:
            return pair
    raise LibraryError("a reached entry was stored without its receipts")
