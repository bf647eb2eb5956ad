"""A headless participant's place in the group: events of the socket in, requests and news out, without I/O.

Order of calls: `certify` and `certified` (again after `group.rejoin`), then `handle` for every group event
and message in the order of the socket, and `created` with the reply to `group.created`. Refusals of the
native member become alarms and, where a commit cannot be processed, a signed report (K4.4); they never become
a merge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import msgpack

from core._native import e2ee
from core.client.events import Alarm, Chat, ClientEvent, Ended, Member, PersonJoined, PersonLeft, Roster, Said
from core.wire import events, requests
from core.wire.requests import HelloReply, Request

Output = Request | ClientEvent


def _removal(reason: str) -> Literal["host", "revocation", "left"]:
    """A reason this client does not know is treated as the strictest one, which stops sending soonest
    (K4.6).
    """
    return cast(Literal["revocation", "left"], reason) if reason in ("revocation", "left") else "host"


class Membership:
    """One participant's leaf, from its certificate to its removal."""

    def __init__(self, hello: HelloReply) -> None:
        self._hello = hello
        self._key = e2ee.LeafKey.generate()
        self._member: e2ee.Member | None = None
        self._roster: dict[int, Member] = {}
        self._handlers: dict[type[events.Event], Callable[[Any, int], Iterator[Output]]] = {
            events.GroupCreate: self._create,
            events.GroupPropose: self._propose,
            events.GroupStaged: self._stage,
            events.GroupWelcome: self._welcome,
            events.GroupReached: self._reached,
            events.GroupWithdrawn: self._withdrawn,
            events.GroupReceiptsRelayed: self._receipts,
            events.GroupSettled: self._settled,
            events.GroupRemoving: self._removing,
            events.GroupRevocation: self._revocation,
            events.MessageRelayed: self._message,
            events.Participants: self._participants,
        }

    @property
    def member(self) -> e2ee.Member | None:
        """The native member, once the group's first epoch here is reached; media keys come from it."""
        return self._member if self._roster else None

    @property
    def roster(self) -> dict[int, Member]:
        """Members by leaf, from the tree of the current epoch."""
        return dict(self._roster)

    def certify(self, nonce: bytes) -> Request:
        """A fresh leaf key's proof for the tenant's CA (K2.1)."""
        self._key = e2ee.LeafKey.generate()
        self._member = None
        self._roster = {}
        proof = self._key.sign_certify(nonce, self._hello.participant)
        return requests.Certify(id=0, public_key=self._key.public, proof=proof)

    def certified(self, chain: list[bytes], now: int) -> Request:
        """The key package of the certified leaf; raises E2eeError when the certificate is not what it must
        be.
        """
        hello = self._hello
        trust = e2ee.Trust(hello.manifests, hello.policy, hello.deployment, now)
        self._member = e2ee.Member(self._key, chain, trust, hello.suite, hello.allow_classical, now)
        return requests.KeyPackage(id=0, data=self._member.key_package(now))

    def created(self, entry: bytes, now: int) -> list[Output]:
        """The hub's entry of epoch 0, which answers `group.created`."""
        return self._guarded(self._merge, (entry, []), now)

    def handle(self, event: events.Event, now: int) -> list[Output]:
        """What follows from an event. An E2eeError becomes an alarm that names what was seen."""
        handler = self._handlers.get(type(event))
        if handler is None or self._member is None:
            return []
        return self._guarded(handler, event, now)

    def say(self, content: dict[str, Any], now: int) -> Request:
        """A sealed application message; `content` has a type `t` (K6.1)."""
        member = self._require()
        return requests.SendMessage(
            id=0,
            data=member.encrypt(msgpack.packb(content), now),
            epoch=member.epoch,
            kind="chat" if content.get("t") == "chat" else "signal",
        )

    def sign_resume(self, nonce: bytes) -> bytes:
        """The leaf key's signature over a server's nonce (K2.5)."""
        return self._key.sign_resume(nonce, self._hello.participant)

    def _require(self) -> e2ee.Member:
        if self._member is None:
            raise e2ee.E2eeError("not_reached", "there is no certified leaf yet")
        return self._member

    def _guarded(self, handler: Callable[[Any, int], Iterator[Output]], event: Any, now: int) -> list[Output]:
        outputs: list[Output] = []
        try:
            outputs.extend(handler(event, now))
        except e2ee.E2eeError as refusal:
            code, detail = str(refusal.args[0]), str(refusal.args[1])
            outputs.append(Alarm(code, detail))
            if isinstance(event, events.GroupStaged | events.GroupWelcome):
                outputs += self._report(event, code)
        return outputs

    def _report(self, event: events.GroupStaged | events.GroupWelcome, code: str) -> list[Output]:
        """Tells the hub, signed, that this member cannot process a commit (K4.4)."""
        try:
            entry = msgpack.unpackb(e2ee.signed_peek("entry", event.entry))
            member = self._require()
            report = member.failure_report(entry["epoch"], entry["attempt"], entry["commit_hash"], code)
        except e2ee.E2eeError as refusal:
            return [Alarm(str(refusal.args[0]), str(refusal.args[1]))]
        return [requests.GroupFailed(id=0, epoch=entry["epoch"], attempt=entry["attempt"], report=report)]

    def _create(self, event: events.GroupCreate, now: int) -> Iterator[Output]:
        created = msgpack.unpackb(self._require().create(event.params, now))
        yield requests.GroupCreated(id=0, group_info=created["group_info"], tree=created["tree"])

    def _propose(self, event: events.GroupPropose, now: int) -> Iterator[Output]:
        member = self._require()
        member.propose(event.epoch, event.attempt, event.committer, event.proposals, now)
        if event.committer != member.leaf:
            return
        # Nothing announced: the hub asks for a fresh path (K3.4).
        path = not event.proposals
        made = msgpack.unpackb(member.commit(event.epoch, event.attempt, now, force_path=path))
        yield requests.GroupCommit(
            id=0,
            epoch=event.epoch,
            attempt=event.attempt,
            commit=made["commit"],
            welcome=made["welcome"],
            group_info=made["group_info"],
            signature=made["signature"],
        )

    def _stage(self, event: events.GroupStaged, now: int) -> Iterator[Output]:
        receipt = self._require().stage(event.entry, event.commit, event.signature, now)
        if receipt is not None:
            yield requests.GroupReceipt(id=0, receipt=receipt)

    def _welcome(self, event: events.GroupWelcome, now: int) -> Iterator[Output]:
        receipt = self._require().join(event.entry, event.welcome, event.tree, event.params, now)
        yield requests.GroupReceipt(id=0, receipt=receipt)

    def _reached(self, event: events.GroupReached, now: int) -> Iterator[Output]:
        yield from self._merge((event.entry, event.receipts), now)

    def _merge(self, reached: tuple[bytes, list[bytes]], now: int) -> Iterator[Output]:
        member = self._require()
        entry, receipts = reached
        result = msgpack.unpackb(member.reached(entry, receipts, now))
        if result["self_removed"]:
            yield Ended("removed")
            return
        before = self._roster
        self._roster = {line.leaf: line for line in self._read_roster(member)}
        for leaf, line in before.items():
            if leaf in result["removed"]:
                yield PersonLeft(line)
        for line in self._roster.values():
            if before and line.leaf in {added["leaf"] for added in result["added"]}:
                yield PersonJoined(line)
        yield Roster(member.epoch, tuple(self._roster.values()), member.code())

    def _withdrawn(self, event: events.GroupWithdrawn, now: int) -> Iterator[Output]:
        self._require().withdrawn(event.entry, now)
        yield from ()

    def _receipts(self, event: events.GroupReceiptsRelayed, now: int) -> Iterator[Output]:
        member = self._require()
        for receipt in event.receipts:
            member.receipt(receipt, now)
        yield from ()

    def _settled(self, event: events.GroupSettled, now: int) -> Iterator[Output]:
        self._require().settled(event.epoch, now)
        yield from ()

    def _removing(self, event: events.GroupRemoving, now: int) -> Iterator[Output]:
        self._require().removing(event.leaf, _removal(event.reason), now)
        yield from ()

    def _revocation(self, event: events.GroupRevocation, now: int) -> Iterator[Output]:
        self._require().revoke(event.data, now)
        yield from ()

    def _participants(self, event: events.Participants, now: int) -> Iterator[Output]:
        leaves = [
            person.leaf for person in event.people if person.leaf is not None and person.state == "connected"
        ]
        if self.member is not None:
            self.member.connected(leaves)
        yield from ()

    def _message(self, event: events.MessageRelayed, now: int) -> Iterator[Output]:
        opened = msgpack.unpackb(self._require().decrypt(event.data, now))
        sender = self._roster.get(opened["leaf"])
        if opened["missed"]:
            yield Alarm("message_missed", f"{opened['missed']} of leaf {opened['leaf']}")
        try:
            content = msgpack.unpackb(opened["content"])
        except ValueError:
            content = None
        if sender is None or not isinstance(content, dict):
            yield Alarm("message_unreadable", f"of leaf {opened['leaf']}")
        elif content.get("t") == "chat" and event.kind != "chat":
            # The node lets signals pass where it lets no chat pass: this one went around the rule.
            yield Alarm("message_disguised", f"of leaf {opened['leaf']}")
        elif content.get("t") == "chat" and isinstance(content.get("text"), str):
            yield Chat(sender, str(content.get("id", "")), content["text"])
        else:
            yield Said(sender, content)

    def _read_roster(self, member: e2ee.Member) -> Iterator[Member]:
        for line in msgpack.unpackb(member.roster()):
            identity = line["identity"]
            yield Member(
                leaf=line["leaf"],
                name=identity["name"],
                name_checked=identity["name_checked"],
                deployment=identity["deployment"],
                tenant=identity["tenant"],
                role=identity["role"],
                issuer=identity["issuer_fingerprint"],
                is_self=line["self"],
            )
