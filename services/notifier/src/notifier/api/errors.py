"""Which status each refusal has, and what a caller can do about it."""

from typing import Final

from chassis.problems import ProblemType

PROBLEMS: Final = (
    ProblemType(
        "person_unknown",
        "No such person",
        404,
        "Nobody has this id.",
        "Check the id, or list people to find it.",
    ),
    ProblemType(
        "delivery_unknown",
        "No such delivery",
        404,
        "There is no delivery with this id.",
        "Check the id, or list deliveries to find it.",
    ),
    ProblemType(
        "person_exists",
        "The id is taken",
        409,
        "Another person has this id.",
        "Update that person with PUT, or choose another id.",
    ),
    ProblemType(
        "webhook_absent",
        "The person has no webhook",
        409,
        "The step is about a webhook, and no URL is known.",
        "Update the person with a webhook_url first.",
    ),
    ProblemType(
        "delivery_unfinished",
        "The delivery is still tried by itself",
        409,
        "Only a delivery that was sent or given up can be asked for again.",
        "Wait for `next_attempt_at`, or read the delivery's attempts to see why it has not arrived.",
    ),
    ProblemType(
        "nothing_to_redeliver",
        "Nothing left to tell",
        409,
        "Every deadline that the delivery told of is met, voided or set anew; telling it again would be wrong.",
        "Read the deadlines of the delivery's notices.",
    ),
    ProblemType(
        "person_invalid",
        "The person's values break a rule",
        422,
        "A value has the right type but cannot be accepted.",
        "Correct the values that `errors` points at.",
    ),
    ProblemType(
        "ladder_invalid",
        "The ladder breaks a rule",
        422,
        "A ladder would be silent, or contradicts itself.",
        "Correct what `detail` names.",
    ),
    ProblemType(
        "calendar_invalid",
        "The calendar breaks a rule",
        422,
        "A calendar cannot be used as it is written.",
        "Correct what `detail` names.",
    ),
    ProblemType(
        "calendar_empty",
        "The calendar never opens",
        422,
        "No deadline could be computed with it.",
        "Give at least one weekday hours.",
    ),
    ProblemType(
        "holidays_unknown",
        "Holidays are not known for the year",
        422,
        "The holiday rules do not reach a year.",
        "Choose a nearer instant.",
    ),
    ProblemType(
        "no_working_time",
        "Too little working time",
        422,
        "Within three years the calendar has less working time than asked for.",
        "Choose a shorter duration or another calendar.",
    ),
    ProblemType(
        "instant_naive",
        "The instant has no offset",
        422,
        "An instant without an offset could mean any hour.",
        "Send it with an offset, such as 2026-11-23T09:00:00Z.",
    ),
    ProblemType(
        "instant_out_of_range",
        "The instant is out of range",
        422,
        "Instants lie in the years 1900 to 2199.",
        "Correct the year.",
    ),
    ProblemType(
        "duration_invalid",
        "The duration cannot be read",
        422,
        "A duration is a whole number and a unit.",
        "Write it like 2wd, 4h or 90s.",
    ),
)
