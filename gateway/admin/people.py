"""People of the ministry: found by name or address of e-mail, given rights, blocked, logged out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.actions import Action
from core.audit import Auditor
from core.errors import OperatorError, UserError
from core.meeting.revoking import Revoker
from core.records import Account, AccountSession, Right
from core.values import Assurance
from gateway.admin.door import needs
from gateway.admin.operation import Call, Operation, Page, Reply
from gateway.admin.scopes import Scope
from gateway.http.body import Body


class Search(Page):
    """A page of people."""

    search: Annotated[str, Field(max_length=100)] = ""


class PersonReply(Reply):
    """Somebody who has logged in."""

    subject: str
    name: str
    email: str
    assurance: Assurance
    rights: list[Right]
    blocked: bool
    created: int
    seen: int


class People(Reply):
    """A page; `next` is None at the end."""

    people: list[PersonReply]
    next: str | None


class Login(Reply):
    """A login of somebody, as the administration sees it."""

    id: str
    assurance: Assurance
    authenticated: int
    seen: int
    expires: int


class PersonDetail(PersonReply):
    """Somebody with the logins that are open."""

    sessions: list[Login]


class ChangePerson(Body):
    """What changes; what is left out stays."""

    rights: Annotated[list[Right], Field(max_length=2)] | None = None
    blocked: bool | None = None


def _shown(account: Account) -> dict[str, object]:
    return {
        "subject": account.subject,
        "name": account.name,
        "email": account.email,
        "assurance": account.assurance,
        "rights": sorted(account.rights),
        "blocked": account.blocked,
        "created": account.created,
        "seen": account.seen,
    }


def _login(session: AccountSession) -> Login:
    return Login(
        id=session.id,
        assurance=session.assurance,
        authenticated=session.authenticated,
        seen=session.seen,
        expires=session.expires,
    )


class PeopleOperations:
    """`operations` for the registration."""

    def __init__(self, audit: Auditor, revoker: Revoker | None) -> None:
        self._audit = audit
        self._revoker = revoker

    def operations(self) -> list[Operation]:
        """List, look at, change, log out."""
        one = "/api/admin/people/{subject}"
        unknown = ("person_unknown",)
        return [
            Operation(
                "GET", "/api/admin/people", "listPeople", "People, by subject", self._list,
                Scope.PEOPLE_READ, query=Search, reply=People, tag="people",
            ),
            Operation(
                "GET", one, "readPerson", "Somebody and the open logins", self._read, Scope.PEOPLE_READ,
                reply=PersonDetail, tag="people", codes=unknown,
            ),
            Operation(
                "PATCH", one, "changePerson",
                "Give rights (needs rights:write), or block: logins end and certificates are revoked, so that"
                " the person is out of every meeting",
                self._change, Scope.PEOPLE_WRITE, body=ChangePerson, reply=PersonDetail, tag="people",
                codes=(*unknown, "invalid"), example={"blocked": True},
            ),
            Operation(
                "DELETE", one + "/sessions", "endLogins", "End every login of somebody", self._log_out,
                Scope.PEOPLE_WRITE, status=204, tag="people", codes=unknown,
            ),
        ]  # fmt: skip

    async def _list(self, call: Call) -> People:
        wanted: Search = call.query
        found = await call.store.people(wanted.search, wanted.after, wanted.limit + 1)
        more = found[wanted.limit - 1].subject if len(found) > wanted.limit else None
        people = [PersonReply.model_validate(_shown(one)) for one in found[: wanted.limit]]
        return People(people=people, next=more)

    async def _read(self, call: Call) -> PersonDetail:
        return await self._detail(call, await self._account(call))

    async def _change(self, call: Call) -> PersonDetail:
        account, sent = await self._account(call), call.body
        if sent.rights is not None:
            await self._give(call, account, frozenset(sent.rights))
        if sent.blocked is not None and sent.blocked != account.blocked:
            await self._block(call, account, sent.blocked)
        return await self._detail(call, await self._account(call))

    async def _give(self, call: Call, account: Account, rights: frozenset[Right]) -> None:
        needs(call.scopes, Scope.RIGHTS_WRITE)
        if account.subject == call.account and Right.ADMIN not in rights:
            raise UserError("invalid", "rights: another administrator has to take yours")
        taken, given = account.rights - rights, rights - account.rights
        for action, which in ((Action.RIGHTS_TAKEN, taken), (Action.RIGHTS_GIVEN, given)):
            if which:
                said = " ".join(sorted(which))
                async with self._audit.act(call.tenant, call.actor, action, account.subject, rights=said):
                    await call.store.change_account(account.subject, rights=rights)

    async def _block(self, call: Call, account: Account, blocked: bool) -> None:
        """The account first: whoever may still log in joins anew."""
        if account.subject == call.account:
            raise UserError("invalid", "blocked: another administrator has to block you")
        action = Action.ACCOUNT_BLOCKED if blocked else Action.ACCOUNT_UNBLOCKED
        async with self._audit.act(call.tenant, call.actor, action, account.subject):
            await call.store.change_account(account.subject, blocked=blocked)
            if blocked:
                await call.store.end_account_sessions(account.subject)
                await self._out_of_meetings(call.tenant, account.subject)

    async def _out_of_meetings(self, tenant: str, subject: str) -> None:
        if self._revoker is not None:
            try:
                await self._revoker.by_subject(tenant, subject, "account blocked")
            except OperatorError:
                return  # nothing of the person's is valid now

    async def _log_out(self, call: Call) -> None:
        account = await self._account(call)
        async with self._audit.act(call.tenant, call.actor, Action.SESSION_ENDED, account.subject):
            await call.store.end_account_sessions(account.subject)

    async def _account(self, call: Call) -> Account:
        account = await call.store.account(call.path["subject"])
        if account is None:
            raise UserError("person_unknown")
        return account

    async def _detail(self, call: Call, account: Account) -> PersonDetail:
        sessions = await call.store.account_sessions(account.subject)
        return PersonDetail.model_validate(
            {**_shown(account), "sessions": [_login(one) for one in sessions]}
        )
