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
)
"""The problem types that intake adds to those of all services."""
