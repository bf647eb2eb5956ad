"""What the ministry allows: read, changed, and said in plain sentences before anybody decides.

The sentences are made by asking `core.meeting.admission.decide`, which is what lets people in, so that they
cannot say anything else than what happens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from core.actions import Action
from core.audit import Auditor
from core.errors import UserError
from core.values import Assurance, TenantRules
from gateway.admin.operation import Call, Operation, Query, Reply
from gateway.admin.preview import preview
from gateway.admin.scopes import Scope
from gateway.admin.sentences import Language
from gateway.admin.serve import unchanged
from gateway.http.body import Body

Suite = Literal[0x004F, 0x0001]
Declare = Callable[[], Awaitable[object]]
"""Has the signer sign the tenant's policy and the node speak by it. SignerError."""


class PolicyReply(Reply):
    """The policy. `suites` best first: 79 is hybrid, 1 classical (K2.6)."""

    version: str
    suites: list[Suite]
    guests: bool
    guests_without_pin: bool
    public_rooms: bool
    assurance: Assurance
    applies: Literal["new_meetings"] = Field(
        default="new_meetings", description="Meetings that run go on by the policy they began with."
    )


class ChangePolicy(Body):
    """What changes; what is left out stays."""

    suites: Annotated[list[Suite], Field(min_length=1, max_length=2)] | None = None
    guests: bool | None = None
    guests_without_pin: bool | None = None
    public_rooms: bool | None = None
    assurance: Assurance | None = None


class In(Query):
    """In which language."""

    language: Language = "en"


class PreviewReply(Reply):
    """One sentence a fact, in the language asked for."""

    language: Language
    sentences: list[str]


def version_of(rules: TenantRules) -> str:
    """Changes with the policy."""
    return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]


def _shown(rules: TenantRules) -> PolicyReply:
    return PolicyReply(
        version=version_of(rules),
        suites=list(rules.suites),  # type: ignore[arg-type]
        guests=rules.guests,
        guests_without_pin=rules.guests_without_pin,
        public_rooms=rules.public_rooms,
        assurance=rules.assurance,
    )


def _changed(rules: TenantRules, sent: ChangePolicy) -> TenantRules:
    fields = {name: value for name, value in sent if value is not None}
    if "suites" in fields:
        if len(set(fields["suites"])) != len(fields["suites"]):
            raise UserError("invalid", "suites: one is there twice")
        fields["suites"] = tuple(fields["suites"])
    return replace(rules, **fields)


class PolicyOperations:
    """`operations` for the registration."""

    def __init__(self, audit: Auditor, configured: Mapping[str, TenantRules], declare: Declare) -> None:
        self._audit = audit
        self._configured = configured
        self._declare = declare

    def operations(self) -> list[Operation]:
        """Read, change, say what it means."""
        path, read = "/api/admin/policy", Scope.POLICY_READ
        return [
            Operation(
                "GET", path, "readPolicy", "The policy", self._read, read, reply=PolicyReply,
                versioned=True, tag="policy",
            ),
            Operation(
                "PATCH", path, "changePolicy",
                "Change the policy: it is signed anew and holds for meetings that begin from then on",
                self._change, Scope.POLICY_WRITE, body=ChangePolicy, reply=PolicyReply, versioned=True,
                tag="policy", codes=("conflict", "invalid"), example={"guests_without_pin": False},
            ),
            Operation(
                "POST", path + "/preview", "previewPolicy",
                "What a policy would mean, in plain sentences; nothing changes", self._preview, read,
                query=In, body=ChangePolicy, reply=PreviewReply, tag="policy", codes=("invalid",),
                example={"guests": False},
            ),
        ]  # fmt: skip

    async def _read(self, call: Call) -> PolicyReply:
        return _shown((await self._current(call))[1])

    async def _current(self, call: Call) -> tuple[TenantRules | None, TenantRules]:
        """What an administrator has given, and what holds: that, or else the configuration's."""
        given = await call.store.own_policy()
        return given, given or self._configured.get(call.tenant, TenantRules())

    async def _change(self, call: Call) -> PolicyReply:
        """Signed after it is stored: a crash between the two is mended by the next start, which declares
        what is stored."""
        given, rules = await self._current(call)
        unchanged(call, version_of(rules))
        new = _changed(rules, call.body)
        said = " ".join(sorted(name for name, value in call.body if value is not None))
        async with self._audit.act(call.tenant, call.actor, Action.POLICY_CHANGED, call.tenant, fields=said):
            await call.store.change_policy(given, new)
            await self._declare()
        return _shown(new)

    async def _preview(self, call: Call) -> PreviewReply:
        rules = _changed((await self._current(call))[1], call.body)
        wanted: In = call.query
        return PreviewReply(language=wanted.language, sentences=preview(rules, wanted.language))
