"""Carries out the requests of one participant: each checks that the moment is right, then asks the part it
is for.

Requests of one socket are carried out one after another, in the order in which they came.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.e2ee.group import Submission
from core.errors import EntenteError, PeerError, SignerRefused, StoreConflict, UserError, WireError
from core.meeting.commands import Commands, Desk
from core.meeting.meeting import Meeting
from core.meeting.participant import Participant
from core.meeting.permissions import may_chat
from core.ports import Clock, Rng, Signer, Store, Telemetry
from core.sfu.slots import Track, Wish
from core.values import CertificateRequest, LogLeaf
from core.wire import requests as wire
from core.wire.values import Value

COUNTERS = frozenset({"rtt_ms", "frames_decoded", "frames_dropped", "freezes", "join_ms", "epoch_ms"})
"""Client counters that are kept; whatever else a client sends is dropped."""


class Session:
    """`handle` carries out one request of this participant."""

    def __init__(
        self,
        meeting: Meeting,
        participant: Participant,
        store: Store,
        signer: Signer,
        clock: Clock,
        rng: Rng,
        telemetry: Telemetry,
        next_peer: Callable[[], int],
        desk: Desk,
    ) -> None:
        self.meeting = meeting
        self.participant = participant
        self._store = store.of(meeting.room.tenant)
        self._signer = signer
        self._clock = clock
        self._rng = rng
        self._telemetry = telemetry
        self._next_peer = next_peer
        commands = Commands(meeting, participant, desk)
        self._handlers: Mapping[type[wire.Request], Callable[[Any], Awaitable[Value]]] = {
            wire.Certify: self._certify,
            wire.KeyPackage: self._key_package,
            wire.GroupCreated: self._created,
            wire.GroupCommit: self._commit,
            wire.GroupReceipt: self._receipt,
            wire.GroupFailed: self._failed,
            wire.SendMessage: self._message,
            wire.MediaOffer: self._offer,
            wire.MediaClose: self._close,
            wire.SetSource: self._source,
            wire.SetView: self._view,
            wire.Signing: self._signing,
            wire.Leave: self._leave,
            wire.Ping: self._ping,
            wire.Stats: self._stats,
            **dict.fromkeys(commands.handlers, commands.carry_out),
        }

    async def handle(self, request: wire.Request) -> Value:
        """The reply. WireError with the reason when it is refused. An id that was answered before is answered
        the same again, and nothing is carried out: its reply was lost with a socket. One that is still being
        carried out waits for that answer."""
        if self.participant.id not in self.meeting.people:
            raise PeerError("out_of_order", "not in the meeting any more")
        handler = self._handlers.get(type(request))
        if handler is None:
            raise PeerError("out_of_order", "this socket is somebody already")
        answer = self.participant.answers.get(request.id)
        if isinstance(answer, WireError):
            raise answer
        if answer is not None:
            return answer
        pending = self.participant.pending.get(request.id)
        if pending is not None:
            return await asyncio.shield(pending)
        return await self._once(request, handler)

    async def _once(self, request: wire.Request, handler: Callable[[Any], Awaitable[Value]]) -> Value:
        """Carry it out, and tell the answer to whoever asks the same meanwhile or later."""
        person = self.participant
        pending = person.pending[request.id] = asyncio.get_running_loop().create_future()
        pending.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
        try:
            answer = await handler(request)
        except WireError as error:
            person.remember(request.id, error)
            pending.set_exception(error)
            raise
        except BaseException as error:
            # Not remembered: who sends it again may have more luck.
            known = isinstance(error, EntenteError)
            pending.set_exception(error if known else UserError("unavailable", retry_after=1))
            raise
        finally:
            del person.pending[request.id]
        person.remember(request.id, answer)
        pending.set_result(answer)
        return answer

    # ---- identity -----------------------------------------------------------------------------------------

    async def _certify(self, request: wire.Certify) -> wire.CertifyReply:
        """K2.1: one certificate per nonce; the signer checks the proof."""
        person, nonce = self.participant, self.participant.nonce
        if nonce is None:
            raise PeerError("out_of_order", "the nonce was used")
        person.nonce = None
        asked = CertificateRequest(person.person, person.id, request.public_key, nonce, request.proof)
        try:
            chain = await self._signer.issue_certificate(asked)
        except SignerRefused as error:
            person.nonce = self._rng.bytes(32)
            raise PeerError("certify_refused", error.code) from None
        try:
            await self._store.set_leaf_key(person.id, request.public_key)
        except StoreConflict:
            # A rejoin (K4.2): the record keeps the first key, the log below every one.
            if person.leaf_key is None:
                raise
        salt = self._rng.bytes(32)
        digest = hashlib.sha256(salt + chain[0]).digest()
        label = self.meeting.record.label
        await self._store.add_leaves(
            [LogLeaf(label, "certificate", digest, salt, chain[0], self._clock.now())]
        )
        person.leaf_key = request.public_key
        person.certificate = hashlib.sha256(chain[0]).digest()
        return wire.CertifyReply(chain=list(chain))

    async def _key_package(self, request: wire.KeyPackage) -> wire.Empty:
        person = self.participant
        if person.leaf_key is None:
            raise PeerError("out_of_order", "certify first")
        who = person.person
        uri = (who.deployment, who.tenant, who.subject)
        await self.meeting.ordering.key_package(person.id, person.leaf_key, request.data, uri)
        return wire.Empty()

    # ---- the group ----------------------------------------------------------------------------------------

    async def _created(self, request: wire.GroupCreated) -> wire.GroupCreatedReply:
        entry = await self.meeting.ordering.created(self.participant.id, request.group_info, request.tree)
        self.participant.stream.mark_epoch(0)
        return wire.GroupCreatedReply(entry=entry)

    async def _commit(self, request: wire.GroupCommit) -> wire.Empty:
        submission = Submission(
            request.epoch,
            request.attempt,
            request.commit,
            request.welcome,
            request.group_info,
            request.signature,
        )
        await self.meeting.ordering.submit(self.participant.id, submission)
        return wire.Empty()

    async def _receipt(self, request: wire.GroupReceipt) -> wire.Empty:
        await self.meeting.ordering.receipt(self.participant.id, request.receipt)
        return wire.Empty()

    async def _failed(self, request: wire.GroupFailed) -> wire.Empty:
        await self.meeting.ordering.failed(
            self.participant.id, request.epoch, request.attempt, request.report
        )
        return wire.Empty()

    async def _message(self, request: wire.SendMessage) -> wire.Empty:
        person = self.participant
        if request.kind == "chat" and not may_chat(person.room_role, self.meeting.room.rules):
            raise UserError("rule_refused")
        await self.meeting.ordering.message(person.id, request.data, request.epoch, request.kind)
        return wire.Empty()

    # ---- media --------------------------------------------------------------------------------------------

    async def _offer(self, request: wire.MediaOffer) -> wire.MediaOfferReply:
        media = self.meeting.media
        sdp = media.answer(self.participant.id, request.connection, request.sdp, self._next_peer())
        return wire.MediaOfferReply(sdp=sdp)

    async def _close(self, request: wire.MediaClose) -> wire.Empty:
        self.meeting.media.close_connection(self.participant.id, request.connection)
        return wire.Empty()

    async def _source(self, request: wire.SetSource) -> wire.Empty:
        self.meeting.set_source(self.participant, request.source, request.state)
        return wire.Empty()

    async def _view(self, request: wire.SetView) -> wire.Empty:
        wishes = [Wish(Track(tile.participant, tile.source), tile.height) for tile in request.tiles]
        self.meeting.media.set_view(self.participant.id, wishes)
        return wire.Empty()

    # ---- people -------------------------------------------------------------------------------------------

    async def _signing(self, request: wire.Signing) -> wire.Empty:
        self.meeting.set_signing(self.participant, request.on)
        return wire.Empty()

    async def _leave(self, request: wire.Leave) -> wire.Empty:
        await self.meeting.depart(self.participant, "left")
        return wire.Empty()

    async def _ping(self, request: wire.Ping) -> wire.PingReply:
        return wire.PingReply(time=self._clock.now())

    async def _stats(self, request: wire.Stats) -> wire.Empty:
        self.participant.counters = {k: v for k, v in request.counters.items() if k in COUNTERS}
        return wire.Empty()
