"""Writes or checks docs/corrective-action.md, out of the tables of the code: `corrective_action_page.py write|check`."""

import sys
from pathlib import Path
from typing import Final

from capa.api.case_steps import STEPS
from capa.domain.case.case import POSSIBLE_IN, State, Step
from capa.domain.case.clocks import CLOCK_IN
from capa.domain.case.guards import GUARDS
from events.contracts import case as told
from events.envelope import Contract

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "corrective-action.md"
_ADD: Final = "An action; a further one on a signed plan voids the signature."
_HEAD: Final = """# Corrective action

Generated from the code; `make fmt` writes it anew. How a case (CAPA) goes from a request to an end that data support. Every
read of a case lists its `allowed_steps` for the caller, and `refused_steps` with what stands in the way of each other one.

```text
requested → accepted → containment → investigating → plan_pending_approval → implementing → verifying → monitoring
          → effectiveness_review → closed_effective
requested → rejected                          plan_pending_approval → investigating (plan rejected)
verifying → implementing (sent back)          effectiveness_review → investigating (ineffective: a new round)
effectiveness_review → monitoring (inconclusive, once)      closed_effective → investigating (reopened: a new round)
any open state → on_hold → back               any open state but requested → cancelled
```

The window of monitoring ends by time: capa's worker moves the case, nobody else can.
"""

_AFTER: Final = (
    "## After the closing",
    "",
    "For as long as `recurrence` in `config/cases.toml` says, complaints of a closed case's product and category are counted from",
    "the ledger. Where the plan counts complaints, its own test is taken again after each fixed span since the closing, at a level",
    "that all these looks share; for other plans so many complaints within so many days are the limit. What recurs raises a signal",
    "with its chart (`GET /v1/signals?watch=closed-cases`), once while it lasts, and is noted in the case's `recurrences` and its",
    "history. The clock `screen` tells those who screen requests. The signal proposes to open the case again where the closing is",
    "recent, and a successor later.",
    "",
    "Somebody **confirms** it, with `cases:approve` beside `signals:write`: the case is opened in a new round, or a successor is",
    "requested (`follow` chooses the other of the two); or **dismisses** it with a reason: what was counted until then counts no",
    "more. Nothing is proposed while a case about the same product and category is open. Of several that are closed it is the one",
    "closed last. Once one is closed again, an earlier signal ends by itself.",
    "",
    "## The plan of the effect",
    "",
    "A plan whose source is `complaints` may leave `baseline_events` and `baseline_exposure` out and name a span as `baseline`:",
    "complaints received in it are counted from the ledger, against days or reported units. The case's `baseline` says what was",
    "counted and how; the signature on the plan covers it.",
    "",
    "## Risk by three ratings",
    "",
    "`config/cases.toml` has an action-priority table in the bands of the AIAG & VDA FMEA Handbook (2019). No trustworthy public copy",
    "of that table was found: those that circulate contradict one another. Check the lines against the handbook before use.",
)


def page() -> str:
    """Write the page."""
    lines = [
        _HEAD,
        "## Steps",
        "",
        "| step | from | what it does | scope | needs |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [_row(step) for step in Step]
    lines += ["", "## Clocks", "", "| state | clock |", "| --- | --- |"]
    lines += [f"| {state} | `{CLOCK_IN[state]}` |" for state in State if state in CLOCK_IN]
    lines += [
        "",
        "Beside them `complete` runs from acceptance until the plan is carried out and verified: the case's own due time, which",
        "moves by an extension alone. `config/cases.toml` has the terms, by risk.",
        "",
        *_AFTER,
        "",
        "## Events",
        "",
        "Under the case's key, beside those of its actions and deadlines:",
        "",
        "| event | told when |",
        "| --- | --- |",
    ]
    lines += [f"| `{contract.type}` | {(contract.__doc__ or '').strip()} |" for contract in _contracts()]
    return "\n".join(lines) + "\n"


def _row(step: Step) -> str:
    states = ", ".join(state for state in State if state in POSSIBLE_IN[step])
    needs = " ".join(f"{guard.demands} (`{guard.code}`)" for guard in GUARDS.get(step, ()))
    if step is Step.ADD_ACTION:
        return f"| `{step}` | {states} | {_ADD} | `cases:write` | {needs} |"
    body, scope = STEPS[step]
    does = " ".join((body.makes.__doc__ or "").split())
    return f"| `{step}` | {states} | {does} | `{scope}` | {needs} |"


def _contracts() -> list[type[Contract]]:
    return [
        value
        for value in vars(told).values()
        if isinstance(value, type) and issubclass(value, Contract) and value.__module__ == told.__name__
    ]


def main(verb: str) -> int:
    """Write the page, or say that it is stale; gives the exit code."""
    text = page()
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    if verb == "write":
        PAGE.write_text(text)
        return 0
    print("docs/corrective-action.md is stale; make fmt writes it.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
