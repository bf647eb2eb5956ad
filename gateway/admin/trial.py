"""Tries a login service before anybody depends on it: its description and its keys, asked for afresh."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import WireError
from core.records import Provider
from gateway.admin.providers import Finding
from gateway.login.discovery import Discovery


async def try_provider(discovery: Discovery, provider: Provider) -> Sequence[Finding]:
    """What is wrong, in the words of the very code that logs people in; nothing is good news."""
    discovery.forget(provider.issuer)
    try:
        await discovery.metadata(provider.issuer)
        await discovery.keys(provider.issuer, None)
    except WireError as error:
        return [Finding(error.code, error.detail)]
    return []
