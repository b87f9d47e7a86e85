"""A real OIDC issuer on a free port of this machine: discovery, a key set that rotates, and tokens signed with its keys."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

AUDIENCE = "redress"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def rsa_key(*, other: bool = False) -> rsa.RSAPrivateKey:
    """One of two RSA keys that are made once, since making them takes its time."""
    return _OTHER_RSA if other else _RSA


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def public_jwk(key: PrivateKey, key_id: str, **more: Any) -> dict[str, Any]:
    """The public half of a key as the issuer publishes it."""
    match key:
        case rsa.RSAPrivateKey():
            found = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            found = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            found = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"use": "sig", "kid": key_id, **found, **more}


def encoded(part: bytes | dict[str, Any]) -> str:
    """A part of a token that is written by hand."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Issuer:
    """What it publishes, what it answers, and what it was asked."""

    url: str
    keys: dict[str, tuple[PrivateKey, str]] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    mood: str = "well"
    discovery: dict[str, Any] = field(default_factory=dict)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    def add_key(self, key: PrivateKey, key_id: str, algorithm: str, **more: Any) -> None:
        """Sign with a key from now on, and publish its public half."""
        self.keys[key_id] = key, algorithm
        self.published.append(public_jwk(key, key_id, **more))

    def drop_key(self, key_id: str) -> None:
        """Publish a key no more."""
        self.published = [key for key in self.published if key["kid"] != key_id]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token; a claim that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "8f3c-ada",
            "iat": now,
            "exp": now + 300,
            "scope": "openid things:read",
            "azp": "desk",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, key_id: str = "rsa-1", *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
        """A token signed with one of its keys."""
        key, algorithm = self.keys[key_id]
        return jwt.encode(
            self.claims(**changes), key, algorithm=algorithm, headers={"kid": key_id} | (headers or {})
        )

    @property
    def key_questions(self) -> int:
        """How often it was asked for its keys."""
        return self.asked.count("/keys")

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        match self.mood:
            case "down":
                return Response(status_code=500)
            case "silent":
                await self.waiting.wait()
            case "moved":
                return RedirectResponse(f"{self.url}/elsewhere")
            case "endless":
                return Response(b'{"keys": [' + b" " * 600_000 + b"]}", media_type="application/json")
            case "nonsense":
                return Response(b"<html>", media_type="text/html")
            case _:
                pass
        if request.url.path == "/keys":
            return JSONResponse({"keys": self.published})
        return JSONResponse({"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.discovery)


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """An issuer that runs, with one RSA key."""
    listening = socket.create_server(("127.0.0.1", 0))
    issuer = Issuer(f"http://127.0.0.1:{listening.getsockname()[1]}")
    issuer.add_key(rsa_key(), "rsa-1", "RS256")
    paths = ("/.well-known/openid-configuration", "/keys", "/elsewhere")
    app = Starlette(routes=[Route(path, issuer.answer) for path in paths])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server._serve([listening]))
    try:
        yield issuer
    finally:
        issuer.waiting.set()
        server.should_exit = True
        await task
        listening.close()
