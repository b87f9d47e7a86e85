"""D3, D5 and D6: what contains it, what is to be done, and that it was done."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.case.case import Case
from capa.domain.report.analysing import named
from capa.domain.report.document import Block, Drawing, Facts, Heading, Paragraph, Pending, Table
from capa.domain.report.effect_chart import judged_chart, planned_chart, rate, target
from capa.domain.report.words import NONE, Wording, code, person, text_or
from quality.words import number, percent

_COUNTED: Final = {
    "reported": "the reviewer, from the organisation's own figures",
    "complaints": "Redress, from the complaints on record about the product and category",
}
"""Where the figures of a check come from."""


def containment(case: Case, actions: Sequence[Action], now: datetime, words: Wording) -> Iterable[Block]:
    """Say what contains the trouble, how that was validated, and when it was taken away again."""
    own = [each for each in actions if each.kind == "containment"]
    if own:
        yield actions_table(own, now, words)
    if case.containment is None:
        yield Pending("Containment is not validated yet.")
    else:
        name = "Validation" if case.containment.needed else "Why none was needed"
        yield Facts(
            (
                ("Needed", "Yes" if case.containment.needed else "No"),
                (name, case.containment.explanation),
                ("Validated by", words.signed(case.containment.validated_by, case.containment.validated_at)),
            )
        )
    yield _removal(case)


def _removal(case: Case) -> Block:
    if case.verification is None:
        return Pending("That the containment was removed is not confirmed yet (D6).")
    return Facts((("Removed", case.verification.containment_removed),))


def chosen_actions(case: Case, actions: Sequence[Action], words: Wording) -> Iterable[Block]:
    """List the actions of the plan with the causes that they act on, and the approval."""
    names = named(case)
    planned = [each for each in actions if each.kind != "containment"]
    if planned:
        yield Table(
            ("Action", "Kind", "What", "Against"),
            tuple(
                (
                    each.number,
                    code(each.kind),
                    each.title,
                    ", ".join(names.get(cause, str(cause)) for cause in each.causes) or NONE,
                )
                for each in planned
            ),
            (1, 1.3, 4, 2),
        )
    else:
        yield Pending("No corrective action is chosen yet.")
    signature = case.signed("plan")
    if signature is None:
        yield Pending("The plan is not approved yet, or was changed since its approval.")
    else:
        name = f"{signature.printed_name} ({person(signature.signer)})"
        yield Facts((("Approved by", f"{name}, {words.moment(signature.signed_at)}"),))
    yield Heading("How the effect is judged")
    plan = case.effect_plan
    if plan is None:
        yield Pending("How the effect will be judged is not fixed yet.")
        return
    yield Facts(
        (
            ("What is counted", plan.metric),
            ("Counted against", plan.exposure_unit),
            ("Counted by", _COUNTED[plan.source]),
            ("Before the work", f"{plan.baseline_events} in {number(plan.baseline_exposure)}"),
            *((("Baseline", case.baseline.explanation),) if case.baseline is not None else ()),
            ("Reduction aimed at", f"{percent(plan.reduction)}, to a rate of {number(target(plan))}"),
            ("Test", f"{code(plan.test)}, at a significance of {number(plan.significance)}"),
            (
                "Window",
                f"{plan.window_days} days, beginning {plan.start_delay_days} days after the verification",
            ),
        )
    )


def implementation(case: Case, actions: Sequence[Action], now: datetime, words: Wording) -> Iterable[Block]:
    """Show what was done by whom and when, what confirmed it, and whether it had the effect."""
    if actions:
        yield actions_table(actions, now, words)
    else:
        yield Pending("There is no action yet.")
    yield Heading("Verification")
    if case.verification is None:
        yield Pending("That the plan was carried out is not verified yet.")
    else:
        done = case.verification
        yield Facts(
            (
                ("Seen", done.statement),
                (
                    "Adverse effects",
                    f"{'Yes' if done.adverse_effects else 'None'}: {done.adverse_effects_explanation}",
                ),
                ("Containment removed", done.containment_removed),
                ("Verified by", words.signed(done.verified_by, done.verified_at)),
            )
        )
    yield Heading("Effectiveness")
    yield from _effect(case, words)


def _effect(case: Case, words: Wording) -> Iterable[Block]:
    if case.monitoring_from is not None:
        longer = " (extended once)" if case.window_extended else ""
        window = f"{words.moment(case.monitoring_from)} to {words.moment(case.monitoring_until)}{longer}"
        yield Facts((("Window of monitoring", window),))
    for review in case.reviews:
        plan = case.effect_plan if review.cycle == case.cycle else None
        before = rate(review.baseline_events, review.baseline_exposure)
        after = rate(review.events, review.exposure)
        round_ = "" if case.cycle == 1 else f" of round {review.cycle}"
        yield Paragraph(f"Result{round_}: {review.result.value}. {review.explanation}")
        yield Drawing(
            judged_chart(review, plan),
            "Rate before the work and in the window; thin lines are exact intervals of 95 %, the dashed one the target",
        )
        probability = "not defined" if review.p_value is None else number(review.p_value)
        yield Facts(
            (
                ("Before the work", f"{before.events} in {number(before.exposure)}: {before.said}"),
                ("In the window", f"{after.events} in {number(after.exposure)}: {after.said}"),
                ("With the same cause", f"{review.same_cause}, of severity major or worse"),
                ("p-value", probability),
                ("Reckoning", " ".join(review.reckoning)),
                ("Judged by", words.signed(review.reviewed_by, review.reviewed_at)),
            )
        )
    if case.review is None:
        if case.effect_plan is not None:
            yield Drawing(planned_chart(case.effect_plan), "Rate before the work, and the target (dashed)")
        yield Pending("The effect of this round is not judged yet.")


def actions_table(actions: Sequence[Action], now: datetime, words: Wording) -> Table:
    """List actions with owner, due, done, evidence and verification; what they cost is not for a customer."""
    return Table(
        ("Action", "What", "Owner", "Due", "Done", "Evidence", "Verified"),
        tuple(
            (
                each.number,
                f"{each.title} ({code(each.kind).lower()})",
                person(each.owner, text_or(each.team, "Nobody yet")),
                _due(each, words),
                _done(each, now, words),
                text_or(each.evidence),
                _verified(each, words),
            )
            for each in actions
        ),
        (1, 2.6, 1.2, 1.5, 1.6, 2.2, 2.2),
    )


def _due(action: Action, words: Wording) -> str:
    moved = f" (first {words.day(action.original_due_at)})" if action.due_changes else ""
    asked = ""
    if action.extension is not None:
        asked = f" (until {words.day(action.extension.due_at)} asked for: {action.extension.reason})"
    return words.day(action.due.at) + moved + asked


def _done(action: Action, now: datetime, words: Wording) -> str:
    if action.state is ActionState.CANCELLED:
        return f"Cancelled {words.day(action.cancelled_at)}"
    if action.completed_at is None:
        waiting = "Planned, not begun" if action.state is ActionState.PLANNED else "Not yet"
        return f"{waiting}, overdue" if action.is_overdue(now) else waiting
    late = " (late)" if action.punctuality == "late" else ""
    by = f" by {person(action.completed_by)}" if action.completed_by else ""
    return f"{words.day(action.completed_at)}{late}{by}"


def _verified(action: Action, words: Wording) -> str:
    if action.check is None:
        return NONE if action.state is ActionState.CANCELLED else "Not yet"
    return f"{action.check.statement} ({person(action.check.by)}, {words.day(action.check.at)})"
