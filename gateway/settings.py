"""Every setting of a node, with its default and why one would change it.

Read from `entente.toml` and `ENTENTE_<SECTION>__<KEY>`, the environment first. Secrets are never values
here, only paths of files. `entente config check` explains each value, and `docs/configuration.md` is
generated from this module.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import StartError
from core.tenants.policy import SUITES
from core.values import NAME
from gateway.login_settings import LoginSettings, ProviderSettings, named_twice
from gateway.section import Section, network
from gateway.signer_settings import SignerSettings

CONFIG_FILE = Path("entente.toml")


def _domain(value: str) -> str:
    """A deployment's name: DNS labels, because it stands in certificates as the host of a URI."""
    if len(value) > 63 or not all(NAME.fullmatch(label) for label in value.split(".")):
        raise ValueError("must be a domain name in lower case, such as meet.example.org")
    return value


def _suite(value: int) -> int:
    if value not in SUITES:
        raise ValueError("must be 79 (0x004F, hybrid) or 1 (0x0001, classical)")
    return value


Port = Annotated[int, Field(ge=0, le=65535)]


class TenantSettings(Section):
    """One ministry of the deployment."""

    id: Annotated[str, Field(pattern=NAME.pattern)] = Field(
        description="One DNS label; stands in certificates."
    )
    name: str = Field(max_length=200, description="The full name, as people read it.")
    short: str = Field(max_length=40, description="The short name, for tiles and lists.")
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] = Field(description="Its colour, as #1a2b3c.")
    suites: list[Annotated[int, AfterValidator(_suite)]] = Field(
        default=[0x004F],
        min_length=1,
        description="Cipher suites its signed policy allows, best first: 79 is hybrid, 1 classical.",
    )
    guests: bool = Field(default=True, description="Whether its rooms may take guests.")
    providers: list[ProviderSettings] = Field(
        default=[], description="How its people log in; see the next table. Administrators can add others."
    )


class DeploymentSettings(Section):
    """Who runs this, and for whom."""

    serve: list[Annotated[str, Field(pattern=NAME.pattern)]] = Field(
        default=[],
        description="The tenants this node serves, recovers and shows; empty is every one. "
        "`entente serve --tenant` overrides it.",
    )
    id: Annotated[str, AfterValidator(_domain)] = Field(
        default="entente.localhost",
        description="The deployment's domain name. It stands in every certificate: never change it later.",
    )
    tenants: list[TenantSettings] = Field(
        default=[],
        description="The ministries that are named here; `entente tenant create` adds others. When "
        "empty, the two made-up ones of the development login, where it is on.",
    )


class HttpSettings(Section):
    """Where browsers come in."""

    bind: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Anything but loopback needs development.login = false.",
    )
    port: Port = Field(default=8400, description="TCP port; 0 takes any free one.")
    next_free: bool = Field(
        default=True,
        description="Take the next free port when this one is taken. Off behind a load balancer.",
    )
    hosts: list[str] = Field(
        default=["localhost", "*.localhost", "127.0.0.1", "[::1]"],
        description="Names in the Host header that are served; others are refused, against DNS rebinding.",
    )
    origin: str | None = Field(
        default=None,
        pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$",
        description="How browsers reach us, as https://meet.example.org: providers send people "
        "back there. When unset, by the name the browser asked for.",
    )
    embedders: list[str] = Field(
        default=[],
        description="Origins of other sites whose pages may embed meetings, such as https://intranet.example.org.",
    )
    body_max: int = Field(
        default=65536,
        ge=1024,
        le=1 << 20,
        description="Bytes of the largest request body. No route needs more.",
    )
    body_seconds: float = Field(
        default=10.0, gt=0, le=120, description="Seconds for a request's head and body to arrive, each."
    )
    trusted_proxies: list[Annotated[str, AfterValidator(network)]] = Field(
        default=[],
        description="Reverse proxies that are believed about who the client is: addresses or networks, as "
        "10.0.0.0/8. Without them all people behind a proxy share one rate limit.",
    )
    proxy_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for",
        description="The header those proxies append the client's address to; the other is not looked at.",
    )
    burst: int = Field(
        default=900,
        ge=10,
        description="Requests one address may make at once: 300 people of a ministry behind one address.",
    )
    per_second: float = Field(
        default=10.0, gt=0, description="Requests per second one address may make after a burst."
    )


