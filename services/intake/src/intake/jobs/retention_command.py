"""The command that tells what retention would erase, or erases it: `python -m intake apply-retention`."""

import json
from collections import Counter

from intake.usecases.apply_retention import ApplyRetention, DueOutcome


async def retention_command(apply: ApplyRetention, *, erase: bool) -> int:
    """Print a line for each complaint that is due, and their number; gives the exit code."""
    tally: Counter[DueOutcome] = Counter()
    async for due in apply(dry_run=not erase):
        tally[due.outcome] += 1
        _say(
            {
                "number": due.number,
                "outcome": due.outcome.value,
                "rule": due.rule,
                "due_at": due.due_at.isoformat(),
                "reason": due.reason,
            }
        )
    forgotten = await apply.forget_reads() if erase else 0
    counts = {outcome.value: tally[outcome] for outcome in DueOutcome}
    _say({"dry_run": not erase, **counts, "reads_forgotten": forgotten})
    return 0


def _say(answer: dict[str, object]) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)  # noqa: T201  (the answer of a command)
