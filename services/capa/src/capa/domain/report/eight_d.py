"""The 8D report of a case, from its record alone: D0 to D8, with "not yet" where the record has nothing yet.

The disciplines are Ford's Global 8D: symptom and emergency action (D0), team, problem, interim containment, root cause and
escape point, chosen actions, implementation, prevention, recognition and closing (D8).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from capa.domain.action import Action
from capa.domain.case.case import FINAL, Case, State
from capa.domain.case.plain import plain
from capa.domain.case.signing import hash_of
from capa.domain.report.analysing import causes
from capa.domain.report.document import (
    Block,
    Document,
    Facts,
    Heading,
    Kind,
    Paragraph,
    Pending,
    Section,
    Table,
)
from capa.domain.report.doing import actions_table, chosen_actions, containment, implementation
from capa.domain.report.ending import closing, prevention
from capa.domain.report.words import NONE, Wording, answered, code, person, text_or, written
from capa.domain.risk import Risk

_QUESTIONS: Final = (
    ("What", "what"),
    ("Where", "where"),
    ("When", "when"),
    ("Who", "who"),
    ("Why it is a problem", "why"),
    ("How it shows", "how"),
    ("How many", "how_many"),
)


@dataclass(frozen=True, slots=True)
class Reported:
    """A nonconformity that the case answers, as the report names it."""

    number: str
    severity: str
    raised_at: datetime
    complaints: int
    description: str
    actions: tuple[Action, ...] = ()


def eight_d(
    case: Case,
    actions: Sequence[Action],
    reported: Sequence[Reported],
    *,
    now: datetime,
    words: Wording,
) -> Document:
    """Write the report of a case as of an instant."""
    record = {"case": case, "actions": tuple(actions), "nonconformities": tuple(reported)}
    record_hash = hash_of(plain(record))
    return Document(
        kind=Kind.EIGHT_D,
        file=f"{case.number}-8D",
        title=f"8D report {case.number}",
        subtitle=case.title,
        number=case.number,
        version=case.version,
        record_hash=record_hash,
        made_at=now,
        made=f"Generated {words.moment(now)} from version {case.version} of the record",
        head=_head(case, now, words, record_hash),
        sections=(
            Section("D0 Symptom and emergency response", tuple(_symptom(case, reported, now, words))),
            Section("D1 Team", tuple(_team(case))),
            Section("D2 Problem", tuple(_problem(case))),
            Section("D3 Interim containment", tuple(containment(case, actions, now, words))),
            Section("D4 Root cause and escape point", tuple(causes(case, words))),
            Section("D5 Chosen corrective actions", tuple(chosen_actions(case, actions, words))),
            Section("D6 Implementation and validation", tuple(implementation(case, actions, now, words))),
            Section("D7 Prevention of recurrence", tuple(prevention(case, words))),
            Section("D8 Recognition and closing", tuple(closing(case, words))),
        ),
    )


def _head(case: Case, now: datetime, words: Wording, record_hash: str) -> Facts:
    overdue = " (overdue)" if case.due and case.due.at < now and case.closed_at is None else ""
    moved = f", first set for {words.day(case.original_due_at)}" if case.due_changes else ""
    rows = [
        ("State", _state(case, words)),
        ("Product", case.product),
        ("Category", case.category),
        ("Severity", code(case.severity.value)),
        ("Risk", "Not assessed yet" if case.risk is None else code(case.risk.level.value)),
        ("Owner", person(case.owner, "Not named yet")),
        ("Approver", person(case.approver, "Not named yet")),
        ("Requested", words.signed(case.requested_by, case.requested_at)),
        ("Accepted", words.moment(case.accepted_at, "Not yet")),
        ("Due", f"{words.moment(case.due.at)}{moved}{overdue}" if case.due else "Not set yet"),
        ("Round", str(case.cycle)),
        ("Record", f"{case.number}, version {case.version}\nSHA-256 {record_hash}"),
    ]
    if case.extension is not None:
        asked = f"until {words.moment(case.extension.due_at)}: {case.extension.reason}"
        rows.insert(
            -2, ("Extension asked for", f"{asked} ({person(case.extension.requested_by)}; not decided yet)")
        )
    return Facts(tuple(rows))


def _state(case: Case, words: Wording) -> str:
    if case.hold is not None:
        return (
            f"{code(case.state.value)} since {words.moment(case.hold.held_at)}, from {code(case.hold.state)}"
        )
    ended = f" on {words.moment(case.closed_at)}" if case.state in FINAL and case.closed_at else ""
    return code(case.state.value) + ended


def _symptom(case: Case, reported: Sequence[Reported], now: datetime, words: Wording) -> Iterable[Block]:
    yield written(case.description, "Nothing was described beside the title when the case was requested.")
    if case.hold is not None:
        yield Paragraph(f"On hold: {case.hold.reason} ({words.signed(case.hold.held_by, case.hold.held_at)})")
    if case.state is State.REJECTED and case.rejection is not None:
        yield Paragraph(
            f"The request was rejected ({code(case.rejection.value)}): {text_or(case.ended_because)}"
        )
    if case.state is State.CANCELLED:
        yield Paragraph(f"The case was cancelled: {text_or(case.ended_because)}")
    if case.recurrence_of is not None:
        yield Paragraph(f"It is the recurrence of the trouble of an earlier case ({case.recurrence_of}).")
    if reported:
        yield Table(
            ("Nonconformity", "Severity", "Raised", "Complaints", "Description"),
            tuple(
                (
                    each.number,
                    code(each.severity),
                    words.day(each.raised_at),
                    str(each.complaints),
                    text_or(each.description),
                )
                for each in reported
            ),
            (1.7, 1, 1.2, 1.4, 3),
        )
        if len(reported) < len(case.nonconformity_ids):
            yield Paragraph(f"and {len(case.nonconformity_ids) - len(reported)} more nonconformities.")
        if immediate := [action for each in reported for action in each.actions]:
            yield Heading("Actions on the nonconformities")
            yield actions_table(immediate, now, words)
    elif case.recurrence_of is None:
        yield Pending("No nonconformity is linked yet.")
    if case.risk is not None:
        yield Facts(_risk(case.risk))


def _risk(risk: Risk) -> tuple[tuple[str, str], ...]:
    rows = [
        ("Recurrence when assessed", code(risk.recurrence.value)),
        ("Risk found by", f"{code(risk.table)}, policy version {risk.policy_version}"),
    ]
    if risk.ratings is not None:
        given = risk.ratings
        rated = f"severity {given.severity}, occurrence {given.occurrence}, detection {given.detection}"
        rows.append(("Ratings (1 to 10)", rated))
    return tuple(rows)


def _team(case: Case) -> Iterable[Block]:
    if not case.team:
        yield Pending("No team is named yet.")
        return
    roles = [(each.person, each.role) for each in case.team]
    people = [(case.owner, "Owner"), (case.approver, "Approver")]
    yield Table(
        ("Person", "Role"),
        (*((person(name), role) for name, role in people if name), *roles),
        (1, 2),
    )


def _problem(case: Case) -> Iterable[Block]:
    problem = case.problem
    if problem is None:
        yield Pending("The problem statement is not written yet.")
        return
    yield Paragraph(problem.statement)
    yield Heading("5W2H")
    yield from answered([(name, getattr(problem, field)) for name, field in _QUESTIONS], "Not answered yet")
    yield Heading("Is / is not")
    if not problem.comparison:
        yield Pending("Nothing is compared yet.")
        return
    yield Table(
        ("Aspect", "Is", "Is not", "Distinction"),
        tuple(
            (each.aspect, each.is_, each.is_not, text_or(each.distinction, NONE))
            for each in problem.comparison
        ),
        (1, 2, 2, 2),
    )
