"""Writes or checks `docs/complaint-lifecycle.md`, from the table of steps and their forms: `lifecycle_page.py write|check`."""

import sys
from collections.abc import Iterable
from inspect import cleandoc
from pathlib import Path
from typing import Final

from events.catalogue import CONTRACTS
from intake.domain.complaint import ENDED, State
from intake.domain.lifecycle.facts import StepFact, WaitingBegan, WaitingEnded
from intake.domain.lifecycle.steps import EXPLAINED, RULES, StepRule
from intake.domain.lifecycle.words import Obstacle, Step
from intake.usecases.ending_forms import FORMS

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "complaint-lifecycle.md"
STATES: Final = {
    State.RECEIVED: "It is written down, and nobody has judged it.",
    State.ASSESSED: "How bad it is, whether it is reportable and justified has been judged.",
    State.INVESTIGATING: "Its owner finds out why it happened.",
    State.RESPONDED: "The customer was answered, and has not ended it yet.",
    State.CLOSED: "It is done with.",
    State.NOT_A_COMPLAINT: "It was found to be none.",
    State.LINKED: "It tells of the same thing as another complaint; it is acknowledged and answered for itself, and its other "
    "work is that one's.",
    State.REFERRED: "A body outside deals with it.",
    State.WITHDRAWN: "The complainant took it back.",
}
ONLY: Final = {Step.ASSESS: ", from received alone", Step.RESPOND: "; a duplicate stays linked"}
HEAD: Final = """\
# The complaint's lifecycle

Generated from the code; `make fmt` writes it anew. A complaint is in one state; what was done about it stands beside the state
as its `handling`. Each step is an operation, `POST /v1/complaints/{reference}/<step>` with `If-Match`, and each is in the
complaint's history. Clocks are apart from the state.

Whoever reads a complaint sees in `allowed_steps` what can be done next by the caller, and in `refused_steps` what is missing
for the rest. A step that is refused is answered with 409 `step-refused`: `missing` has the codes below, and `allowed_steps` what
is possible. Values that do not fit are 422 `step-invalid`, each named by its pointer. Texts that people write are kept beside
the history's chain of hashes, can be erased, and travel in no event.
"""
TAIL: Final = """\
## Rules beyond the table

- **A new run.** Opening a complaint again begins a new run: acknowledgement, waiver, answer, agreement, attempts and closure
  begin anew; owner, assessment and reports stay. The history keeps what was before, and `reopened` counts.
- **Waiting ends by itself** with an answer, with what the customer says about it, and with every end.
- **Two people.** Whoever owns a complaint, began or answered its investigation in this run, or waived it, does not close it
  when its severity is major or more.
- **Attempts** are dated, lie after the answer, and no two at the same instant.
- **After the end** a source may still amend what it told, which opens nothing again. Staff correct texts and personal data;
  for what was judged (channel, severity, product, category, lot, site, times) the complaint is opened again first.
- **After an erasure** of the personal data the work goes on with codes and times. What staff decided and found (reasons, finding,
  rationale, immediate action) is still taken and must hold no personal data, since it stays; a note, a reply and a withdrawal's
  reason are refused as `complaint-erased`: a reply is named by `reply_reference`. Nobody can be asked or heard any more, so that
  waiting for the customer and the customer's rejection are refused; what somebody says then is a new complaint.
- **Policy.** How long the response period is, how many attempts are enough, which closure codes there are, and whether the
  nonconformity must have a disposition first (as shipped, it must) stands in `config/closing.toml`; each closure keeps the
  policy's version. A corrective-action case or an action that is still open never keeps a complaint open.
- **capa listens.** An assessment has the complaint triaged again: it may raise a nonconformity that was declined, join one, or
  raise the severity of its own. A complaint that is rejected, withdrawn or a duplicate keeps its link and raises nothing more.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([HEAD, *_states(), "", *_diagram(), "", *_steps(), "", *_obstacles(), "", TAIL])


def _states() -> list[str]:
    rows = ["## States", "", "| state | meaning | steps |", "| --- | --- | --- |"]
    for state, meaning in STATES.items():
        steps = _codes(step for step, rule in RULES.items() if state in rule.states)
        ended = " An end." if state in ENDED else ""
        rows.append(f"| `{state}` | {meaning}{ended} | {steps} |")
    return rows


def _diagram() -> list[str]:
    moves = [
        f"    {state} --> {target}: {step}"
        for step, rule in RULES.items()
        for state in State
        if state in rule.states
        for target in State
        if target in rule.leads_to and _moves(step, state, target)
    ]
    return ["```mermaid", "stateDiagram-v2", "    [*] --> received", *moves, "```"]


def _moves(step: Step, state: State, target: State) -> bool:
    """Leave out what stays where it is, and what a step does from another of its states alone."""
    if step is Step.ASSESS:
        return state is State.RECEIVED
    if step is Step.RESPOND:
        return state is not State.LINKED
    if step is Step.REOPEN and state in {State.CLOSED, State.REFERRED}:
        return target is State.INVESTIGATING
    if step is Step.REOPEN and state is State.LINKED:
        return target is not State.INVESTIGATING
    return True


def _steps() -> list[str]:
    rows = [
        "## Steps",
        "",
        "| step | from | to | scope | may be refused with | told as |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| [`{step}`](#{step}) | {_names(rule.states)} | {_names(rule.leads_to) or 'stays'}{ONLY.get(step, '')} | `{rule.scope}` "
        f"| {_needs(rule)} | {_event(rule.fact)} |"
        for step, rule in RULES.items()
    ]
    for step in Step:
        rows += ["", f"### {step}", "", cleandoc(FORMS[step].__doc__ or ""), ""]
        rows += ["| field | | |", "| --- | --- | --- |"]
        for name, field in FORMS[step].model_fields.items():
            kind = "required" if field.is_required() else "optional"
            rows.append(f"| `{name}` | {kind} | {field.description} |")
    return rows


def _obstacles() -> list[str]:
    rows = ["## What can be missing", "", "| code | meaning | of |", "| --- | --- | --- |"]
    for obstacle in Obstacle:
        steps = _codes(step for step, rule in RULES.items() if obstacle in rule.needs) or "every step"
        rows.append(f"| `{obstacle}` | {EXPLAINED[obstacle]} | {steps} |")
    return rows


def _needs(rule: StepRule) -> str:
    return ", ".join(f"`{obstacle}`" for obstacle in rule.needs) or "its state alone"


def _names(states: frozenset[State]) -> str:
    if len(states) > len(State) // 2 + 1:
        return "all but " + ", ".join(state for state in State if state not in states)
    return ", ".join(state for state in State if state in states)


def _codes(steps: Iterable[Step]) -> str:
    return ", ".join(f"`{step}`" for step in steps)


def _event(fact: type[StepFact]) -> str:
    verb = "customer_updated" if fact in {WaitingBegan, WaitingEnded} else fact.verb
    return f"`complaint.{verb}`" if f"redress.complaint.{verb}.v1" in CONTRACTS else "not told"


def main(verb: str) -> int:
    """Write the page, or say that it is stale; gives the exit code."""
    text = page()
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    if verb == "write":
        PAGE.write_text(text)
        return 0
    print("docs/complaint-lifecycle.md is stale; make fmt writes it.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
