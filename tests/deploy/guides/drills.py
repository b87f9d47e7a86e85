"""What the drills share: commands as a person at a terminal gives them, and the services' books side by side."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local import postgres
from local.postgres import Server
from tests.support.running import SERVICES, RunningSystem
from tests.support.waiting import until


def own_environment(system: RunningSystem, **more: str) -> Mapping[str, str]:
    """The environment of an operator of this system: its settings, its databases, and PostgreSQL's own programs."""
    described = system.described
    databases: Mapping[str, str] = described["databases"]
    urls = {
        f"REDRESS_{name.removeprefix('redress_').upper()}_DATABASE_URL": databases[name] for name in databases
    }
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(postgres._binaries()), system.environment["PATH"]]
    )
    return {
        **system.environment,
        "REDRESS_TRANSPORT": described["transport"],
        **urls,
        "PATH": path,
        **more,
    }


def shell(script: str, environment: Mapping[str, str]) -> str:
    """Run a block of a guide; gives what it printed."""
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def ask(url: str, sql: str) -> list[Any]:
    """Ask a database; gives the rows as JSON has them."""
    query = f"SELECT coalesce(json_agg(found), '[]') FROM ({sql}) AS found"  # noqa: S608  (the drills' own text)
    rows: list[Any] = json.loads(Server.ask(url, query))
    return rows


class Books:
    """What the services have on record."""

    def __init__(self, databases: Mapping[str, str]) -> None:
        self._urls = {service: databases[f"redress_{service}"] for service in SERVICES}

    def ask(self, service: str, sql: str) -> list[Any]:
        return ask(self._urls[service], sql)

    def ids(self, service: str, table: str) -> set[str]:
        return {row["id"] for row in self.ask(service, f"SELECT id FROM {table}")}  # noqa: S608  (our own names)

    def counts(self) -> Mapping[str, int]:
        """How many of the things that each service owns."""
        owned = {
            "intake": ["complaint"],
            "capa": ["triage_decision", "nonconformity", "action"],
            "notifier": ["notice"],
        }
        return {
            f"{service}.{table}": len(self.ids(service, table))
            for service, tables in owned.items()
            for table in tables
        }

    def waiting(self) -> int:
        """Events that wait in the outboxes."""
        return sum(self.ask(service, "SELECT count(*) FROM outbox")[0]["count"] for service in SERVICES)

    def disagreements(self) -> Mapping[str, Sequence[Any]]:
        """Where one service shows of another's things something else than that one has; empty where they agree."""
        pairs = {
            "complaints without one decision": (
                ("intake", "SELECT id FROM complaint"),
                ("capa", "SELECT complaint_id FROM triage_decision"),
            ),
            "decisions that intake shows": (
                (
                    "capa",
                    "SELECT complaint_id, outcome, nonconformity_id, policy_version FROM triage_decision",
                ),
                ("intake", "SELECT complaint_id, outcome, nonconformity_id, policy_version FROM triage"),
            ),
            "nonconformities that intake shows": (
                ("capa", "SELECT id, number, state, version FROM nonconformity"),
                ("intake", "SELECT id, number, state, version FROM nonconformity"),
            ),
            "links that intake shows": (
                ("capa", "SELECT complaint_id, nonconformity_id FROM nonconformity_complaint"),
                ("intake", "SELECT complaint_id, nonconformity_id FROM complaint_link"),
            ),
            "actions that intake shows": (
                (
                    "capa",
                    "SELECT id, number, owner, team, state, version, extract(epoch FROM due_at) FROM action",
                ),
                (
                    "intake",
                    "SELECT id, number, owner, team, state, version, extract(epoch FROM due_at) FROM action",
                ),
            ),
            "deadlines that notifier has": (
                (
                    "capa",
                    "SELECT id, generation, owner, extract(epoch FROM due_at) FROM action WHERE state = 'open'",
                ),
                (
                    "notifier",
                    (
                        "SELECT subject_id, generation, owner, extract(epoch FROM due_at) FROM deadline"
                        " WHERE state = 'open' AND subject_kind = 'action'"
                    ),
                ),
            ),
            "clocks that notifier has": (
                (
                    "intake",
                    (
                        "SELECT complaint_id, clock, generation, owner, extract(epoch FROM due_at) FROM complaint_clock"
                        " WHERE state = 'running'"
                    ),
                ),
                (
                    "notifier",
                    (
                        "SELECT subject_id, clock, generation, owner, extract(epoch FROM due_at) FROM deadline"
                        " WHERE state = 'open' AND subject_kind = 'complaint'"
                    ),
                ),
            ),
        }
        found = {name: _difference(self.ask(*one), self.ask(*other)) for name, (one, other) in pairs.items()}
        return {name: difference for name, difference in found.items() if difference}


def _difference(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> list[Any]:
    first, second = (Counter(tuple(row.values()) for row in rows) for rows in (one, other))
    return [*(first - second), *(second - first)]


async def settled(system: RunningSystem, books: Books) -> None:
    """Wait until every complaint is decided, nothing waits, and every owner of what is late was told."""
    await system.ready()

    def is_settled() -> bool:
        undecided = books.ids("intake", "complaint") - {
            row["complaint_id"] for row in books.ask("intake", "SELECT complaint_id FROM triage")
        }
        late = "SELECT 1 FROM timer WHERE due_at < now() + interval '10 minutes'"
        unsent = "SELECT 1 FROM delivery WHERE state IN ('planned', 'sending')"
        return not (
            undecided or books.waiting() or books.ask("notifier", late) or books.ask("notifier", unsent)
        )

    await until(is_settled, seconds=180, what="everything is decided and told")


def told(books: Books) -> set[str]:
    """The subjects about which somebody was told."""
    rows = books.ask("notifier", "SELECT DISTINCT subject_id FROM notice WHERE state = 'sent'")
    return {row["subject_id"] for row in rows}
