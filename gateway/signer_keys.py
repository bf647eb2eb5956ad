"""The signer's keys as the settings say, for the signer itself and for ceremonies by hand."""

from __future__ import annotations

from pathlib import Path

from core.ports import Clock
from core.signer.keys import SignerKeys, open_keys
from core.signer.pkcs11 import TokenVault
from core.signer.tls import TlsFiles
from core.signer.vault import Vault
from gateway.settings import Settings
from gateway.signer_settings import TlsSettings
from gateway.tenants import tenants_of


def keys_of(settings: Settings, clock: Clock) -> SignerKeys:
    """Loaded, and made where missing. StartError."""
    signer = settings.signer
    vault: Vault | None = None
    if signer.pkcs11 is not None:
        token = signer.pkcs11
        pin = Path(settings.within(token.pin))
        vault = TokenVault(Path(settings.within(token.module)), token.token, pin)
    return open_keys(
        Path(settings.within(signer.keys)),
        settings.deployment.id,
        tenants_of(settings),
        clock.now(),
        vault=vault,
        enrolled=signer.enrolled,
        hub=signer.hub,
    )


def tls_files(settings: Settings, tls: TlsSettings) -> TlsFiles:
    """The files of one end."""
    paths = (Path(settings.within(path)) for path in (tls.ca, tls.certificate, tls.key))
    return TlsFiles(*paths)
