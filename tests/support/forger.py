"""A login provider of our own that lies on request: a real HTTP server with real keys, so that each refusal
is of a token that is right in everything but the one thing."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from core.ports import Clock

Answer = tuple[int, dict[str, str], bytes]
CLIENT = "entente"
_KEYS: dict[str, RSAKey] = {}


def key(kid: str) -> RSAKey:
    """A key by its id, made once in a run: they take a while."""
    if kid not in _KEYS:
        _KEYS[kid] = RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}, private=True)
    return _KEYS[kid]


def text(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forger:
    """Honest until a field says otherwise. `claims`, `metadata`, `tokens`, `info` replace what it says, None
    leaves out; `kid` signs, `published` are the keys it shows; `sign` makes the token; `slow` paths never
    answer; `answers` replace whole answers by path, `padding` makes them longer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.issuer = ""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.info: dict[str, Any] | str | None = None
        self.header: dict[str, Any] = {}
        self.kid = "k1"
        self.published = ["k1"]
        self.sign: Callable[[dict[str, Any], dict[str, Any]], str] = self._sign
        self.slow: set[str] = set()
        self.padding: dict[str, int] = {}
        self.answers: dict[str, Answer] = {}
        self.answer: dict[str, str | None] = {}
        self.asked: list[str] = []
        self.last_form: dict[str, str] = {}
        self.last_query: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}

    def now(self) -> int:
        """Seconds since 1970, by the test's clock."""
        return self.clock.now() // 1000

    def _sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, key(self.kid), algorithms=[header["alg"]])

    def id_token(self, nonce: str, access: str) -> str:
        """An ID token as `claims` and `header` bend it."""
        half = hashlib.sha256(access.encode()).digest()[:16]
        honest = {
            "iss": self.issuer,
            "sub": "sub-1",
            "aud": CLIENT,
            "exp": self.now() + 300,
            "iat": self.now(),
            "nonce": nonce,
            "at_hash": text(half),
            "name": "Ada Lemoine",
            "email": "ada@exemple.example",
            "email_verified": True,
            "acr": "eidas2",
            "sid": "sid-1",
        }
        return self.sign({"alg": "RS256", "kid": self.kid, **self.header}, _bent(honest, self.claims))

    def logout_token(self, **claims: Any) -> str:
        """A logout token."""
        honest = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": self.now(),
            "exp": self.now() + 120,
            "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            "sid": "sid-1",
            "sub": "sub-1",
        }
        return self.sign({"alg": "RS256", "kid": self.kid, "typ": "logout+jwt"}, _bent(honest, claims))

    def authorize(self, location: str) -> dict[str, str]:
        """What the browser brings back from the authorization endpoint."""
        asked = self.last_query = {name: values[0] for name, values in _query(location).items()}
        code = secrets.token_urlsafe(24)
        self._codes[code] = asked
        return _bent({"code": code, "state": asked["state"], "iss": self.issuer}, self.answer)

    def _respond(self, path: str, body: bytes) -> Answer:
        if path == "/.well-known/openid-configuration":
            return _json(_bent(self._about(), self.metadata))
        if path == "/keys":
            return _json({"keys": [key(kid).as_dict(private=False) for kid in self.published]})
        if path == "/token":
            return self._exchange(body)
        if path == "/info":
            if isinstance(self.info, str):
                return 200, {"Content-Type": "application/jwt"}, self.info.encode()
            return _json({"sub": "sub-1", **(self.info or {})})
        return 404, {}, b""

    def _about(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/info",
            "end_session_endpoint": f"{self.issuer}/end",
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": True,
        }

    def _exchange(self, body: bytes) -> Answer:
        form = self.last_form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        if text(hashlib.sha256(form["code_verifier"].encode()).digest()) != asked["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        access = "access-1"
        honest = {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"], access),
        }
        return _json(_bent(honest, self.tokens))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = urlsplit(head.split()[1]).path
            lengths = [line[15:] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            body = await reader.readexactly(int(lengths[0]) if lengths else 0)
            self.asked.append(path)
            if path in self.slow:
                await reader.read()
                return
            status, headers, said = self.answers.get(path) or self._respond(path, body)
            said += b" " * self.padding.get(path, 0)
            lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(said)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + said)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        finally:
            writer.close()


def _json(value: object, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _bent(honest: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**honest, **change}.items() if value is not None}


def _query(location: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(location).query)


def callback(asked: dict[str, str], answer: dict[str, str]) -> str:
    """The path a browser is sent back to."""
    return urlsplit(asked["redirect_uri"]).path + "?" + urlencode(answer)


@contextlib.asynccontextmanager
async def running(forger: Forger) -> AsyncIterator[Forger]:
    """On a free port of this machine."""
    server = await asyncio.start_server(forger.serve, "127.0.0.1", 0)
    forger.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield forger
    finally:
        server.close()