class MediaSettings(Section):
    """Where sound and pictures come in."""

    bind: str = Field(
        default="0.0.0.0",  # noqa: S104 -- media is authenticated by ICE and DTLS, and Firefox needs the host's address
        description="Address of the UDP sockets. Firefox cannot use loopback alone.",
    )
    port: Port = Field(
        default=8500, description="UDP port of the first worker, the next ones follow; 0 takes any."
    )
    workers: int = Field(
        default=0, ge=0, le=256, description="Engine threads; 0 takes one less than the machine has cores."
    )
    advertise: list[str] = Field(
        default=[],
        description="Addresses clients are told. When empty: loopback and the host's own address.",
    )
    socket_buffer: int = Field(
        default=8 << 20, ge=65536, description="Bytes of each UDP socket's buffers. Smaller drops bursts."
    )
    connection_limit: int = Field(
        default=25_000_000, ge=100_000, description="Bits per second to and from one client, as it is told."
    )


class StoreSettings(Section):
    """Where meetings are written down."""

    url: str = Field(
        default="sqlite+aiosqlite:///{folder}/entente.sqlite",
        description="SQLAlchemy URL; {folder} stands for the folder of this configuration. For PostgreSQL it "
        "names a role that owns no table and no password: postgresql+asyncpg://entente@db/entente.",
    )
    password: Path | None = Field(
        default=None, description="File with the password of the role in `url`; none where it needs none."
    )
    owner_url: str | None = Field(
        default=None,
        description="PostgreSQL's owner of the tables, who migrates at start and gives `url`'s role rights.",
    )
    owner_password: Path | None = Field(default=None, description="File with the password of `owner_url`.")


class DevelopmentSettings(Section):
    """What only a developer's machine may have."""

    login: bool = Field(
        default=True,
        description="Offer a login as made-up officials. Refused unless http.bind is loopback.",
    )
    room: bool = Field(default=True, description="Make a room at start and print its link.")


class TelemetrySettings(Section):
    """What the operator sees."""

    metrics: bool = Field(default=True, description="Serve /metrics for Prometheus, to loopback only.")
    traces: Path | None = Field(
        default=None, description="Append OpenTelemetry spans as JSON lines to this file; none when unset."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Level of the log."
    )


class AuditSettings(Section):
    """Where audit events go besides the database, for a security team's own collection."""

    file: Path | None = Field(
        default=None, description="Append audit events to this file as they come; none when unset."
    )
    format: Literal["json", "ocsf", "rfc5424"] = Field(
        default="json",
        description="json and ocsf (1.3.0) are one object per line, rfc5424 is syslog with octet counting.",
    )


class Settings(BaseSettings):
    """All sections."""

    model_config = SettingsConfigDict(
        env_prefix="ENTENTE_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    folder: Path = Field(default=Path("var"), description="Folder of everything this node writes.")
    static: Path = Field(
        default=Path(__file__).parent / "static", description="Folder of the built web client."
    )
    deployment: DeploymentSettings = DeploymentSettings()
    http: HttpSettings = HttpSettings()
    media: MediaSettings = MediaSettings()
    store: StoreSettings = StoreSettings()
    signer: SignerSettings = SignerSettings()
    login: LoginSettings = LoginSettings()
    development: DevelopmentSettings = DevelopmentSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    audit: AuditSettings = AuditSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file named by `load`."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _toml_file))

    def within(self, path: Path | str) -> str:
        """A path or URL with `{folder}` filled in."""
        return str(path).replace("{folder}", str(self.folder.absolute()))

    @property
    def is_loopback(self) -> bool:
        """Whether HTTP is bound to this machine alone."""
        if self.http.bind == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.http.bind).is_loopback
        except ValueError:
            return False


_toml_file: Path | None = None


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """Settings from `file` (or `entente.toml` where there is one), the environment and `overrides`.

    StartError names the first wrong value in one sentence.
    """
    global _toml_file
    if file is not None and not file.exists():
        raise StartError(f"There is no configuration file {file}.")
    _toml_file = file if file is not None else (CONFIG_FILE if CONFIG_FILE.exists() else None)
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StartError(f"The setting {where} is wrong: {first['msg']}.") from error
    except ValueError as error:
        raise StartError(f"The configuration cannot be read: {error}.") from error
    check(settings)
    return settings


def check(settings: Settings) -> None:
    """Refuse combinations that are not safe (StartError)."""
    if settings.development.login and not settings.is_loopback:
        raise StartError(
            "The development login lets anybody in, so it needs http.bind on loopback; "
            f"it is {settings.http.bind}. Set development.login = false to serve others."
        )
    if twice := named_twice([one for tenant in settings.deployment.tenants for one in tenant.providers]):
        raise StartError(twice)
    named = [tenant for remote in settings.signer.remotes for tenant in remote.tenants]
    if len(named) != len(set(named)):
        raise StartError("A tenant is named by two of signer.remotes; its keys are in one signer.")
