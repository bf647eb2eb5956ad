"""Keys in a token behind PKCS#11, such as a hardware security module: made there, used there, never read out.

Ed25519 by CKM_EDDSA (PKCS#11 3.0 section 2.3.14); a token without it cannot hold a CA key of ours, since our
chains know one algorithm (K2.2). The library is the optional extra `pkcs11`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import SignerRefused, StartError
from core.signer.vault import check_mode

T = TypeVar("T")

_ED25519 = bytes.fromhex("06032b6570")
"""CKA_EC_PARAMS: the curve's object identifier 1.3.101.112 in DER (RFC 8410 section 3)."""

_TRIAL = b"entente signer: is this key whole?"


class TokenVault:
    """Keys of one token, by their label. The session is opened once and again when the token ended it."""

    def __init__(self, module: Path, token: str, pin: Path) -> None:
        try:
            import pkcs11
        except ImportError as error:
            raise StartError("Keys behind PKCS#11 need the extra: pip install 'entente[pkcs11]'.") from error
        self._api: Any = pkcs11
        check_mode(pin, directory=False)
        self._pin = pin
        self._label = token
        try:
            self._library: Any = pkcs11.lib(str(module))
        except (RuntimeError, pkcs11.PKCS11Error) as error:
            raise StartError(f"{module} is no PKCS#11 module that can be used.") from error
        self._session: Any = None
        self._on_token(lambda session: None)

    def get(self, name: str) -> Ed25519PrivateKey | None:
        """See the port. A key that could be read out, or two of one name, is a StartError."""
        return self._on_token(lambda session: self._found(session, name))

    def make(self, name: str) -> Ed25519PrivateKey:
        """See the port."""

        def made(session: Any) -> None:
            api = self._api
            curve = session.create_domain_parameters(
                api.KeyType.EC_EDWARDS, {api.Attribute.EC_PARAMS: _ED25519}, local=True
            )
            kept = {api.Attribute.SENSITIVE: True, api.Attribute.EXTRACTABLE: False}
            curve.generate_keypair(
                mechanism=api.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                id=name.encode(),
                label=name,
                store=True,
                private_template=kept,
            )

        self._on_token(made)
        key = self.get(name)
        if key is None:
            raise StartError(f"The token {self._label} did not keep the key {name}.")
        return key

    def destroy(self, name: str) -> None:
        """See the port."""

        def destroyed(session: Any) -> None:
            for one in list(session.get_objects({self._api.Attribute.LABEL: name})):
                one.destroy()

        self._on_token(destroyed)

    def sign(self, name: str, data: bytes) -> bytes:
        """By the key of this name. SignerRefused `token_failed`; a session that has ended is opened again."""
        for last in (False, True):
            try:
                (key,) = self._keys(self._opened(), name, self._api.ObjectClass.PRIVATE_KEY)
                return bytes(key.sign(data, mechanism=self._api.Mechanism.EDDSA))
            except (self._api.PKCS11Error, ValueError, StartError) as error:
                self._close()
                if last:
                    raise SignerRefused("token_failed", type(error).__name__) from error
        raise AssertionError("both tries return or raise")

    def close(self) -> None:
        """Log out."""
        self._close()

    def _found(self, session: Any, name: str) -> Ed25519PrivateKey | None:
        api = self._api
        secrets = self._keys(session, name, api.ObjectClass.PRIVATE_KEY)
        publics = self._keys(session, name, api.ObjectClass.PUBLIC_KEY)
        if not secrets and not publics:
            return None
        if len(secrets) != 1 or len(publics) != 1:
            raise StartError(f"The token {self._label} must hold one pair of keys named {name}.")
        (secret,) = secrets
        if not secret[api.Attribute.SENSITIVE] or secret[api.Attribute.EXTRACTABLE]:
            raise StartError(f"The key {name} could be read out of the token {self._label}; make it there.")
        key = TokenKey(self, name, _point(bytes(publics[0][api.Attribute.EC_POINT]), name))
        with suppress(InvalidSignature):
            signature = bytes(secret.sign(_TRIAL, mechanism=api.Mechanism.EDDSA))
            key.public_key().verify(signature, _TRIAL)
            return key
        raise StartError(f"The halves of the key {name} in the token {self._label} do not belong together.")

    def _keys(self, session: Any, name: str, kind: Any) -> list[Any]:
        wanted = {self._api.Attribute.LABEL: name, self._api.Attribute.CLASS: kind}
        return list(session.get_objects(wanted))

    def _on_token(self, work: Callable[[Any], T]) -> T:
        try:
            return work(self._opened())
        except self._api.PKCS11Error as error:
            self._close()
            said = type(error).__name__
            raise StartError(f"The token {self._label} cannot be used: {said}.") from error

    def _opened(self) -> Any:
        if self._session is None:
            try:
                pin = self._pin.read_text().rstrip("\r\n")
            except (OSError, ValueError) as error:
                raise StartError(f"The PIN cannot be read from {self._pin}.") from error
            token = self._library.get_token(token_label=self._label)
            self._session = token.open(rw=True, user_pin=pin)
        return self._session

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(self._api.PKCS11Error):
                session.close()


class TokenKey(Ed25519PrivateKey):
    """A key as `cryptography` knows it, whose signatures are made in the token."""

    def __init__(self, vault: TokenVault, name: str, public: bytes) -> None:
        self._vault = vault
        self._name = name
        self._public = Ed25519PublicKey.from_public_bytes(public)

    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        return self._public

    def sign(self, data: Any) -> bytes:
        """64 bytes (RFC 8032). SignerRefused."""
        return self._vault.sign(self._name, bytes(data))

    def private_bytes(self, *_: Any) -> bytes:
        """Never."""
        raise SignerRefused("token_failed", "the key does not leave its token")

    def private_bytes_raw(self) -> bytes:
        """Never."""
        return self.private_bytes()

    def __copy__(self) -> TokenKey:
        return self

    def __deepcopy__(self, _: object) -> TokenKey:
        return self


def _point(encoded: bytes, name: str) -> bytes:
    """CKA_EC_POINT: the key itself, or as an OCTET STRING, as tokens differ."""
    if len(encoded) == 34 and encoded[:2] == b"\x04\x20":
        encoded = encoded[2:]
    if len(encoded) != 32:
        raise StartError(f"The key {name} in the token is not an Ed25519 key.")
    return encoded
