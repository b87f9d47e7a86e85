"""Signatures over HTTP: whoever signs proves anew who they are, within the request that signs."""

from datetime import timedelta
from typing import Final

from fastapi import Request

from capa.api.parts import SignatureIn
from capa.domain.case.signing import Pledge
from capa.domain.errors import SignatureInvalid
from chassis.auth import Principal, prove_again
from chassis.refusing import Refused
from common.clock import Clock
from common.refusals import FieldError

FRESH: Final = timedelta(minutes=5)
"""An access token that signs was issued, or its person logged in, at most so long ago."""


async def pledge_of(given: SignatureIn, request: Request, by: Principal, clock: Clock) -> Pledge:
    """Check that the credential is the caller's own and fresh; refuses with SignatureInvalid."""
    try:
        principal = await prove_again(request, given.credential.get_secret_value(), within=FRESH, now=clock())
    except Refused as refused:
        raise _refused(str(refused.detail)) from None
    if principal.actor != by.actor:
        raise _refused("The credential is somebody else's.")
    return Pledge(given.printed_name, "access_token" if principal.credential == "token" else "api_key")


def _refused(detail: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"The signature is refused. {detail}",
        FieldError(
            "/signature/credential",
            "credential_refused",
            detail,
            "give your own API key again, or an access token from a login of the last five minutes",
        ),
    )
