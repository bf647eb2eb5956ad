"""Audit events as JSON lines, OCSF and RFC 5424; and the file that follows them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.actions import ACTIONS, Action
from core.records import AuditEvent
from core.values import UnixMillis
from observability.audit import FORMATS, AuditSink
from observability.audit.ocsf import ACTIVITIES, MAPPINGS, ocsf

EVENT = AuditEvent(
    id=7,
    tenant="exemple",
    time=UnixMillis(1_700_000_000_123),
    actor_kind="account",
    actor="u-1",
    action="room.changed",
    object_kind="room",
    object="r-1",
    outcome="success",
    address="192.0.2.7",
    detail=(("fields", "pin"),),
)

REQUIRED = {"category_uid", "class_uid", "activity_id", "type_uid", "time", "severity_id", "metadata"}
"""Of every class of OCSF 1.3.0."""
OF_CLASS = {
    3001: {"user", "actor", "src_endpoint"},
    3002: {"user", "service"},
    6003: {"actor", "api", "src_endpoint", "resources"},
}
"""What each class demands or, for `actor` and `src_endpoint` of 3001, recommends."""


def example(action: Action, outcome: str = "success", address: str = "192.0.2.7") -> AuditEvent:
    return replace(
        EVENT, action=action.value, object_kind=ACTIONS[action].object_kind, outcome=outcome, address=address
    )


def test_every_action_has_its_class() -> None:
    assert set(MAPPINGS) == {action.value for action in Action}


@pytest.mark.parametrize("outcome", ["success", "refused", "failed"])
@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", ""])
@pytest.mark.parametrize("action", list(Action))
def test_an_ocsf_object_keeps_the_rules_of_its_class(action: Action, outcome: str, address: str) -> None:
    said = ocsf(example(action, outcome, address))
    class_uid, activity = said["class_uid"], said["activity_id"]
    assert isinstance(class_uid, int) and isinstance(activity, int)
    assert REQUIRED | OF_CLASS[class_uid] <= set(said)
    assert said["type_uid"] == class_uid * 100 + activity and said["category_uid"] == class_uid // 1000
    assert said["activity_name"] == ACTIVITIES[class_uid][activity]
    assert (said["status_id"], said["severity_id"] in range(1, 7)) == (1 if outcome == "success" else 2, True)
    fields = json.loads(json.dumps(said))
    assert fields["metadata"]["version"] == "1.3.0" and fields["metadata"]["product"]["vendor_name"]
    # Constraints "at least one of": of a user name, uid or account; of an endpoint ip, svc_name and others.
    assert fields["actor"]["user"]["uid"]
    assert fields["src_endpoint"] == ({"ip": address} if address else {"svc_name": "entente"})


def test_json_lines_are_the_events_own_fields() -> None:
    line = FORMATS["json"](EVENT)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": 7,
        "tenant": "exemple",
        "time": 1_700_000_000_123,
        "actor": {"kind": "account", "id": "u-1"},
        "action": "room.changed",
        "object": {"kind": "room", "id": "r-1"},
        "outcome": "success",
        "address": "192.0.2.7",
        "detail": {"fields": "pin"},
    }


MESSAGE = re.compile(
    rb"(?P<length>[1-9]\d*) (?P<message><(?P<pri>\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    rb"[!-~]{1,255} entente - [!-~]{1,32} \[entente@32473"
    rb"(?P<data>( [A-Za-z._]{1,32}=\"(\\[\"\\\]]|[^\"\\\]])*\")*)\])",
    re.DOTALL,
)
"""RFC 5424 section 6 as far as we use it, behind RFC 6587's length."""


@pytest.mark.parametrize("action", list(Action))
def test_a_syslog_message_keeps_the_grammar(action: Action) -> None:
    found = MESSAGE.fullmatch(FORMATS["rfc5424"](example(action)))
    assert found is not None and int(found["length"]) == len(found["message"])
    assert int(found["pri"]) // 8 == 13


def test_nobody_breaks_out_of_structured_data() -> None:
    hostile = replace(EVENT, object='r-1"] <0>1 forged \\', detail=(("code", "a\nb]"),))
    written = FORMATS["rfc5424"](hostile)
    found = MESSAGE.fullmatch(written)
    assert found is not None and b"\n" not in written
    assert b'object="r-1\\"\\] <0>1 forged \\\\"' in written and b'detail.code="a?b\\]"' in written


def test_a_sink_goes_on_where_it_was_and_after_the_file_was_moved(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "events.jsonl"
    sink = AuditSink(path, "json")
    assert sink.position == 0
    sink.write([EVENT, replace(EVENT, id=8)])
    sink.close()
    again = AuditSink(path, "json")
    assert again.position == 8 and os.stat(path).st_mode & 0o777 == 0o600
    path.rename(tmp_path / "older")
    again.write([replace(EVENT, id=9)])
    again.close()
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [9]
    assert len((tmp_path / "older").read_text().splitlines()) == 2
