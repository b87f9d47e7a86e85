"""A file that was handed over for a complaint, and what is refused about one."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from common.refusals import Conflicting, FieldError, Missing, Refusal, Unacceptable

LONGEST_NAME: Final = 255


class FileState(StrEnum):
    """Where an attached file stands, as those see it who may read it."""

    STORED = "stored"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file of a complaint: its content lies in the store under `id`; `size` in bytes, `sha256` in hexadecimal.

    Once it is deleted the record stays and the content goes; `removed_at` is when it went. An erasure empties its name and
    digest too.
    """

    id: UUID
    complaint_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime
    state: FileState = FileState.STORED
    deleted_by: str | None = None
    deleted_at: datetime | None = None
    deletion_reason: str | None = None
    removed_at: datetime | None = None

    @property
    def version(self) -> int:
        """Its version as in the ETag of its record: a record changes once, when the content is deleted."""
        return 1 if self.state is FileState.STORED else 2


def checked_name(name: str) -> str:
    """Give the name as it is, if it can be kept; raises NameInvalid.

    Any path in it is kept too: it is data and never becomes a place in the store.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise NameInvalid(f"must have 1 to {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise NameInvalid("must hold no control characters")
    return name


class NoSuchFile(Missing):
    """There is no such attachment, or none that this caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no attachment of this id that you may see.")


class FileDeleted(Refusal):
    """The content was deleted; the record alone is left."""

    code: ClassVar[str] = "attachment_deleted"

    def __init__(self) -> None:
        super().__init__("The attachment was deleted; its record says when, by whom and why.")


class NameInvalid(Unacceptable):
    """The name of the file cannot be kept."""

    code: ClassVar[str] = "attachment_name_invalid"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The file's name {what}.",
            FieldError("Content-Disposition", "attachment_name_invalid", what, "send another name"),
        )


class FileEmpty(Unacceptable):
    """The file has no content."""

    code: ClassVar[str] = "attachment_empty"

    def __init__(self) -> None:
        super().__init__("The file is empty.")


class FileTooLarge(Refusal):
    """The file has more bytes than are kept of one."""

    code: ClassVar[str] = "attachment_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"The file is larger than {most} bytes.")


class TypeNotAllowed(Refusal):
    """Files of this type are not taken."""

    code: ClassVar[str] = "attachment_type_not_allowed"

    def __init__(self, media_type: str, allowed: frozenset[str]) -> None:
        what = f"Files of type {media_type} are" if media_type else "A file whose type cannot be told is"
        super().__init__(f"{what} not taken here; send one of {', '.join(sorted(allowed))}.")


class ContentMismatch(Unacceptable):
    """The content is not what its media type says."""

    code: ClassVar[str] = "attachment_content_mismatch"

    def __init__(self, media_type: str) -> None:
        super().__init__(f"The content does not begin as {media_type} does.")


class ChecksumMismatch(Unacceptable):
    """The content that arrived is not the one that was sent."""

    code: ClassVar[str] = "attachment_checksum_mismatch"

    def __init__(self, found: str) -> None:
        super().__init__(f"The content that arrived has the SHA-256 {found}.")


class TooManyFiles(Conflicting):
    """The complaint has as many attachments as one may have."""

    code: ClassVar[str] = "too_many_attachments"

    def __init__(self, most: int) -> None:
        super().__init__(f"The complaint has {most} attachments already, which is as many as one may have.")


class UploadGivenUp(Refusal):
    """The upload took longer than one may."""

    code: ClassVar[str] = "attachment_upload_too_slow"

    def __init__(self) -> None:
        super().__init__("The upload took too long and was given up.")
