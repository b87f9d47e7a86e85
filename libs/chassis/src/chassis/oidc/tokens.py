"""Verifies bearer tokens: the signature by the issuer's key, and the claims by what this service expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import jwt

from chassis.auth import Principal
from chassis.oidc.claims import ClaimNames, RoleMapping, principal_of
from chassis.oidc.provider import Jwk
from chassis.oidc.signing_keys import IssuerAway, SigningKeys
from chassis.refusing import Reason, Refused, unauthenticated

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Algorithms that can be allowed. Those with a shared secret are none of them: the issuer's keys are public."""

LONGEST: Final = 16_000
"""Characters of a token that is read at all."""

_KEY_OF: Final[Mapping[str, tuple[str, str | None]]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
_ALWAYS: Final = ("iss", "aud", "exp", "sub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must have; `leeway` in seconds is borne between the issuer's clock and ours."""

    issuer: str
    audiences: Sequence[str]
    algorithms: Sequence[str]
    leeway: float
    required_claims: Sequence[str]


class BearerTokens:
    """Tells whom a token stands for."""

    def __init__(self, keys: SigningKeys, expected: Expected, names: ClaimNames, roles: RoleMapping) -> None:
        self._keys = keys
        self._expected = expected
        self._names = names
        self._roles = roles

    async def principal(self, token: str) -> Principal:
        """Verify a token; raises the 401 problem, or 503 where the issuer's keys cannot be had."""
        algorithm, key_id = self._read_header(token)
        try:
            jwk = await self._keys.find(key_id)
        except IssuerAway:
            raise Refused(
                "issuer_away",
                Reason.ISSUER_AWAY,
                "The token cannot be verified just now: its issuer does not answer.",
            ) from None
        if jwk is None:
            raise unauthenticated("The token is signed by a key that its issuer does not have.")
        if not _fits(jwk, algorithm):
            raise unauthenticated("The token's algorithm is not the one of its key.", reason=Reason.ALGORITHM)
        return principal_of(self._verify(token, jwk, algorithm), self._names, self._roles)

    def _read_header(self, token: str) -> tuple[str, str | None]:
        if len(token) > LONGEST:
            raise unauthenticated("The token is too long.", reason=Reason.MALFORMED)
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise unauthenticated(
                "This is neither an API key nor a signed JWT.", reason=Reason.MALFORMED
            ) from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._expected.algorithms:
            raise unauthenticated(
                f"Tokens are signed with one of {', '.join(self._expected.algorithms)} here.",
                reason=Reason.ALGORITHM,
            )
        return algorithm, key_id

    def _verify(self, token: str, jwk: Jwk, algorithm: str) -> Mapping[str, Any]:
        expected = self._expected
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(dict(jwk), algorithm=algorithm),
                algorithms=[algorithm],
                issuer=expected.issuer,
                audience=expected.audiences,
                leeway=expected.leeway,
                options={
                    "require": [*_ALWAYS, *expected.required_claims],
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError as error:
            raise _refusal(error) from None
        return claims


def _fits(jwk: Jwk, algorithm: str) -> bool:
    kind, curve = _KEY_OF.get(algorithm, ("RSA", None))
    return (
        jwk.get("alg", algorithm) == algorithm and jwk.get("kty") == kind and curve in {None, jwk.get("crv")}
    )


_WHY: Final[tuple[tuple[type[Exception], str, Reason], ...]] = (
    (jwt.ExpiredSignatureError, "The token has expired.", Reason.EXPIRED),
    (jwt.ImmatureSignatureError, "The token is not valid yet.", Reason.NOT_YET_VALID),
    (jwt.InvalidIssuerError, "The token is of another issuer.", Reason.ISSUER),
    (jwt.InvalidAudienceError, "The token is for another audience.", Reason.AUDIENCE),
    (jwt.InvalidSignatureError, "The token's signature does not fit.", Reason.SIGNATURE),
    (jwt.InvalidKeyError, "The token's key cannot be used.", Reason.ALGORITHM),
    (jwt.PyJWKError, "The token's key cannot be used.", Reason.ALGORITHM),
)


def _refusal(error: Exception) -> Refused:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return unauthenticated(f"The token has no {error.claim}.", reason=Reason.CLAIMS)
    for kind, detail, reason in _WHY:
        if isinstance(error, kind):
            return unauthenticated(detail, reason=reason)
    return unauthenticated("The token's claims cannot be read.", reason=Reason.CLAIMS)
