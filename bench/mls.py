"""What MLS costs in a browser: the shipped WASM in Chromium's Worker, in groups of 10, 100 and 300 members.

Two members live in the Worker, the rest are native, as is the hub; only the Worker's calls are timed, inside
it. The order is that of a meeting: one begins, a second comes, everybody else comes at once, one more
comes, one is removed, which costs most while nobody has updated a leaf (K3.4).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast

import msgpack

from bench.figure import ROOT, Figure, of_runs, output
from core._native import e2ee
from tests.support.hub import Hub
from tests.support.people import DEPLOYMENT, TENANTS

MEMBERS = {10: 5, 100: 3, 300: 3}
"""Group sizes, and how often each is run."""
WASM = ROOT / "web/packages/client/wasm/e2ee_bg.wasm"
WASM_GOAL = 500_000
CLIENT = ROOT / "web/packages/client"


def wire(value: Any) -> Any:
    """An argument as it crosses."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return [wire(one) for one in value] if isinstance(value, list) else value


class Browser:
    """Chromium with the WASM in a Worker; `ms` is what the last call took there."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", "bench/mls.mjs"], cwd=CLIENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ms = 0.0

    def ask(self, **question: Any) -> Any:
        """One call."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if "error" in reply:
            raise ValueError(f"the browser refused: {reply['error']}")
        self.ms = reply["ms"]
        value = reply["ok"]
        return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value

    def close(self) -> None:
        """Ends it."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(30)


class BrowserMember:
    """A member in the Worker, under a name; adds up what its calls took."""

    def __init__(self, browser: Browser, hub: Hub, name: str) -> None:
        self.browser, self.name, self.ms = browser, name, 0.0
        browser.ask(make="LeafKey", **{"as": f"{name} key"})
        public = browser.ask(on=f"{name} key", call="public")
        policy, chain = hub.policy(TENANTS[0]), hub.certify(name, public)
        made = [wire([hub.manifest]), wire(policy), DEPLOYMENT, hub.now]
        browser.ask(make="Trust", args=made, **{"as": f"{name} trust"})
        args = [{"name": f"{name} key"}, wire(chain), {"name": f"{name} trust"}, e2ee.SUITE_HYBRID, False]
        browser.ask(make="Member", args=[*args, hub.now], **{"as": name})

    def call(self, name: str, *args: Any) -> Any:
        """A method."""
        answer = self.browser.ask(on=self.name, call=name, args=[wire(one) for one in args])
        self.ms += self.browser.ms
        return answer

    def spent(self) -> float:
        """Milliseconds since the last look."""
        ms, self.ms = self.ms, 0.0
        return ms


class Meeting:
    """A hub, two members in the browser, and everybody else natively; natives but joiners need not follow."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.hub = browser, Hub()
        self.first = BrowserMember(browser, self.hub, "first")
        self.members = [self.first]
        now = self.hub.now
        created = msgpack.unpackb(self.first.call("create", self.hub.packed_params(), now))
        self.server = e2ee.PublicGroup.from_group_info(
            created["group_info"], created["tree"], self.hub.packed_params(), self.hub.trust(), now
        )
        entry = self.hub.entry("reached", 0, 0, hashlib.sha256(created["group_info"]).digest())
        self.first.call("reached", entry, [], now)

    def packages(self, count: int, prefix: str) -> list[bytes]:
        """Key packages of people who stay outside this measurement."""
        return [self.hub.member(f"{prefix}{n}").key_package(self.hub.now) for n in range(count)]

    def change(
        self, packages: list[bytes], removed: int | None, joiner: BrowserMember | None
    ) -> tuple[float, float, float]:
        """One commit by the first member; milliseconds of committing, another's processing, and joining."""
        now, epoch, hub = self.hub.now, self.server.epoch + 1, self.hub
        refs = [msgpack.unpackb(self.server.check_key_package(one, now))["ref"] for one in packages]
        group = cast(bytes, hub.params["group_id"])
        proposals = [hub.add(epoch - 1, one) for one in packages]
        if removed is not None:
            proposals.append(e2ee.external_remove(hub.seed, group, epoch - 1, 0, removed))
        for member in self.members:
            member.spent()
            member.call("propose", epoch, 0, 0, proposals, now)
        commit = msgpack.unpackb(self.first.call("commit", epoch, 0, now))
        committing = self.first.spent()
        staged = msgpack.unpackb(
            self.server.stage(epoch, 0, proposals, commit["commit"], commit["signature"], 0, now)
        )
        entry = hub.entry("proposed", epoch, 0, staged["commit_hash"])
        receipts = [
            member.call("stage", entry, commit["commit"], commit["signature"], now)
            for member in self.members
        ]
        joining = 0.0
        if joiner is not None:
            welcome = self.server.split_welcome(commit["welcome"], refs[0])
            joiner.spent()
            receipts.append(
                joiner.call("join", entry, welcome, self.server.tree(), hub.packed_params(), now)
            )
            joining = joiner.spent()
            self.members.append(joiner)
        self.server.merge()
        reached = hub.entry("reached", epoch, 0, staged["commit_hash"], receipts)
        for member in self.members:
            member.call("reached", reached, receipts, now)
        return committing, self.members[1].spent(), joining


def one_meeting(browser: Browser, size: int) -> Iterator[tuple[str, float]]:
    """What each step took in one group of that size."""
    meeting = Meeting(browser)
    hub = meeting.hub
    second = BrowserMember(browser, hub, "second")
    meeting.change([second.call("keyPackage", hub.now)], None, second)
    third = BrowserMember(browser, hub, "third")
    others = [third.call("keyPackage", hub.now), *meeting.packages(size - 3, "p")]
    committing, processing, joining = meeting.change(others, None, third)
    yield "add of all at once", committing
    yield "processing that add", processing
    yield "join", joining
    committing, processing, _ = meeting.change(meeting.packages(1, "late"), None, None)
    yield "add of one", committing
    yield "processing the add of one", processing
    committing, processing, _ = meeting.change([], size - 1, None)
    yield "remove with path on a fresh tree", committing
    yield "processing the removal", processing


def mls() -> Iterator[Figure]:
    """The WASM's size after brotli, and its times in Chromium's Worker."""
    said = output("node", "scripts/wasm-budget.mjs", str(WASM))
    packed = float(said.split(" after brotli")[0].split()[-1])
    yield Figure("wasm after brotli", packed, "B", WASM_GOAL, "lower", 1, packed, packed)
    browser = Browser()
    try:
        for size, times in MEMBERS.items():
            runs: dict[str, list[float]] = defaultdict(list)
            for _ in range(times):
                for name, ms in one_meeting(browser, size):
                    runs[name].append(ms)
            for name, measured in runs.items():
                yield of_runs(f"MLS in Chromium, {size} members: {name}", "ms", measured)
    finally:
        browser.close()
