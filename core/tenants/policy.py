"""A tenant's policy as its members' clients are shown it: which suites, whether guests (K2.6).

The signer signs it with the tenant's policy key; it is signed afresh only when it says something new or
runs out, because the group's context carries its hash (K3.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.values import UnixMillis

HYBRID = 0x004F
"""ML-KEM-768 with X25519, AES-128-GCM, SHA-256, Ed25519: a draft's code point (K2.6)."""

CLASSICAL = 0x0001
"""X25519, AES-128-GCM, SHA-256, Ed25519 (RFC 9420 section 17.1); only where policy allows it."""

SUITES = (HYBRID, CLASSICAL)

LIFE = 90 * 24 * 3600 * 1000
"""Milliseconds a policy or manifest is valid. Shorter lets an operator's mistake run out sooner."""

RENEW = 30 * 24 * 3600 * 1000
"""Milliseconds before its end at which it is signed afresh; more than the longest planned outage of a
signer."""


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """What a tenant allows. `suites` best first."""

    suites: tuple[int, ...] = (HYBRID,)
    guests: bool = True

    def __post_init__(self) -> None:
        """ValueError when a suite is unknown or none is left."""
        if not self.suites or any(suite not in SUITES for suite in self.suites):
            raise ValueError("policy.suites must name 0x004F, 0x0001 or both")


def policy_fields(
    policy: TenantPolicy, deployment: str, tenant: str, serial: int, now: UnixMillis
) -> dict[str, object]:
    """The fields of the signed structure `policy`."""
    return {
        "deployment": deployment,
        "tenant": tenant,
        "serial": serial,
        "not_before": now - 5 * 60 * 1000,
        "not_after": now + LIFE,
        "suites": list(policy.suites),
        "guests": policy.guests,
    }


def says_the_same(one: Mapping[str, object], other: Mapping[str, object], now: UnixMillis) -> bool:
    """Whether the signed `one` may go on in place of the fresh `other`: same content, and time left."""
    ignored = {"serial", "not_before", "not_after"}
    ends = one.get("not_after")
    return (
        isinstance(ends, int)
        and ends - RENEW > now
        and {k: v for k, v in one.items() if k not in ignored}
        == {k: v for k, v in other.items() if k not in ignored}
    )
