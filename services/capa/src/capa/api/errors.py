"""Which status each refusal has, and what a caller can do about it."""

from typing import Final

from chassis.problems import ProblemType

PROBLEMS: Final = (
    ProblemType(
        "nonconformity_not_found",
        "No such nonconformity",
        404,
        "There is no nonconformity with this id or number.",
        "Check the id, or the number such as NC-1001; list nonconformities to find it.",
    ),
    ProblemType(
        "action_not_found",
        "No such action",
        404,
        "There is no action with this id or number.",
        "Check the id, or the number such as A-1001; list actions to find it.",
    ),
    ProblemType(
        "step_not_possible",
        "The action's state does not allow this step",
        409,
        "A completed or cancelled action takes no further step, an action with an owner is reassigned rather than "
        "assigned, and one without an owner must be assigned before it is completed.",
        "Read the action again and take one of its `allowed_steps`, which `detail` lists too.",
    ),
    ProblemType(
        "reason_missing",
        "The step needs a reason",
        422,
        "Those who look at the history later must be able to see why this was done.",
        "Send a `reason` that is not blank.",
    ),
    ProblemType(
        "evidence_missing",
        "The completion needs evidence",
        422,
        "An action is completed on evidence: what shows that it was done.",
        "Send `evidence` that is not blank, such as where the result can be seen.",
    ),
    ProblemType(
        "owner_unchanged",
        "The owner is the same",
        422,
        "The action has this owner and team already.",
        "Name another owner or another team.",
    ),
    ProblemType(
        "due_unchanged",
        "The due instant is the same",
        422,
        "The action is due at this instant already.",
        "Choose another instant.",
    ),
    ProblemType(
        "due_in_past",
        "The due instant has passed",
        422,
        "An action cannot be moved to an instant that has passed: it would be late from the start.",
        "Choose an instant in the future.",
    ),
    ProblemType(
        "completion_time_invalid",
        "The completion time is not possible",
        422,
        "An action can be completed from when it was given until now.",
        "Correct `completed_at`, or leave it out for now.",
    ),
    ProblemType(
        "duration_invalid",
        "The duration cannot be read",
        422,
        "A duration is a whole number and a unit.",
        "Send one such as 3wd (working days), 4wh (working hours), 2d (days) or 90s (seconds).",
    ),
    ProblemType(
        "instant_naive",
        "The time has no offset",
        422,
        "A time without an offset from UTC could mean any hour.",
        "Add the offset, as in 2026-11-22T10:30:00+01:00, or Z.",
    ),
    ProblemType(
        "instant_out_of_range",
        "The time is out of range",
        422,
        "Times lie between the years 1900 and 2199.",
        "Send a nearer time.",
    ),
    ProblemType(
        "no_working_time",
        "The calendar has too little working time",
        422,
        "The calendar does not reach the duration within three years.",
        "Send a shorter duration, or a due instant.",
    ),
    ProblemType(
        "holidays_unknown",
        "The holidays of a year are not known",
        422,
        "The holiday rules do not reach the year, and guessing that it has no holidays would be wrong in silence.",
        "Send a shorter duration, or a due instant.",
    ),
    ProblemType(
        "calendar_invalid",
        "A calendar is not valid",
        500,
        "A calendar of this service breaks a rule.",
        "Tell the operator.",
    ),
    ProblemType(
        "calendar_empty",
        "A calendar never opens",
        500,
        "A calendar of this service has no working time at all.",
        "Tell the operator.",
    ),
    ProblemType(
        "term_invalid",
        "A term is not valid",
        500,
        "A term of this service's policy contradicts itself.",
        "Tell the operator.",
    ),
    ProblemType(
        "pause_invalid",
        "A pause is not valid",
        500,
        "A pause that this service recorded ends before it begins.",
        "Tell the operator.",
    ),
)
