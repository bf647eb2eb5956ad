"""CA keys in a token behind PKCS#11, here SoftHSM: made there, used there, never read out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest

from core.errors import SignerRefused, StartError
from core.signer.pkcs11 import TokenVault
from core.signer.vault import FileVault
from core.values import CertificateRequest
from tests.support.clock import START, FakeClock
from tests.support.people import DEPLOYMENT, TENANTS, person
from tests.support.signer import LocalSigner
from tests.support.softhsm import LABEL, Token, softhsm
from tests.unit.core.signer.test_service import request, trust


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    with softhsm(tmp_path_factory.mktemp("token")) as made:
        yield made


@pytest.fixture
def vault(token: Token) -> Iterator[TokenVault]:
    opened = TokenVault(token.module, LABEL, token.pin)
    yield opened
    for name in ("manifest", *(f"{one.id}-{part}" for one in TENANTS for part in ("authority", "policy"))):
        opened.destroy(name)
    opened.destroy("twice")
    opened.close()


async def test_a_client_trusts_a_certificate_whose_ca_key_never_left_its_token_k2_1(
    vault: TokenVault, tmp_path: Path
) -> None:
    signer = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, FakeClock(), vault)
    chain = await signer.issue_certificate(request(person()))
    identity = msgpack.unpackb((await trust(signer)).verify_chain(list(chain), START))
    assert identity["subject"] == "x-1"
    kept = {path.name for path in (tmp_path / "keys").iterdir()}
    assert kept == {"hub.pem", "exemple-root.pem", "beispiel-root.pem"}, "no CA key is a file"
    revoked = await signer.sign_revocation("exemple", b"f" * 32, "lost")
    assert msgpack.unpackb((await trust(signer)).open_revocation(revoked))["reason"] == "lost"
    again = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, FakeClock(), vault)
    assert (await again.info()).roots == (await signer.info()).roots


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_token_that_ended_the_session_is_opened_again_and_one_that_is_gone_is_a_named_error(
    vault: TokenVault, token: Token, tmp_path: Path
) -> None:
    signer = LocalSigner(tmp_path / "keys", DEPLOYMENT, TENANTS, FakeClock(), vault)
    vault._session.close()
    asked: CertificateRequest = request(person())
    assert await signer.issue_certificate(asked)
    vault.destroy("exemple-authority")
    with pytest.raises(SignerRefused) as refused:
        await signer.issue_certificate(asked)
    assert refused.value.code == "token_failed"


def test_a_key_does_not_leave_its_token(vault: TokenVault) -> None:
    key = vault.make("manifest")
    for read in (key.private_bytes_raw, key.private_bytes):
        with pytest.raises(SignerRefused):
            read()  # type: ignore[operator]
    key.public_key().verify(key.sign(b"said"), b"said")


def test_a_key_that_could_be_read_out_or_has_a_double_is_refused(vault: TokenVault) -> None:
    api, session = vault._api, vault._opened()
    curve = session.create_domain_parameters(
        api.KeyType.EC_EDWARDS, {api.Attribute.EC_PARAMS: bytes.fromhex("06032b6570")}, local=True
    )
    made = {"mechanism": api.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, "store": True, "label": "twice"}
    open_ = {api.Attribute.SENSITIVE: False, api.Attribute.EXTRACTABLE: True}
    curve.generate_keypair(**made, private_template=open_)
    with pytest.raises(StartError, match="could be read out"):
        vault.get("twice")
    vault.make("beispiel-policy")
    curve.generate_keypair(**{**made, "label": "beispiel-policy"})
    with pytest.raises(StartError, match="one pair of keys"):
        vault.get("beispiel-policy")


def test_a_pin_is_a_file_that_nobody_else_reads_and_a_wrong_one_is_a_sentence(
    token: Token, tmp_path: Path
) -> None:
    pin = tmp_path / "pin"
    pin.write_text("4711")
    pin.chmod(0o644)
    with pytest.raises(StartError, match="has mode 644"):
        TokenVault(token.module, LABEL, pin)
    pin.chmod(0o600)
    pin.write_text("1234")
    with pytest.raises(StartError, match="cannot be used: PinIncorrect"):
        TokenVault(token.module, LABEL, pin)
    with pytest.raises(StartError, match="cannot be used: NoSuchToken"):
        TokenVault(token.module, "another", token.pin)
    with pytest.raises(StartError, match="is no PKCS#11 module"):
        TokenVault(tmp_path / "nothing.so", LABEL, token.pin)


def test_both_vaults_keep_the_same_promises(vault: TokenVault, tmp_path: Path) -> None:
    for one in (vault, FileVault(tmp_path / "keys")):
        assert one.get("manifest") is None
        made = one.make("manifest").public_key()
        found = one.get("manifest")
        assert found is not None and found.public_key() == made
        one.destroy("manifest")
        one.destroy("manifest")
        assert one.get("manifest") is None
