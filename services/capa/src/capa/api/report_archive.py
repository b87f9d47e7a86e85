"""Many reports in one ZIP archive, sent as they are made: only one of them is held at a time."""

import hashlib
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from typing_extensions import override

from capa.api.report_writer import ReportWriter
from capa.domain.report.document import Document
from capa.usecases.report_case import ReportCase
from chassis.problems import ProblemError

MANIFEST: Final = "manifest.json"


async def archive(
    cases: Sequence[UUID], report: ReportCase, writer: ReportWriter, *, pdf: bool
) -> AsyncIterator[bytes]:
    """Report these cases as PDF or as HTML.

    What is too large for a PDF comes as HTML. The manifest names each file with the record that it was made from, and the
    SHA-256 of its content.
    """
    sink = _Sink()
    manifest: list[dict[str, Any]] = []
    with ZipFile(sink, "w", ZIP_DEFLATED) as packed:
        for each in cases:
            document = await report(each)
            name, content = await _written(document, writer, pdf=pdf)
            _add(packed, name, content, document)
            manifest.append(
                {
                    "number": document.number,
                    "title": document.subtitle,
                    "file": name,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "version": document.version,
                    "record_sha256": document.record_hash,
                    "generated_at": document.made_at.isoformat(),
                }
            )
            yield sink.taken()
        packed.writestr(MANIFEST, json.dumps({"reports": manifest}, indent=2, ensure_ascii=False))
    yield sink.taken()


async def _written(document: Document, writer: ReportWriter, *, pdf: bool) -> tuple[str, bytes]:
    if pdf:
        try:
            return f"{document.file}.pdf", await writer.pdf(document, patience_seconds=None)
        except ProblemError as problem:
            if problem.code != "report_too_large":
                raise
    return f"{document.file}.html", writer.html(document).encode()


def _add(packed: ZipFile, name: str, content: bytes, document: Document) -> None:
    made = document.made_at
    entry = ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
    entry.compress_type = ZIP_DEFLATED
    packed.writestr(entry, content)


class _Sink(io.RawIOBase):
    """Keeps what was written until it is taken; it cannot be rewound, so that the archive is written forwards only."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken
