"""What the API counts about attachments."""

from typing import Final

from prometheus_client import Counter

from intake.usecases.attach_file import AttachOutcome

REFUSED: Final = "refused"

UPLOADS: Final = Counter(
    "attachment_uploads_total",
    "Files handed over for complaints, by what came of them: stored, unchanged where the complaint has the same content, "
    "replayed by an Idempotency-Key, or refused for size, type, checksum or name.",
    ["outcome"],
)
UPLOADED_BYTES: Final = Counter("attachment_uploaded_bytes_total", "Bytes of the files that were stored.")
DOWNLOADS: Final = Counter("attachment_downloads_total", "Contents of attachments that were sent, parts too.")
FAILURES: Final = Counter(
    "attachment_storage_failures_total",
    "Requests that found the store of attachments away, or a content missing in it.",
    ["reason"],
)
for _outcome in (*AttachOutcome, REFUSED):
    UPLOADS.labels(str(_outcome))
for _reason in ("away", "missing"):
    FAILURES.labels(_reason)
