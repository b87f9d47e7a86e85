"""Secrets that a service must be able to read again, encrypted in its database."""

import base64
import secrets
from functools import cached_property
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from chassis.auth import pepper_bytes
from chassis.settings import CannotStart

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class Unreadable(Exception):
    """The sealed text was made with another pepper or for another place, or is damaged."""


class Sealer:
    """Seals and opens texts with AES-256-GCM, under a key that HKDF-SHA-256 derives from the pepper for one purpose.

    Without a pepper nothing opens, and to seal raises CannotStart.
    """

    def __init__(self, pepper: SecretStr, *, purpose: str) -> None:
        self._pepper = pepper
        self._purpose = f"redress.{purpose}".encode()

    @cached_property
    def _cipher(self) -> AESGCM:
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=self._purpose)
        return AESGCM(derive.derive(pepper_bytes(self._pepper)))

    def seal(self, text: str, *, place: str) -> str:
        """Encrypt a text; `place` names where it is kept, so that it opens nowhere else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), place.encode())
        return base64.b64encode(_VERSION + nonce + sealed).decode()

    def open(self, sealed: str, *, place: str) -> str:
        """Decrypt; raises Unreadable."""
        try:
            content = base64.b64decode(sealed, validate=True)
            if content[:1] != _VERSION:
                raise Unreadable
            nonce, text = content[1 : 1 + _NONCE_BYTES], content[1 + _NONCE_BYTES :]
            return self._cipher.decrypt(nonce, text, place.encode()).decode()
        except (InvalidTag, ValueError, CannotStart) as error:
            raise Unreadable from error
