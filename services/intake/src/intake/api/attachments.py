"""`/v1/complaints/{reference}/attachments`: hand files over, list, download and delete them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from chassis.auth import Principal, requires
from chassis.etags import etag, expected_version
from chassis.idempotency import HEADER, REPLAYED, read_key
from chassis.problems import ProblemError, from_field
from common.refusals import Refusal
from intake.api.attachment_counting import DOWNLOADS, FAILURES, REFUSED, UPLOADED_BYTES, UPLOADS
from intake.api.complaints import Reference
from intake.api.describing import etag_of
from intake.api.download import headers_of, tag_of, wanted
from intake.api.personal_reads import ReadRecorder
from intake.api.schemas import FileOut, FilesOut
from intake.api.shaping import FILES, shape_file
from intake.api.upload_body import CHECKSUM, CHECKSUM_PATTERN, FIELD, FORM, Body, read_checksum, read_upload
from intake.domain.attached_file import AttachedFile, FileDeleted, FileState
from intake.usecases.attach_file import Attach, AttachFile, AttachOutcome
from intake.usecases.attachments import ContentMissing, Files, NotSetUp, Storage, StorageAway
from intake.usecases.delete_attachment import DeleteAttachment, DeleteFile
from intake.usecases.personal_reads import ReadOperation
from intake.usecases.ports import RequestKey

PATH: Final = "/v1/complaints/{reference}/attachments"
WRITE: Final = "attachments:write"
DELETE: Final = "attachments:delete"
FORM_OVERHEAD_BYTES: Final = 65_536
"""What a form may have around its file."""

_JSON: Final = "application/json"
_ETAG: Final = etag_of("record")
_RETRY: Final = {"Retry-After": "5"}
_CLOSE: Final = {"Connection": "close"}

FileId = Annotated[UUID, Path(description="Id of the attachment.")]
Reader = Annotated[Principal, requires(FILES)]
Writer = Annotated[Principal, requires(WRITE)]
Deleter = Annotated[Principal, requires(DELETE)]


@dataclass(frozen=True, slots=True)
class Store:
    """What needs the store: it is absent where the operator set none up."""

    attach: AttachFile
    delete: DeleteAttachment
    storage: Storage


@dataclass(frozen=True, slots=True)
class AttachmentServices:
    """What these routes need."""

    files: Files
    store: Store | None
    reads: ReadRecorder

    def open_store(self) -> Store:
        """Give the store; raises NotSetUp."""
        if self.store is None:
            raise NotSetUp
        return self.store


def attachments_router(services: AttachmentServices) -> APIRouter:
    """Make the routes."""
    router = APIRouter(tags=["attachments"])
    _add_handing_over(router, services)
    _add_reading(router, services)
    _add_deleting(router, services)
    return router


def _add_handing_over(router: APIRouter, services: AttachmentServices) -> None:
    location = {"Location": {"description": "Address of the attachment.", "schema": {"type": "string"}}}
    binary = {"type": "string", "format": "binary"}

    @router.post(
        PATH,
        summary="Attach a file to a complaint",
        status_code=HTTPStatus.CREATED,
        response_model=FileOut,
        responses={
            200: {
                "model": FileOut,
                "description": "The complaint has this content already; it is attached once.",
                "headers": location,
            },
            201: {"description": "Content and record are safely written down.", "headers": location},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    FORM: {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: binary}}},
                    "application/octet-stream": {"schema": binary},
                },
            },
            "parameters": [
                _header(HEADER, "Makes a repeat of this request safe; kept for 7 days.", "8f14e45f-ceea"),
                _header(
                    CHECKSUM,
                    "SHA-256 of the file in hexadecimal; other content is refused.",
                    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    pattern=CHECKSUM_PATTERN,
                ),
                _header(
                    "Content-Disposition",
                    "Names the file, where the body is the file itself and no form.",
                    'attachment; filename="receipt.pdf"',
                ),
            ],
        },
    )
    async def attach_file(request: Request, reference: Reference, principal: Writer) -> Response:
        """Hand over one file: as the field `file` of a form, or as the body itself.

        A body of its own has the file's type in Content-Type and its name in Content-Disposition. The content must be of its media type, and is neither unpacked nor interpreted. The same content is attached to a
        complaint once, whichever name it has. Scope: attachments:write. A key of a source system sees that system's
        complaints alone.
        """
        store = services.open_store()
        checksum, use = read_checksum(request), read_key(request, principal, b"")
        key = None if use is None else RequestKey(use.actor, use.method, use.route, use.key, use.fingerprint)
        body = Body(request)
        command = Attach(reference, principal.actor, principal.source_system, checksum, key)
        with _told(body):
            done = await store.attach(command, await read_upload(request, body))
        UPLOADS.labels(done.outcome.value).inc()
        if done.outcome is AttachOutcome.STORED:
            UPLOADED_BYTES.inc(done.file.size)
        status = HTTPStatus.OK if done.outcome is AttachOutcome.UNCHANGED else HTTPStatus.CREATED
        headers = {"Location": f"/v1/complaints/{done.file.complaint_id}/attachments/{done.file.id}"}
        if done.outcome is AttachOutcome.REPLAYED:
            headers |= REPLAYED
        return Response(orjson.dumps(shape_file(done.file)), status, headers, _JSON)


def _add_reading(router: APIRouter, services: AttachmentServices) -> None:
    @router.get(PATH, summary="List a complaint's attachments", response_model=FilesOut)
    async def list_attachments(
        reference: Reference,
        principal: Reader,
        *,
        deleted: Annotated[
            bool, Query(description="Whether those are shown whose content was deleted.")
        ] = False,
    ) -> Response:
        """List the files of a complaint, first to last. Scope: attachments:read."""
        found = await services.files.list(reference, within=principal.source_system, deleted=deleted)
        return Response(orjson.dumps({"items": [shape_file(file) for file in found]}), media_type=_JSON)

    @router.get(
        PATH + "/{attachment_id}",
        summary="Read an attachment's record",
        response_model=FileOut,
        responses={200: {"headers": _ETAG}},
    )
    async def read_attachment(reference: Reference, attachment_id: FileId, principal: Reader) -> Response:
        """Read what is known about a file, also of one whose content was deleted. Scope: attachments:read."""
        return _shown(await services.files.find(reference, attachment_id, within=principal.source_system))

    @router.get(
        PATH + "/{attachment_id}/content",
        summary="Download an attachment",
        response_class=StreamingResponse,
        responses={
            200: {
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
                "description": "The content, to be saved.",
            },
            206: {
                "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
                "description": "The bytes that Range asked for.",
            },
            304: {"description": "The content that If-None-Match names is still right."},
        },
        openapi_extra={
            "parameters": [
                _header("Range", "Which bytes to send; one range.", "bytes=0-1023"),
                _header("If-Range", "ETag of the content that the range continues.", None),
                _header("If-None-Match", "ETag of a content that is already there.", None),
            ]
        },
    )
    async def download_attachment(
        request: Request, reference: Reference, attachment_id: FileId, principal: Reader
    ) -> Response:
        """Fetch the content of a file, or a part of it. Scope: attachments:read. Each fetch is recorded.

        It comes with its checksum, under a safe name, and to be saved rather than shown.
        """
        store = services.open_store()
        file = await services.files.find(reference, attachment_id, within=principal.source_system)
        if file.state is FileState.DELETED:
            raise FileDeleted
        headers = headers_of(file)
        if request.headers.get("if-none-match") in {tag_of(file), "*"}:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        part = wanted(request.headers, file)
        start, end = part or (0, file.size)
        # It may hold whatever the complainant wrote, so that it is recorded like who complains.
        await services.reads(principal, ReadOperation.ATTACHMENT, [file.complaint_id])
        with _told():
            content = await store.storage.read(file.id, start=start, end=end)
        DOWNLOADS.inc()
        headers["Content-Length"] = str(end - start)
        status = HTTPStatus.OK
        if part is not None:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        return StreamingResponse(content, status, headers | {"Content-Type": file.media_type})


def _add_deleting(router: APIRouter, services: AttachmentServices) -> None:
    if_match = _header("If-Match", "ETag of the record that was read.", '"v1"') | {"required": True}

    @router.delete(
        PATH + "/{attachment_id}",
        summary="Delete an attachment's content",
        response_model=FileOut,
        responses={200: {"headers": _ETAG}},
        openapi_extra={"parameters": [if_match]},
    )
    async def delete_attachment(
        request: Request,
        reference: Reference,
        attachment_id: FileId,
        principal: Deleter,
        reason: Annotated[
            str,
            Query(
                min_length=3,
                max_length=500,
                description="Why, for the history; without personal data.",
                examples=["Sent by mistake"],
            ),
        ],
    ) -> Response:
        """Delete the content of a file for good; its record stays, with who did it, when and why.

        Doing it again changes nothing. Scope: attachments:delete.
        """
        expected = expected_version(request)
        store = services.open_store()
        command = DeleteFile(
            reference, attachment_id, reason, principal.actor, principal.source_system, expected
        )
        return _shown(await store.delete(command))


def _shown(file: AttachedFile) -> Response:
    return Response(orjson.dumps(shape_file(file)), headers={"ETag": etag(file.version)}, media_type=_JSON)


@contextmanager
def _told(body: Body | None = None) -> Iterator[None]:
    """Turn what the store says into problems, and end the connection where a body is refused before it was read."""
    try:
        yield
    except StorageAway as away:
        FAILURES.labels("away").inc()
        raise ProblemError(
            "attachment_storage_away", "The store of attachments cannot be reached just now.", headers=_RETRY
        ) from away
    except ContentMissing as missing:
        FAILURES.labels("missing").inc()
        raise ProblemError(
            "attachment_content_missing", "The store has no content of this attachment."
        ) from missing
    except Refusal as refusal:
        if body is None:
            raise
        UPLOADS.labels(REFUSED).inc()
        if body.ended:
            raise
        raise ProblemError(
            refusal.code,
            refusal.detail,
            errors=[from_field(error) for error in refusal.errors],
            headers=_CLOSE,
        ) from refusal
    except ProblemError as problem:
        if body is not None:
            UPLOADS.labels(REFUSED).inc()
            if not body.ended:
                problem.headers = {**(problem.headers or {}), **_CLOSE}
        raise


def _header(name: str, description: str, example: str | None, pattern: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", "maxLength": 1_000}
        if pattern is None
        else {"type": "string", "pattern": pattern},
    }
    return found if example is None else found | {"example": example}
