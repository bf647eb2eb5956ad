"""The settings of the process that holds the keys, and of signers that tenants host elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.signer.bounds import BURST, PER_SECOND
from core.values import NAME
from gateway.section import Section


class TokenSettings(Section):
    """A token behind PKCS#11."""

    module: Path = Field(description="The token's library, such as /usr/lib/softhsm/libsofthsm2.so.")
    token: str = Field(min_length=1, max_length=32, description="The token's label.")
    pin: Path = Field(description="File with the user PIN, mode 600.")


class TlsSettings(Section):
    """Files of a connection with TLS 1.3."""

    ca: Path = Field(description="The private CA that vouches for both ends, PEM; nobody else is believed.")
    certificate: Path = Field(description="The own certificate, PEM.")
    key: Path = Field(description="Its key, PEM, mode 600.")


class ListenSettings(TlsSettings):
    """Where a signer listens for nodes elsewhere."""

    bind: str = Field(description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="TCP port.")


class RemoteSettings(TlsSettings):
    """A signer that a tenant hosts elsewhere."""

    tenants: list[Annotated[str, Field(pattern=NAME.pattern)]] = Field(
        min_length=1, description="The tenants whose keys it has."
    )
    host: str = Field(description="Its name, as its certificate has it.")
    port: int = Field(ge=1, le=65535, description="Its TCP port.")


class SignerSettings(Section):
    """The process that holds the keys."""

    spawn: bool = Field(
        default=True,
        description="Start the signer as a child of the node. Off when it is a service of its own.",
    )
    keys: Path = Field(
        default=Path("{folder}/signer"), description="Folder of the key files, mode 700, files 600."
    )
    socket: Path = Field(
        default=Path("{folder}/signer.sock"), description="Unix socket between node and signer, mode 600."
    )
    hub: bool = Field(
        default=True,
        description="Whether this is the deployment's own signer, which orders meetings and signs the "
        "manifest. Off for a ministry's, which certifies its people and nothing else.",
    )
    record: Path = Field(
        default=Path("{folder}/signer.jsonl"),
        description="A line for each certificate, revocation and new key, mode 600. What cannot be written "
        "down is not issued.",
    )
    burst: int = Field(default=BURST, ge=1, description="Certificates a tenant may take at once.")
    per_second: float = Field(default=PER_SECOND, gt=0, description="Certificates a second after a burst.")
    pkcs11: TokenSettings | None = Field(
        default=None, description="Keep all keys but the hub's in a token: { module, token, pin }."
    )
    listen: ListenSettings | None = Field(
        default=None,
        description="Also serve nodes elsewhere, over TLS 1.3: { bind, port, ca, certificate, key }.",
    )
    remotes: list[RemoteSettings] = Field(
        default=[],
        description="Signers that tenants host elsewhere, as [[signer.remotes]]: tenants, host, port, ca, "
        "certificate, key. Their roots are enrolled with `entente signer enrol`.",
    )

    @property
    def enrolled(self) -> frozenset[str]:
        """The tenants whose keys are elsewhere."""
        return frozenset(tenant for remote in self.remotes for tenant in remote.tenants)
