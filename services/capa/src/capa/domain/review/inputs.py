"""What a management review takes into account by ISO 9001:2015, 9.3.2, in words of our own, and who has what Redress has not."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Input:
    """One input: what the records answer, and what is missing and from whom it comes; None where the records have all."""

    clause: str
    title: str
    here: str | None
    missing: str | None
    who: str | None


INPUTS: Final = (
    Input(
        "a",
        "Actions from earlier reviews",
        "Actions that were given in Redress stand under c4; which of them a review gave is not on record",
        "what earlier reviews decided, and how far that is",
        "whoever keeps the minutes of the reviews",
    ),
    Input(
        "b",
        "Changes inside and outside that matter to the quality system",
        None,
        "changes of law, market, technology and organisation",
        "top management",
    ),
    Input(
        "c1",
        "Customer satisfaction and feedback",
        "Complaints received, what they were about, and how soon they were triaged",
        "surveys, praise and lost customers, and what other interested parties say",
        "customer service and sales",
    ),
    Input(
        "c2",
        "Quality objectives",
        "The figures of the period beside those of the one before",
        "the objectives, and whether each was met",
        "whoever is responsible for each objective",
    ),
    Input(
        "c3",
        "Performance of processes, conformity of products and services",
        "Trend signals with their charts, and complaints for each million units",
        "yield, scrap, rework and other figures of the processes",
        "whoever is responsible for each process",
    ),
    Input(
        "c4",
        "Nonconformities and corrective action",
        "Nonconformities, cases, checks of the effect, actions, what is late, and costs",
        None,
        None,
    ),
    Input(
        "c5",
        "Monitoring and measurement",
        "What is monitored here: times and punctuality (c2), charts (c3), checks of the effect (c4)",
        "results of inspections and tests, and the state of measuring equipment",
        "whoever is responsible for inspection",
    ),
    Input(
        "c6",
        "Audit results",
        "Nonconformities that audits found",
        "the programme of audits and their reports",
        "whoever plans the audits",
    ),
    Input(
        "c7",
        "External providers",
        "Nonconformities of suppliers",
        "deliveries, ratings and what was agreed with each provider",
        "purchasing",
    ),
    Input(
        "d",
        "Whether resources suffice",
        "Open and overdue actions by who has them",
        "the judgement whether people, equipment and money suffice",
        "top management",
    ),
    Input(
        "e",
        "Effect of what was done about risks and opportunities",
        "Open cases by risk, trends that were confirmed, and results of checks of the effect",
        "the register of risks and opportunities, and the judgement of what was done about them",
        "whoever is responsible for each risk",
    ),
    Input(
        "f",
        "Opportunities for improvement",
        "The few kinds of complaints that make up most",
        "what the review decides to improve",
        "the review itself",
    ),
)
"""All of them, in the order of the standard."""
