"""Secrets that a service must be able to read again, encrypted in its database."""

import base64
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import AfterValidator, SecretStr

from chassis.auth import MINIMAL_PEPPER, pepper_bytes
from chassis.settings import CannotStart
from chassis.webhooks.signing import PREFIX

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if 0 < len(secret.get_secret_value()) < MINIMAL_PEPPER:
        raise ValueError(f"is too short: set it to {MINIMAL_PEPPER} or more random characters")
    return secret


SealingKey = Annotated[SecretStr, AfterValidator(_long_enough)]
"""A setting that holds a secret to seal under; empty is none."""


class Unreadable(Exception):
    """The sealed text was made with another key or for another place, or is damaged."""


class Sealer:
    """Seals and opens texts with AES-256-GCM, under a key that HKDF-SHA-256 derives from a secret for one purpose.

    What was sealed under one of the `former` secrets opens too. Without a secret, to seal raises CannotStart.
    """

    def __init__(self, secret: SecretStr, *, purpose: str, former: Sequence[SecretStr] = ()) -> None:
        self._secret = secret
        self._former = tuple(each for each in former if _is_usable(each))
        self._purpose = f"redress.{purpose}".encode()

    @property
    def can_seal(self) -> bool:
        """Whether there is a secret to seal under."""
        return _is_usable(self._secret)

    def seal(self, text: str, *, place: str) -> str:
        """Encrypt a text; `place` names where it is kept, so that it opens nowhere else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._present.encrypt(nonce, text.encode(), place.encode())
        return base64.b64encode(_VERSION + nonce + sealed).decode()

    def open(self, sealed: str, *, place: str) -> str:
        """Decrypt; raises Unreadable."""
        try:
            return _decrypted(self._present, sealed, place)
        except (Unreadable, CannotStart):
            for cipher in self._earlier:
                try:
                    return _decrypted(cipher, sealed, place)
                except Unreadable:
                    continue
        raise Unreadable

    def is_current(self, sealed: str, *, place: str) -> bool:
        """Tell whether a text is sealed under the present secret."""
        try:
            _decrypted(self._present, sealed, place)
        except Unreadable:
            return False
        return True

    @cached_property
    def _present(self) -> AESGCM:
        return self._cipher(self._secret)

    @cached_property
    def _earlier(self) -> tuple[AESGCM, ...]:
        return tuple(self._cipher(each) for each in self._former)

    def _cipher(self, secret: SecretStr) -> AESGCM:
        derive = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=self._purpose)
        return AESGCM(derive.derive(pepper_bytes(secret)))


def sealer_of(*, key: SecretStr, former: SecretStr, pepper: SecretStr, purpose: str) -> Sealer:
    """Seal under the key, or under the pepper where there is none; what any of the three sealed opens."""
    present = key if key.get_secret_value() else pepper
    return Sealer(present, purpose=purpose, former=[each for each in (former, pepper) if each is not present])


def secret_of(kept: str, sealer: Sealer, *, place: str) -> str:
    """Read a webhook secret, also one from before secrets were sealed; raises Unreadable."""
    return kept if kept.startswith(PREFIX) else sealer.open(kept, place=place)


def place_of(table: str, row: object) -> str:
    """Name the place of what is sealed in one row of a table."""
    return f"{table}/{row}"


def _is_usable(secret: SecretStr) -> bool:
    return len(secret.get_secret_value()) >= MINIMAL_PEPPER


def _decrypted(cipher: AESGCM, sealed: str, place: str) -> str:
    try:
        content = base64.b64decode(sealed, validate=True)
        if content[:1] != _VERSION:
            raise Unreadable
        nonce, text = content[1 : 1 + _NONCE_BYTES], content[1 + _NONCE_BYTES :]
        return cipher.decrypt(nonce, text, place.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error
