"""A live meeting as people experience it: who is in, who is host, what each is told, and how one returns.

Owns participants, their event sequences and the 30 seconds in which a lost socket may come back. Encryption
and media are ports here (`core.meeting.ports`); the gateway plugs `core.e2ee` and `core.sfu` in.
"""
