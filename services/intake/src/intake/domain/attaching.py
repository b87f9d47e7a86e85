"""What a complaint's history keeps of its attachments.

A file's name may name a person, and the digest of a short text would confirm a guess at it, so that both stand beside the
chain, bound by a salted digest, and can be erased.
"""

import secrets
from datetime import datetime

from common import history
from common.actor import Actor
from intake.domain.attached_file import AttachedFile
from intake.domain.trail import Trace, digest


def trace_attached(file: AttachedFile, *, last: history.Entry, actor: Actor, now: datetime) -> Trace:
    """Continue the history with a file that was attached."""
    withheld: dict[str, object] = {
        "name": [None, file.name],
        "sha256": [None, file.sha256],
        "salt": secrets.token_hex(16),
    }
    changes = {
        "attachment_id": str(file.id),
        "media_type": file.media_type,
        "size": file.size,
        "withheld": ["name", "sha256"],
        "withheld_sha256": digest(withheld),
    }
    return Trace(history.append(last, at=now, actor=str(actor), action="attached", changes=changes), withheld)


def trace_deleted(
    file: AttachedFile, *, last: history.Entry, actor: Actor, reason: str, now: datetime
) -> Trace:
    """Continue the history with a file whose content was deleted."""
    changes = {"attachment_id": str(file.id)}
    entry = history.append(
        last, at=now, actor=str(actor), action="attachment_deleted", changes=changes, reason=reason
    )
    return Trace(entry)
