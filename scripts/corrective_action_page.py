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
