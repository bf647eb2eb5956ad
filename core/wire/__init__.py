"""Untrusted bytes of the socket `entente.v1` to values, and values to bytes.

Owns the models of every request, reply and event, their bounds, and the msgpack codec. The browser's twins
are generated from it by `scripts/generate-wire`.
"""
