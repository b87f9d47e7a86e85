"""What each refusal of intake is over HTTP."""

from typing import Final

from chassis.problems import ProblemType

PROBLEMS: Final = (
    ProblemType(
        "time_in_future",
        "A time lies in the future",
        422,
        "A time of the complaint lies more than 5 minutes ahead of the service's clock.",
        "Send when it really happened, with the right offset from UTC, and check the sender's clock.",
    ),
    ProblemType(
        "foreign_source_system",
        "The key speaks for another source system",
        403,
        "The API key belongs to one source system, and the complaint names another one.",
        "Leave `source_system` out, or use the key of the system that it names.",
    ),
    ProblemType(
        "step_refused",
        "The step is not possible now",
        409,
        "A rule of the complaint's lifecycle says no: its state does not allow the step, or something that the step needs is "
        "missing. `missing` has a code for each reason, what is missing and what would help; `state` is where the complaint "
        "stands, and `allowed_steps` are the steps that are possible now.",
        "Do what the entries of `missing` say, or take one of `allowed_steps`.",
    ),
    ProblemType(
        "complaint_ended",
        "The complaint has ended",
        409,
        "The complaint is closed, rejected, referred or withdrawn: what it was judged by stands as it was.",
        "Reopen the complaint, then correct it. Texts and personal data can be corrected without that.",
    ),
    ProblemType(
        "step_invalid",
        "The values of the step break a rule",
        422,
        "A value that this step needs in this state is missing, does not belong there, or does not fit what is on record.",
        "Correct what `errors` says.",
    ),
    ProblemType(
        "no_such_other_complaint",
        "The other complaint is not there",
        422,
        "The step names another complaint, and there is none of that id or number that you may see.",
        "Send the id or number of another complaint.",
    ),
    ProblemType(
        "no_such_profile",
        "There is no such mapping profile",
        422,
        "The import names a mapping profile that this service does not have.",
        "Choose one that `errors` names, or ask the operator to add a file to `config/import-profiles`.",
    ),
    ProblemType(
        "file_unreadable",
        "The file cannot be read",
        422,
        "The file as a whole does not fit: its header names unknown columns, it is empty, or it is of another kind.",
        "Correct what `errors` or `detail` says, or choose another profile, and import the file again.",
    ),
    ProblemType(
        "attachment_form_invalid",
        "The form holds no file, or more than one",
        400,
        "The form does not have the one field `file` with a file in it, or is broken off.",
        "Send multipart/form-data with one file as the field `file`, or the file itself as the body.",
    ),
    ProblemType(
        "attachment_upload_too_slow",
        "The upload took too long",
        408,
        "An upload may take an hour, and this one took longer. Nothing of it was kept.",
        "Send the file again over a faster line, or a smaller one.",
    ),
    ProblemType(
        "attachments_not_set_up",
        "This service keeps no attachments",
        409,
        "The operator set no store for attachments up.",
        "Ask the operator to set `REDRESS_INTAKE_ATTACHMENT_STORE`, or name documents by address in `attachments`.",
    ),
    ProblemType(
        "too_many_attachments",
        "The complaint has as many attachments as it may have",
        409,
        "A complaint may have only so many files, and this one has them.",
        "Delete one that is not needed, or put several documents into one file.",
    ),
    ProblemType(
        "attachment_deleted",
        "The attachment was deleted",
        410,
        "The content of the attachment was deleted for good. Its record stays.",
        "Read the record to see who deleted it, when and why.",
    ),
    ProblemType(
        "attachment_too_large",
        "The file is too large",
        413,
        "The file has more bytes than this service keeps of one. The rest of it was not read.",
        "Send a smaller file, or several.",
    ),
    ProblemType(
        "attachment_type_not_allowed",
        "Files of this type are not taken",
        415,
        "The media type is not among those that this service takes, or the file's type cannot be told.",
        "Send one of the types that `detail` names, with its Content-Type.",
    ),
    ProblemType(
        "range_not_satisfiable",
        "The content has no such bytes",
        416,
        "The range that was asked for begins behind the end of the content, or is empty.",
        "Ask for a range within the size that `Content-Range` names.",
    ),
    ProblemType(
        "attachment_name_invalid",
        "The file's name cannot be kept",
        422,
        "The name is empty, too long, or holds control characters.",
        "Send another name.",
    ),
    ProblemType(
        "attachment_empty",
        "The file is empty",
        422,
        "The file has no content.",
        "Send the file with its content.",
    ),
    ProblemType(
        "attachment_content_mismatch",
        "The content is not of its type",
        422,
        "The file does not begin as files of its media type do.",
        "Send the file's true Content-Type; text must be UTF-8 or another encoding without zero bytes.",
    ),
    ProblemType(
        "attachment_checksum_mismatch",
        "The content is not the one that was sent",
        422,
        "The SHA-256 of the content that arrived differs from the one in `X-Checksum-SHA256`.",
        "Compute the checksum over the file alone, without the form around it, and send both again.",
    ),
    ProblemType(
        "attachment_content_missing",
        "The content is missing",
        500,
        "The record of the attachment is there, but the store has no such content: it was lost or is restored in part.",
        "Tell the operator the id of the attachment, so that the store is restored from its backup.",
    ),
    ProblemType(
        "attachment_storage_away",
        "The store of attachments is away",
        503,
        "The store of attachments cannot be reached, is full or refuses. Nothing was kept.",
        "Wait for the time in `Retry-After`, then send the same request again.",
    ),
)
"""The problem types that intake adds to those of all services."""
