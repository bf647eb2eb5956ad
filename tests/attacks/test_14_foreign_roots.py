"""Attack 14 by somebody who lies to its own client first: roots of others, and a commit from outside.

The key package is built with a manifest of the attacker's own making, so that only the hub can refuse it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest

from core._native import e2ee
from core.client.membership import Membership
from core.tenants.authority import issue
from core.wire import requests
from tests.attacks.test_14_ghosts import pair, refused
from tests.support.forge import Forger, Reader, vector
from tests.support.hub import key, public, sign
from tests.support.people import DEPLOYMENT, TENANTS
from tests.support.signer import LocalSigner
from tests.support.world import Client, World, together


def lying(client: Client, root: bytes) -> Membership:
    """A client that believes this root to speak for its ministry."""
    fields: dict[str, Any] = msgpack.unpackb(e2ee.signed_peek("manifest", client.hello.manifests[0]))
    fields["key"] = public(key("liar"))
    fields["tenants"] = [one for one in fields["tenants"] if one["tenant"] == client.hello.me.tenant]
    fields["tenants"][0]["roots"] = [root]
    manifest = sign("manifest", fields, key("liar"))
    return Membership(client.hello.model_copy(update={"manifests": [manifest]}))


@pytest.mark.parametrize(
    ("whose", "named"),
    [("another ministry", "leaf_certificate_foreign_root"), ("another deployment", "chain_untrusted")],
)
async def test_attack_14_a_leaf_under_a_root_that_does_not_speak_for_its_ministry_is_refused(
    world: World, tmp_path: Path, whose: str, named: str
) -> None:
    first, second = await pair(world)
    signer: Any = world.services.signer
    if whose == "another deployment":
        signer = LocalSigner(tmp_path / "foreign", DEPLOYMENT, TENANTS, world.clock)
    keys = signer._service._keys.tenants["beispiel" if whose == "another ministry" else "exemple"]
    ghost = await world.hello()
    forger = Forger(ghost, b"\x14" * 32)
    honest = await forger.certified()
    who = ghost.session.participant.person
    leaf = public(forger.key)
    (authority,) = keys.authorities
    assert authority.key is not None
    chain = [issue(who, leaf, authority.root, authority.key, world.clock.now())]
    ghost.membership = lying(ghost, authority.root)
    ghost.membership._key = forger._leaf
    package = ghost.membership.certified(chain, world.clock.now())
    code = await refused(ghost, package)
    assert code == f"key_package_refused: {named}"
    await ghost.ask(requests.KeyPackage(id=0, data=honest))
    await world.run(1)
    assert together(first, second) and len(first.membership.roster) == 3, "its own certificate is good"


def from_outside(commit: bytes) -> bytes:
    """The same commit, by somebody who is no member: sender type new_member_commit (RFC 9420 section 6)."""
    reader = Reader(commit)
    head = reader.take(4) + vector(reader.vector()) + reader.take(8)
    assert reader.take(1) == b"\x01", "by a member"
    reader.take(4)
    membership_tag = 33
    return head + b"\x04" + reader.left[:-membership_tag]


async def test_attack_14_an_external_commit_is_refused_by_the_hub(world: World) -> None:
    forger = Forger(await world.hello(), b"\x41" * 32)
    forger.client.ignore = {requests.GroupCommit}
    await forger.join()
    await world.run(0.5)
    joiner = await world.join()
    await world.run(0.3)
    commit: Any = forger.client.withheld[-1]
    outside = forger.submission(commit, from_outside(commit.commit))
    code = await refused(forger.client, outside)
    assert code == "commit_refused: external_commit", "the author's word for it was good"
    forger.client.ignore = set()
    await world.run(3)
    assert together(forger.client, joiner)
