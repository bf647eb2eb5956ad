"""Meetings that run on this node: who is in them by subject and role, never what they say; and their end."""

from __future__ import annotations

from core.actions import Action
from core.audit import Auditor
from core.errors import PeerError
from gateway.admin.operation import Call, Operation, Reply
from gateway.admin.scopes import Scope
from gateway.services import Meetings as LiveMeetings


class PresentReply(Reply):
    """Somebody in a meeting."""

    participant: str
    tenant: str
    subject: str
    guest: bool
    room_role: str
    state: str
    joined: int


class MeetingReply(Reply):
    """A running meeting."""

    id: str
    room: str
    started: int
    locked: bool
    people: list[PresentReply]


class Meetings(Reply):
    """Every meeting of the ministry that runs on this node."""

    meetings: list[MeetingReply]


class MeetingOperations:
    """`operations` for the registration."""

    def __init__(self, live: LiveMeetings, audit: Auditor) -> None:
        self._live = live
        self._audit = audit

    def operations(self) -> list[Operation]:
        """List and end."""
        return [
            Operation(
                "GET", "/api/admin/meetings", "listMeetings", "Meetings that run now", self._list,
                Scope.MEETINGS_READ, reply=Meetings, tag="meetings",
            ),
            Operation(
                "DELETE", "/api/admin/meetings/{meeting}", "endMeeting", "End a meeting for everybody",
                self._end, Scope.MEETINGS_WRITE, status=204, tag="meetings", codes=("not_found",),
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> Meetings:
        return Meetings(
            meetings=[
                MeetingReply(
                    id=one.id,
                    room=one.room,
                    started=one.started,
                    locked=one.locked,
                    people=[
                        PresentReply(**{name: getattr(who, name) for name in PresentReply.model_fields})
                        for who in one.people
                    ],
                )
                for one in self._live.running(call.tenant)
            ]
        )

    async def _end(self, call: Call) -> None:
        wanted = call.path["meeting"]
        if wanted not in {one.id for one in self._live.running(call.tenant)}:
            raise PeerError("not_found")
        async with self._audit.act(call.tenant, call.actor, Action.ENDED, wanted, by="administration"):
            await self._live.end(call.tenant, wanted)
