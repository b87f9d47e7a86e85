"""What a person and a tool are told once the system is up."""

import json
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.plan import SERVICES, Plan
from local.speech import short

_COMPLAINT = {
    "external_id": "CASE-4711",
    "channel": "phone",
    "reported_severity": "major",
    "product": "credit-card",
    "category": "billing-dispute",
    "title": "Charged twice",
    "description": "I was charged twice for the same purchase, and nobody called me back.",
    "complainant": {"name": "Maria Lopez", "email": "maria.lopez@example.org"},
}


def first_complaint(plan: Plan, keys: Mapping[str, str]) -> str:
    """Write the curl line that posts a complaint as the CRM would; it works when pasted into a shell."""
    headers = [f"Authorization: Bearer {keys.get('crm', '<your key>')}", "Content-Type: application/json"]
    words = ["curl", "-sS", "-i", f"{plan.url('intake')}/v1/complaints"]
    for header in headers:
        words += ["-H", header]
    return shlex.join([*words, "-d", json.dumps(_COMPLAINT)])


def welcome(plan: Plan, keys: Mapping[str, str], *, seconds: float) -> str:
    """Say what runs where, with which keys, where mail and data lie, and how to post a first complaint."""
    places = plan.places
    lines = [f"Redress is up ({seconds:.1f} s), events travel by {_transport(plan)}.", ""]
    lines += [
        f"  {name:<11}{plan.url(name)}/docs   metrics {plan.url(name, 'metrics')}/metrics"
        for name in SERVICES
    ]
    lines += [
        f"  {'mail':<11}{_mail(plan)}",
        f"  {'data':<11}{_data(plan)}",
        f"  {'logs':<11}{short(places.logs)}",
        "",
    ]
    if keys:
        lines += ["Keys, to be sent as `Authorization: Bearer <key>`:"]
        lines += [f"  {role:<11}{key}" for role, key in keys.items()]
    else:
        lines += [f"Keys: those of {plan.environment['REDRESS_KEYS_FILE']}"]
    lines += ["", "Post a first complaint:", "", first_complaint(plan, keys), ""]
    lines += ["Ctrl-C stops everything; the data stay. `make reset` starts afresh."]
    return "\n".join(lines)


def run_file(plan: Plan, keys: Mapping[str, str], *, pid: int, at: datetime) -> dict[str, Any]:
    """Describe the running system for tools; it holds the keys, so it is for the owner alone.

    Process ids change when something is started again, so they stand in the file that `processes` names.
    """
    places = plan.places
    return {
        "pid": pid,
        "started_at": at.isoformat(timespec="seconds"),
        "transport": plan.transport,
        "kafka": plan.kafka if plan.transport == "kafka" else None,
        "services": {
            name: {
                "url": plan.url(name),
                "metrics_url": f"{plan.url(name, 'metrics')}/metrics",
                "log": str(places.logs / f"{name}.log"),
            }
            for name in SERVICES
        },
        "smtp": {
            "host": plan.environment["REDRESS_NOTIFIER_SMTP_HOST"],
            "port": plan.port("REDRESS_NOTIFIER_SMTP_PORT"),
        },
        "mail": str(places.mail) if plan.own_mailbox else None,
        "databases": {name: plan.environment[variable] for variable, name in plan.own_databases.items()},
        "keys": dict(keys),
        "curl": str(places.curl),
        "processes": str(places.processes),
    }


def _transport(plan: Plan) -> str:
    return f"Kafka at {plan.kafka}" if plan.transport == "kafka" else "the embedded log"


def _mail(plan: Plan) -> str:
    if plan.own_mailbox:
        return f"{short(plan.places.mail)}/*.eml"
    return f"sent by {plan.environment['REDRESS_NOTIFIER_SMTP_HOST']}"


def _data(plan: Plan) -> str:
    return (
        short(plan.places.postgres) if plan.own_databases else "in the databases that the environment names"
    )
