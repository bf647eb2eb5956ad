"""What a hub that lies can propose: a newcomer whose certificate no manifest covers.

`forger.py KEYS ENTRY WHAT DEPLOYMENT TENANT…` takes the folder of a test node's signer, an entry of the
group in hexadecimal, what to forge, and the node's deployment and tenants. It prints the hub's signed
proposal to add the forged key package to the epoch of that entry. WHAT is `foreign` for a certificate of an
authority that nobody knows, or `tenant` for one in the first tenant's name that the second tenant's own
authority has signed.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgpack
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core._native import e2ee
from core.client import SystemClock
from core.federation.statements import declare
from core.values import Assurance, CertificateRequest, Person, Role, Tenant
from tests.support.signer import LocalSigner

SUITE = 0x004F
HUB_INDEX = 0
NONCE = bytes(32)


async def key_package(folder: Path, deployment: str, names: list[str]) -> bytes:
    """A key package that its own, false authority vouches for."""
    clock = SystemClock()
    tenants = [Tenant(name, deployment, name, name, "#000000") for name in names]
    signer = LocalSigner(folder / "keys", deployment, tenants, clock)
    false = await declare(signer, clock, folder, tenants, {}, ())
    person = Person(deployment, names[0], "mallory", "Mallory", True, Role.PARTICIPANT, Assurance.HIGH)
    key = e2ee.LeafKey.generate()
    asked = CertificateRequest(person, "p_mallory", key.public, NONCE, key.sign_certify(NONCE, "p_mallory"))
    chain = await signer.issue_certificate(asked)
    now = clock.now()
    trust = e2ee.Trust(list(false.manifests), false.policies[names[0]], deployment, now)
    return e2ee.Member(key, list(chain), trust, SUITE, False, now).key_package(now)


async def main(keys: Path, entry: bytes, what: str, deployment: str, names: list[str]) -> None:
    """Prints the proposal."""
    fields = msgpack.unpackb(e2ee.signed_peek("entry", entry))
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "keys").mkdir(mode=0o700)
        if what == "tenant":
            for part in ("authority", "root"):
                shutil.copy(keys / f"{names[1]}-{part}.pem", folder / "keys" / f"{names[0]}-{part}.pem")
        package = await key_package(folder, deployment, names)
    hub = load_pem_private_key((keys / "hub.pem").read_bytes(), None)
    seed = hub.private_bytes_raw()  # type: ignore[union-attr]
    print(e2ee.external_add(seed, fields["group"], fields["epoch"], HUB_INDEX, package).hex())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]))
