"""A bucket of an S3-compatible store, for several machines."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store
from pydantic import SecretStr

from intake.usecases.attachments import ContentMissing, StorageAway

if TYPE_CHECKING:
    from obstore.store import S3Config

PART_BYTES: Final = 5 * 1024 * 1024
"""The least that S3 takes as a part of an upload; up to so much is held in memory for each upload."""

_BLOCK_BYTES: Final = 262_144
_PARTS_AT_ONCE: Final = 2
_CONNECT_WITHIN: Final = timedelta(seconds=5)
_ANSWER_WITHIN: Final = timedelta(seconds=60)
_RETRY_WITHIN: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is and how to get in; without an endpoint it is one of AWS.

    Without a key the standard variables, a web identity or the machine's role say who asks.
    """

    name: str
    region: str
    endpoint: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    prefix: str = ""
    virtual_hosted: bool = False


class S3Storage:
    """Keeps each content as an object that is named by a prefix and its id.

    A content of more than one part is uploaded in parts, and is there once all of them are. What a killed process leaves of
    such an upload is no object; the bucket's own rule for incomplete uploads removes it.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._prefix = bucket.prefix
        key, secret = bucket.access_key_id, bucket.secret_access_key
        config: S3Config = {
            "region": bucket.region,
            "virtual_hosted_style_request": bucket.virtual_hosted,
            # Not every compatible store knows how to delete several objects at once, and here it is one.
            "disable_bulk_delete": True,
        }
        if key is not None and secret is not None:
            config["access_key_id"] = key.get_secret_value()
            config["secret_access_key"] = secret.get_secret_value()
        if bucket.endpoint is not None:
            config["endpoint"] = bucket.endpoint
        self._store = S3Store(
            bucket.name,
            config=config,
            client_options={
                "allow_http": (bucket.endpoint or "").startswith("http://"),
                "connect_timeout": _CONNECT_WITHIN,
                "timeout": _ANSWER_WITHIN,
            },
            retry_config={"max_retries": 3, "retry_timeout": _RETRY_WITHIN},
        )

    async def write(self, file_id: UUID, chunks: AsyncIterator[bytes]) -> None:
        """Return once the whole content lasts; whatever breaks it off leaves none. Raises StorageAway."""
        parts = _parts(chunks)
        first = await anext(parts, b"")
        second = await anext(parts, None)
        try:
            if second is None:
                await obstore.put_async(self._store, self._name(file_id), first, use_multipart=False)
                return
            await obstore.put_async(
                self._store,
                self._name(file_id),
                _joined(first, second, parts),
                chunk_size=PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except (BaseError, OSError) as error:
            raise StorageAway(f"the bucket of attachments: {error}") from error

    async def read(self, file_id: UUID, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Open the bytes from `start` up to but not including `end`; raises ContentMissing and StorageAway."""
        try:
            found = await obstore.get_async(self._store, self._name(file_id), options={"range": (start, end)})
        except FileNotFoundError:
            raise ContentMissing(str(file_id)) from None
        except (BaseError, OSError) as error:
            raise StorageAway(f"the bucket of attachments: {error}") from error
        return _blocks(found)

    async def delete(self, file_id: UUID) -> None:
        """Remove the content; nothing happens where there is none. Raises StorageAway."""
        try:
            await obstore.delete_async(self._store, self._name(file_id))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise StorageAway(f"the bucket of attachments: {error}") from error

    def _name(self, file_id: UUID) -> str:
        return f"{self._prefix}{file_id}"


async def _joined(first: bytes, second: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for part in others:
        yield part


async def _parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)


async def _blocks(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for block in found.stream(min_chunk_size=_BLOCK_BYTES):
        yield bytes(block)
