"""Meetings that run on this node as the administration is told of them: who by subject and role, no name and
no word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody in a running meeting."""

    participant: str
    tenant: str
    subject: str
    guest: bool
    room_role: str
    state: str
    joined: int


@dataclass(frozen=True, slots=True)
class Running:
    """A running meeting."""

    id: str
    room: str
    started: int
    locked: bool
    people: tuple[Present, ...]
