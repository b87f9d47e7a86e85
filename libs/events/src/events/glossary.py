"""What each field name means, once for all contracts, with an example; and which key each story is told under.

A name means the same wherever it stands. Where a noun needs words of its own, `<noun>.<field>` comes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from events.catalogue import ANNOUNCES
from events.contracts.words import (
    ActionKind,
    ClosureGround,
    EffectivenessResult,
    Level,
    Punctuality,
    Reportability,
    Severity,
    SignalVerdict,
    TriageOutcome,
    Validity,
    Waiting,
)
from events.envelope import Contract, Part

COMPLAINT: Final = UUID("0195573e-5c00-7000-8000-00000000c001")
MASTER: Final = UUID("0195573e-5800-7000-8000-00000000c005")
NONCONFORMITY: Final = UUID("0195573e-6000-7000-8000-00000000c002")
ACTION: Final = UUID("0195573e-6400-7000-8000-00000000c003")
NOTICE: Final = UUID("0195573e-6800-7000-8000-00000000c004")
CASE: Final = UUID("0195573e-7400-7000-8000-00000000c007")
CAUSE: Final = UUID("0195573e-7000-7000-8000-00000000c006")

SIGNAL: Final = UUID("0195573e-6c00-7000-8000-00000000c005")

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_DUE: Final = NOON + timedelta(days=2, hours=4)


@dataclass(frozen=True, slots=True)
class Term:
    """What a field says, in one sentence, and a value it could have."""

    meaning: str
    example: Any


@dataclass(frozen=True, slots=True)
class Story:
    """What orders the events about a noun (`key`) and what each is about (`subject`), with an example of both."""

    key: str
    subject: str
    key_example: UUID
    subject_example: UUID


STORIES: Final[Mapping[tuple[str, str], Story]] = {
    ("intake", "complaint"): Story("the complaint", "the complaint", COMPLAINT, COMPLAINT),
    ("intake", "deadline"): Story("the complaint", "the complaint", COMPLAINT, COMPLAINT),
    ("intake", "deadlines"): Story("the complaint", "the complaint", COMPLAINT, COMPLAINT),
    ("capa", "triage"): Story("the complaint", "the complaint", COMPLAINT, COMPLAINT),
    ("capa", "nonconformity"): Story("the nonconformity", "the nonconformity", NONCONFORMITY, NONCONFORMITY),
    ("capa", "action"): Story("the nonconformity or case", "the action", NONCONFORMITY, ACTION),
    ("capa", "case"): Story("the case", "the case", CASE, CASE),
    ("capa", "extension"): Story("the case", "the subject", CASE, CASE),
    ("capa", "deadline"): Story(
        "the nonconformity or case that the subject belongs to", "the subject", NONCONFORMITY, ACTION
    ),
    ("capa", "signal"): Story("the signal", "the signal", SIGNAL, SIGNAL),
    ("notifier", "deadline"): Story("the deadline's subject", "the deadline's subject", ACTION, ACTION),
    ("notifier", "notice"): Story("the deadline's subject", "the deadline's subject", ACTION, ACTION),
}
"""The story that a service tells about a noun."""

_EXPLANATION: Final = {
    "calendar": {"name": "default", "version": "2026.1", "zone": "Europe/Berlin", "holidays": "DE"},
    "rule": "2wd",
    "start": {"utc": "2026-03-02T12:00:00Z", "local": "2026-03-02T13:00:00+01:00"},
    "due": {"utc": "2026-03-04T16:00:00Z", "local": "2026-03-04T17:00:00+01:00"},
    "steps": [
        {"kind": "counted_day", "date": "2026-03-03", "number": 1, "to": "17:00", "note": ""},
        {"kind": "counted_day", "date": "2026-03-04", "number": 2, "to": "17:00", "note": ""},
    ],
}

_RESPOND: Final = {
    "clock": "final-response",
    "generation": 1,
    "title": "Respond: loans / fees (C-10001)",
    "due_at": _DUE,
    "owner": "lending.team",
    "team": "lending",
    "ladder": "default",
    "calendar": "default/2026.1",
    "policy_version": "2026.1",
    "explanation": _EXPLANATION,
    "kind": "respond",
    "ordinal": 1,
    "started_at": NOON,
    "original_due_at": _DUE,
}
_UPDATE: Final = {
    **_RESPOND,
    "clock": "update",
    "title": "Tell the complainant how it stands: loans / fees (C-10001)",
    "kind": "update",
}

TERMS: Final[Mapping[str, Term]] = {
    "accepted_at": Term("When the complainant agreed.", NOON),
    "notice.acknowledged_at": Term("When somebody said that they are on it.", NOON),
    "acknowledged_at": Term("When the complainant was told that we have it.", NOON),
    "assessed_at": Term("When it was assessed.", NOON),
    "capa_reference": Term("The corrective action that is required; null where none is.", "CAPA-1001"),
    "capa_required": Term("Whether a corrective action is required; null where nobody said.", True),
    "closed_at": Term("When it was closed.", NOON),
    "closure_code": Term("How it ended, as a code of the organisation's policy.", "resolved"),
    "complexity": Term("How hard it is to find out and to put right.", Level.LOW),
    "ground": Term("What allowed it to be closed.", ClosureGround.ACCEPTED),
    "immediate_action": Term("Whether something must be done at once.", False),
    "impact": Term("How many it touches, or could touch.", Level.MEDIUM),
    "implication": Term("What it means beyond this one complaint.", Level.MEDIUM),
    "investigated": Term("Whether an investigation led to the answer.", True),
    "linked_at": Term("When it was linked.", NOON),
    "master_id": Term("The complaint that it is handled with.", MASTER),
    "master_number": Term("That complaint's number.", "C-10000"),
    "complaint.owner": Term("The person or desk who owns the complaint.", "credit.team"),
    "previous_severity": Term("How bad it was thought to be until then.", Severity.MINOR),
    "previous_state": Term("Where it stood before.", "closed"),
    "referred_at": Term("When it was referred.", NOON),
    "referred_to": Term("The body outside that deals with it.", "financial-ombudsman"),
    "rejected_at": Term("When it was rejected.", NOON),
    "reopened_at": Term("When it was taken up again.", NOON),
    "report_to": Term("The authorities that must be told.", ("market-surveillance",)),
    "reportability": Term("Whether an authority must be told; null where nobody looked.", Reportability.YES),
    "responded_at": Term("When the answer was sent.", NOON),
    "run": Term("Which run of the complaint's handling it is, counted from 1.", 1),
    "safety_flag": Term("Whether somebody's safety is at risk.", False),
    "started_at": Term("When it began.", NOON),
    "state": Term("Where it stands now.", "investigating"),
    "answer_by": Term("By when a holding reply promised the answer; null where there was none.", NOON),
    "told_at": Term("When the complainant was told, or heard from.", NOON),
    "told_through": Term("The way the complainant was told; null where nobody was told.", "email"),
    "validity": Term("Whether it is justified.", Validity.JUSTIFIED),
    "waiting": Term("Whether the waiting for the complainant began or ended by it.", Waiting.BEGAN),
    "withdrawn_at": Term("When it was taken back.", NOON),
    "action_id": Term("The action.", ACTION),
    "attempts": Term("How often it was tried.", 8),
    "aware_at": Term("When the organisation first knew of it.", NOON),
    "breached_at": Term("When the notifier saw that the due instant had passed.", _DUE),
    "calendar": Term("The working calendar that counted the time, with its version.", "default/2026.1"),
    "cancelled_at": Term("When it was cancelled.", NOON),
    "case.accepted_at": Term("When it was accepted.", NOON),
    "actions": Term("How many actions belong to it.", 3),
    "approved_at": Term("When it was signed.", NOON),
    "approver": Term("The person who approves; never the owner.", "quinn.ash"),
    "authorised_by": Term("Who authorised the use as is; null for other dispositions.", "quinn.ash"),
    "case_id": Term("The corrective-action case.", CASE),
    "case_needed": Term("Whether a corrective-action case was found to be needed.", True),
    "cause_id": Term("The cause.", CAUSE),
    "cause_kind": Term(
        "Whether it is why the trouble happened (root) or why nobody noticed (escape).", "root"
    ),
    "contained_at": Term("When the containment was validated.", NOON),
    "containment_needed": Term("Whether anything had to be contained.", True),
    "cycle": Term("Counts the rounds through investigation, plan and check, from 1.", 1),
    "case.number": Term("The case's number.", "CA-1001"),
    "extension.number": Term("The subject's number.", "CA-1001"),
    "case.explanation": Term("Why, in the words of whoever decided.", "All affected letters are recalled."),
    "case.reason": Term("Why, in the words of whoever did it.", "The same fee was charged again."),
    "extension.reason": Term("Why, in the words of whoever did it.", "The supplier delivers in a week."),
    "extension.subject_id": Term("What is to be done later.", CASE),
    "extension.subject_kind": Term("What kind of thing `subject_id` names.", "case"),
    "dispositions": Term("What is done with what is affected, each once.", ("rework", "use_as_is")),
    "dispositioned_at": Term("When that was decided.", NOON),
    "ends_at": Term("When the window ends.", NOON + timedelta(days=90)),
    "granted": Term("Whether the later due time was granted.", True),
    "held_at": Term("When the wait began.", NOON),
    "implemented_at": Term("When the last action was reported as done.", NOON),
    "method": Term("The method that found it.", "five_whys"),
    "nonconformity_ids": Term("The nonconformities that it answers.", (NONCONFORMITY,)),
    "proposed_due_at": Term("The due time that is asked for.", _DUE + timedelta(days=7)),
    "rationale": Term("Why, in the words of whoever decided.", "Re-labelled stock meets the drawing."),
    "case.complaints": Term("How many complaints show it.", 9),
    "proposal": Term("What is proposed: to reopen the case, or a successor of it.", "reopen"),
    "signal.proposal": Term(
        "What is proposed about the closed case: to reopen it, or a successor; null for other signals.",
        "reopen",
    ),
    "recurred_at": Term("When that was found.", NOON),
    "signal.case_id": Term(
        "The case: on raising the closed one whose trouble came back, on a decision the one that it led to; null for other "
        "signals.",
        CASE,
    ),
    "signal_number": Term("The signal's number.", "S-1001"),
    "recurrence_of": Term("The closed case whose trouble came back; null where it is the first.", CASE),
    "rejection": Term("Why it is no case, as a code.", "does_not_meet_criteria"),
    "requested_at": Term("When it was asked for.", NOON),
    "result": Term("What the check of the effect said.", EffectivenessResult.EFFECTIVE),
    "case.resumed_at": Term("When work went on.", NOON),
    "risk": Term("The level of risk that the policy found.", "medium"),
    "statement": Term("The cause, in a sentence.", "The fee table is not reviewed after a change of tariff."),
    "verified_at": Term("When somebody else confirmed it.", NOON),
    "category": Term("What kind of trouble it is.", "fees"),
    "changed": Term("The names of the fields that changed.", ("category", "lot")),
    "channel": Term("The way the recipient was told.", "email"),
    "clock": Term("Which of the subject's clocks it is; subject and clock name the deadline.", "complete"),
    "cleared_at": Term("When it ended.", NOON),
    "complaint.channel": Term("The way the complaint came in.", "phone"),
    "complaint_id": Term("The complaint.", COMPLAINT),
    "complaint_number": Term("The complaint's number.", "C-10001"),
    "complaints": Term("How many complaints belong to it now.", 2),
    "completed_at": Term("When it was done.", _DUE - timedelta(hours=3)),
    "decided_at": Term("When it was decided.", NOON),
    "signal.category": Term("What kind of trouble it is; null where all kinds are taken together.", "fees"),
    "signal.complaints": Term("How many complaints are evidence.", 12),
    "due_at": Term("When it must be done at the latest.", _DUE),
    "explanation": Term("Why, in a sentence that a person can follow.", "Severity major: a nonconformity."),
    "deadline.explanation": Term(
        "How the due instant came about: the calendar, the rule, each interval counted.", _EXPLANATION
    ),
    "deadline.kind": Term(
        "What the clock is for, whatever it is named; null where its owner tells clocks apart by name alone.",
        "respond",
    ),
    "deadline.original_due_at": Term(
        "The due instant that the clock had first; null with `kind`.", _DUE - timedelta(days=1)
    ),
    "deadline.started_at": Term("From when the clock counts; null with `kind`.", NOON),
    "deadlines": Term(
        "What each deadline has of its own; whoever acts on one acts on its highest generation only, as if told alone.",
        (_RESPOND, _UPDATE),
    ),
    "deadlines.link": Term("Where a person finds the subject.", f"/v1/complaints/{COMPLAINT}"),
    "deadlines.parent_id": Term("What the subject belongs to; null where it stands alone.", None),
    "deadlines.parent_kind": Term("What kind of thing `parent_id` names.", None),
    "deadlines.subject_id": Term("What the deadlines are about.", COMPLAINT),
    "deadlines.subject_kind": Term("What kind of thing `subject_id` names.", "complaint"),
    "fallback": Term("The person who was told instead; null where there was none.", "head.of.quality"),
    "signal.explanation": Term(
        "Which point of which chart broke the rule, with its limits, in a sentence.",
        "loans / fees: the point of 2026-02-01 lies beyond the control limit of the u chart of watch category.",
    ),
    "first_at": Term("When the evidence begins.", NOON - timedelta(days=29)),
    "generation": Term(
        "Rises whenever due instant, calendar, ladder or owner change; only the highest one counts.", 1
    ),
    "historical": Term(
        "Whether it was imported as past: it is on record, and nobody is told about it.", False
    ),
    "kind": Term("What the action is for.", ActionKind.CONTAINMENT),
    "ladder": Term("The escalation ladder to climb; null for the notifier's default.", "default"),
    "last_at": Term("When the evidence ends.", NOON - timedelta(days=1)),
    "link": Term("Where a person finds the subject.", f"/v1/actions/{ACTION}"),
    "lot": Term("The lot or batch of the product; null where none was named.", "L-2026-014"),
    "maybe_duplicate": Term(
        "Whether it may have been sent before: the process died between sending and recording.", False
    ),
    "met_at": Term("When it was done, by the owning service's own timestamps.", _DUE - timedelta(hours=3)),
    "nonconformity_id": Term("The nonconformity; null where there is none.", NONCONFORMITY),
    "nonconformity_number": Term("The nonconformity's number; null where there is none.", "NC-1001"),
    "next_at": Term(
        "When the next step comes, if nothing is done; null where none comes.", _DUE + timedelta(days=1)
    ),
    "next_step": Term("The step that comes next; null where none comes.", "overdue-manager"),
    "notice_id": Term("The notice.", NOTICE),
    "complaint.number": Term("The complaint's number.", "C-10001"),
    "nonconformity.number": Term("The nonconformity's number.", "NC-1001"),
    "signal.number": Term("The signal's number.", "S-1001"),
    "action.number": Term("The action's number.", "A-1001"),
    "occurred_at": Term("When the trouble happened; null where nobody said.", NOON - timedelta(days=1)),
    "origin": Term("Where it was noticed.", "complaint"),
    "ordinal": Term("Counts the clocks of this name that the subject has had, from 1; null with `kind`.", 1),
    "original_due_at": Term("The due instant that was set first.", _DUE - timedelta(days=1)),
    "outcome": Term("What the complaint leads to.", TriageOutcome.RAISED),
    "owner": Term("The person or desk who must do it; null where nobody was found.", "lending.team"),
    "action.owner": Term("The person or desk who must do it.", "lending.team"),
    "parent_id": Term("What the subject belongs to; null where it stands alone.", NONCONFORMITY),
    "action.parent_id": Term("What the action belongs to.", NONCONFORMITY),
    "parent_kind": Term("What kind of thing `parent_id` names.", "nonconformity"),
    "paused_at": Term("When its time began to stand still.", NOON),
    "policy_version": Term("The version of the policy that decided it.", "2026.1"),
    "phase_begins_at": Term(
        "When the new level began from which limits are frozen anew; null where the limits stay.", NOON
    ),
    "previous_due_at": Term("The due instant until now.", _DUE - timedelta(days=1)),
    "previous_owner": Term("The owner until now.", "quality.desk"),
    "product": Term("What was complained about.", "loans"),
    "punctuality": Term("Whether it was done by the due instant.", Punctuality.EARLY),
    "raised_at": Term("When it was raised.", NOON),
    "reason": Term("Why, as a code.", "rule.major"),
    "action.reason": Term("Why, in the words of whoever did it.", "The lending team owns the fee tables."),
    "deadline.reason": Term("Why, as a code.", "cancelled"),
    "notice.reason": Term("Why, as a code.", "mailbox_unavailable"),
    "received_at": Term("When the organisation got it; periods are counted from here.", NOON),
    "recipient": Term("The person who was to be told.", "lending.team"),
    "reported_severity": Term("How bad the source says it is.", Severity.MAJOR),
    "resumed_at": Term("When its time ran on.", NOON + timedelta(days=1)),
    "role": Term("Who should have been told: the role in the ladder.", "owner"),
    "rule": Term("The rule that was broken, such as a control chart's test.", "beyond_limit"),
    "signal.reason": Term("Why, in the words of whoever decided.", "A new fee table since January."),
    "sent_at": Term("When the channel took it.", _DUE + timedelta(seconds=5)),
    "severity": Term("How bad the consequence is.", Severity.MAJOR),
    "signal_id": Term("The signal.", SIGNAL),
    "site": Term(
        "The site that it concerns, such as a plant, a branch or a place of manufacture; null where none was named.",
        "plant-2",
    ),
    "signal.site": Term(
        "The site that it concerns; null where all are taken together, or the complaints name none.",
        "plant-2",
    ),
    "snoozed_at": Term("When somebody asked for it.", NOON),
    "source_system": Term("The system that handed it over.", "crm"),
    "step": Term("The step of the escalation ladder.", "overdue"),
    "subject_id": Term("What the deadline is about.", ACTION),
    "subject_kind": Term("What kind of thing `subject_id` names.", "action"),
    "team": Term("The team of the owner; null where none is named.", "lending"),
    "title": Term("What is to be done, in a line.", "Contain: loans / fees (A-1001)"),
    "until": Term("Until when it counts.", _DUE + timedelta(hours=4)),
    "verdict": Term("Whether it was taken for a trend.", SignalVerdict.CONFIRMED),
    "watch": Term("What is watched, by the name that the policy gives it.", "category"),
    "why": Term(
        "Why, in the words of whoever said so; null where the owner gave no reason.",
        "The supplier answers tomorrow.",
    ),
    "warned_at": Term("When the reminder fired.", _DUE - timedelta(days=1)),
}


def names_of(contract: type[Contract]) -> tuple[str, str, int]:
    """Split a contract's type into noun, verb and major version."""
    _, noun, verb, version = contract.type.split(".")
    return noun, verb, int(version.removeprefix("v"))


def term_of(contract: type[Contract | Part], field: str) -> Term:
    """Tell what a field of a contract or part means; raises KeyError where the glossary does not know it."""
    noun = contract.noun if issubclass(contract, Part) else names_of(contract)[0]
    return TERMS.get(f"{noun}.{field}") or TERMS[field]


def story_of(service: str, contract: type[Contract]) -> Story:
    """Tell under which key a service announces a contract; raises KeyError where the glossary does not know it."""
    return STORIES[service, names_of(contract)[0]]


def announcers_of(contract: type[Contract]) -> tuple[str, ...]:
    """List the services that announce a contract; the one that the examples are about comes first."""
    noun = names_of(contract)[0]
    found = [service for service, contracts in ANNOUNCES.items() if contract in contracts]
    about = TERMS["subject_id"].example
    return tuple(sorted(found, key=lambda service: STORIES[service, noun].subject_example != about))
