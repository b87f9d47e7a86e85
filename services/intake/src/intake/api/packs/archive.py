"""An inspection pack as a ZIP archive that is written while it is sent, whatever the size of its attachments."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

import orjson
from typing_extensions import override

from intake.api.download import safe_name
from intake.api.packs.document import CHECKER
from intake.api.packs.page import pack_page
from intake.domain.attached_file import AttachedFile, FileState
from intake.usecases.attachments import ContentMissing, Storage

MANIFEST: Final = "MANIFEST.sha256"
_README: Final = """\
Inspection pack of complaint {number}

inspection-pack.html  everything, to read and to print
pack.json             the same for machines
attachments/          the files that were handed over, as far as they are there
verify_pack.py        checks this pack: python3 verify_pack.py .
MANIFEST.sha256       checksums of all files: sha256sum --check MANIFEST.sha256
"""


class _Outgoing(io.RawIOBase):
    """Collects what the archive writes until it is sent; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Give what is there, and forget it."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


@dataclass(slots=True)
class _Written:
    """An archive that is being written, and the checksums of what is in it."""

    out: _Outgoing
    archive: zipfile.ZipFile
    at: datetime
    sums: dict[str, str]

    def text(self, name: str, content: bytes) -> bytes:
        """Put a whole file in."""
        self.sums[name] = hashlib.sha256(content).hexdigest()
        self.archive.writestr(self._info(name), content, zipfile.ZIP_DEFLATED)
        return self.out.take()

    async def content(self, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Put a file in as it is read."""
        digest = hashlib.sha256()
        with self.archive.open(self._info(name), "w", force_zip64=True) as entry:
            async for chunk in chunks:
                digest.update(chunk)
                entry.write(chunk)
                yield self.out.take()
        self.sums[name] = digest.hexdigest()

    def end(self) -> bytes:
        """Put the checksums in, and close."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in self.sums.items())
        self.archive.writestr(self._info(MANIFEST), lines.encode())
        self.archive.close()
        return self.out.take()

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        info.external_attr = 0o644 << 16
        return info


async def pack_archive(
    document: Mapping[str, Any], kept: Sequence[AttachedFile], storage: Storage | None, *, at: datetime
) -> AsyncIterator[bytes]:
    """Write the archive; what the store has lost is left out and said to be. Raises StorageAway in the middle."""
    out = _Outgoing()
    written = _Written(out, zipfile.ZipFile(out, "w"), at, {})
    missing: list[str] = []
    yield written.text("README.txt", _README.format(number=document["complaint"]["number"]).encode())
    yield written.text(CHECKER, files("intake.api.packs").joinpath(CHECKER).read_bytes())
    yield written.text("inspection-pack.html", pack_page(document).encode())
    yield written.text("pack.json", orjson.dumps(document, option=orjson.OPT_INDENT_2))
    for file in kept:
        if file.state is not FileState.STORED:
            continue
        name = f"attachments/{_place(file.id)}-{safe_name(file.name, file.media_type)}"
        try:
            if storage is None:
                raise ContentMissing  # noqa: TRY301 - as if it were lost: it cannot be reached
            chunks = await storage.read(file.id, start=0, end=file.size)
        except ContentMissing:
            missing.append(f"{file.id}  {file.sha256}\n")
            continue
        async for part in written.content(name, chunks):
            yield part
    if missing:
        yield written.text("attachments-missing.txt", "".join(missing).encode())
    yield written.end()


def _place(file_id: UUID) -> str:
    return str(file_id)[-12:]
