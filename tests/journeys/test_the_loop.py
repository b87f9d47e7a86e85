"""A real complaint becomes an action, and its owner is told when it is late: through real processes, over HTTP."""

import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from standardwebhooks.webhooks import Webhook

from tests.notifier.receiver import Receiver, receiving
from tests.support.catalogue import differences, missing
from tests.support.promtool import check_metrics
from tests.support.running import SERVICES, RunningSystem, complaint
from tests.support.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

OWNER = "credit.team"
HEAD = "robert.okafor@example.org"
"""Mail address of everybody's manager."""


async def raised(system: RunningSystem, external_id: str, **changes: Any) -> Mapping[str, Any]:
    """Post a complaint and give it as intake shows it once its decision and its action are known."""
    crm, staff = system.client("intake", "crm"), system.client("intake", "staff")
    posted = await crm.post("/v1/complaints", json=complaint(external_id, **changes))
    assert posted.status_code == 201, posted.text
    found: dict[str, Any] = {}

    async def is_decided() -> bool:
        answer = await staff.get(f"/v1/complaints/{posted.json()['number']}")
        found.update(answer.json())
        # What is told of a complaint and what is told of its nonconformity come in no order among them.
        return found["triage"]["state"] != "pending" and bool(found["actions"])

    await until(is_decided, seconds=30, what="the complaint shows its decision and its action")
    return found


async def act(system: RunningSystem, action: str, step: str, **body: Any) -> Mapping[str, Any]:
    """Take a step of an action as staff."""
    capa = system.client("capa", "staff")
    read = await capa.get(f"/v1/actions/{action}")
    taken = await capa.post(
        f"/v1/actions/{action}/{step}", json=body, headers={"If-Match": read.headers["ETag"]}
    )
    assert taken.status_code == 200, taken.text
    found: Mapping[str, Any] = taken.json()
    return found


async def deadline(system: RunningSystem, action_id: str) -> Mapping[str, Any]:
    answer = await system.client("notifier", "admin").get("/v1/deadlines", params={"subject_id": action_id})
    found: Mapping[str, Any] = answer.json()["items"][0]
    return found


def mails_about(system: RunningSystem, number: str) -> list[EmailMessage]:
    return [mail for mail in system.mails() if f"({number})" in text_of(mail)]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def give_webhook(system: RunningSystem, person: str, url: str) -> str:
    """Have a person told by webhook too; gives the secret that signs."""
    people = system.client("notifier", "admin")
    read = await people.get(f"/v1/people/{person}")
    kept = ("name", "email", "manager", "team", "timezone", "active")
    body = {name: read.json()[name] for name in kept} | {"webhook_url": url}
    put = await people.put(f"/v1/people/{person}", json=body, headers={"If-Match": read.headers["ETag"]})
    assert put.status_code == 200, put.text
    return str(put.json()["webhook_secret"])


async def test_every_series_that_the_catalogue_lists_stands_before_anything_happened(
    system: RunningSystem,
) -> None:
    assert {service: missing(service, await system.scrape(service)) for service in SERVICES} == {
        service: [] for service in SERVICES
    }


async def test_a_complaint_becomes_an_action_and_its_owner_and_then_the_manager_are_told_until_it_is_done(
    system: RunningSystem,
) -> None:
    async with receiving() as receiver:
        secret = await give_webhook(system, OWNER, receiver.url)
        seen = await raised(system, "loop-1", reported_severity="critical")
        action = seen["actions"][0]
        assert (seen["triage"]["state"], action["owner"]) == ("raised", OWNER)

        await until(
            lambda: len(mails_about(system, action["number"])) >= 2, seconds=60, what="owner and manager told"
        )
        first, second = mails_about(system, action["number"])[:2]
        assert [first["To"], second["To"]] == ["credit.team@example.org", HEAD]
        assert "Overdue" in first["Subject"]
        assert action["id"] in text_of(first)
        check_webhook(receiver, secret, action["id"])

        done = await act(system, action["number"], "complete", evidence="Refunded, ledger entry 7.")
        assert done["punctuality"] == "late"
        await silence(system, action)
        staff = system.client("intake", "staff")

        async def shown_as_done() -> bool:
            answer = await staff.get(f"/v1/complaints/{seen['number']}")
            return bool(answer.json()["actions"][0]["state"] == "completed")

        await until(shown_as_done, what="intake shows the action as done")


def check_webhook(receiver: Receiver, secret: str, action_id: str) -> None:
    posts = [
        post for post in receiver.posts if any(notice["subject_id"] == action_id for notice in post.notices)
    ]
    assert len(posts) == 1
    Webhook(secret).verify(posts[0].body, posts[0].headers)


async def silence(system: RunningSystem, action: Mapping[str, Any]) -> None:
    """Wait until nothing more can be sent about an action, and see that nothing was."""

    async def closed() -> bool:
        found = await deadline(system, action["id"])
        return found["state"] != "open" and found["next_notification_at"] is None

    await until(closed, what="the deadline is closed")
    notices = await system.client("notifier", "admin").get("/v1/notices", params={"subject_id": action["id"]})
    told = [notice for notice in notices.json()["items"] if notice["state"] == "sent"]
    assert len({(notice["step"], notice["recipient"], notice["channel"]) for notice in told}) == len(told)


async def test_who_acknowledges_by_what_the_mail_says_is_shown_everywhere_and_the_manager_is_told_all_the_same(
    system: RunningSystem,
) -> None:
    seen = await raised(system, "loop-6", product="mortgage", category="acknowledged")
    action = seen["actions"][0]
    await until(lambda: bool(mails_about(system, action["number"])), seconds=60, what="the owner is told")
    mail = text_of(mails_about(system, action["number"])[0])
    (address,) = re.findall(r"POST (\S+)/acknowledge", mail)
    quality = system.client("notifier", "quality")
    answer = await quality.post(
        f"{address}/acknowledge", json={"reason": "She called."}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledgement"]["for_owner"] == action["owner"]
    assert (await quality.get(address)).json()["acknowledgement"]["reason"] == "She called."

    async def is_shown() -> bool:
        shown = await system.client("capa", "staff").get(f"/v1/actions/{action['number']}")
        timeline = await system.client("intake", "staff").get(
            f"/v1/complaints/{seen['number']}/timeline", params={"kind": "notice", "limit": 100}
        )
        steps = {item["action"] for item in timeline.json()["items"]}
        return bool(shown.json()["notice_answers"]) and "notice_acknowledged" in steps

    await until(is_shown, seconds=30, what="the action and the complaint's timeline show the answer")

    def manager_was_told() -> bool:
        return HEAD in {mail["To"] for mail in mails_about(system, action["number"])}

    await until(manager_was_told, seconds=60, what="the manager is told")
    await act(system, action["number"], "cancel", reason="the test is over")
    await silence(system, action)


async def test_what_is_done_in_time_is_told_to_nobody(system: RunningSystem) -> None:
    seen = await raised(system, "loop-2", product="mortgage", category="early")
    done = await act(system, seen["actions"][0]["number"], "complete", evidence="Done at once.")
    assert done["punctuality"] == "early"
    await silence(system, seen["actions"][0])
    assert mails_about(system, seen["actions"][0]["number"]) == []


async def test_the_new_owner_is_told_and_the_former_one_is_not(system: RunningSystem) -> None:
    seen = await raised(system, "loop-3", product="mortgage", category="handed-over")
    number = seen["actions"][0]["number"]
    await act(system, number, "reassign", owner="payments.team", reason="not a matter of lending")
    await until(lambda: bool(mails_about(system, number)), seconds=60, what="somebody is told")
    await act(system, number, "cancel", reason="the test is over")
    await silence(system, seen["actions"][0])
    assert {mail["To"] for mail in mails_about(system, number)} <= {
        "payments.team@example.org",
        HEAD,
    }
    assert mails_about(system, number)[0]["To"] == "payments.team@example.org"


async def test_moving_the_due_time_moves_the_notice(system: RunningSystem) -> None:
    seen = await raised(system, "loop-4", product="mortgage", category="moved")
    action = seen["actions"][0]
    await act(system, action["number"], "change-due", due="1h", reason="the supplier needs time")

    async def moved() -> bool:
        found = await deadline(system, action["id"])
        next_at = datetime.fromisoformat(found["next_notification_at"])
        return next_at - datetime.fromisoformat(action["due_at"]) > timedelta(minutes=30)

    await until(moved, what="the next notice moved")
    former = datetime.fromisoformat(action["due_at"])
    await until(
        lambda: datetime.now(former.tzinfo) > former + timedelta(seconds=2), what="the former due time passed"
    )
    assert mails_about(system, action["number"]) == []


async def test_every_event_of_a_key_is_counted_without_gaps_and_carries_the_complaints_correlation(
    system: RunningSystem,
) -> None:
    seen = await raised(system, "loop-5", product="mortgage", category="counted")
    await act(system, seen["actions"][0]["number"], "complete", evidence="Done.")
    events = await settled_events(system, seen["correlation_id"])
    by_key: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in await system.events():
        if "ce_sequence" in event:
            by_key[event["topic"], event["key"]].append(int(event["ce_sequence"]))
    assert {tuple(numbers) for numbers in by_key.values()} == {
        tuple(range(1, len(numbers) + 1)) for numbers in by_key.values()
    }
    assert {event["ce_type"] for event in events} >= {
        "redress.complaint.received.v1",
        "redress.triage.decided.v1",
        "redress.nonconformity.raised.v1",
        "redress.action.assigned.v1",
        "redress.deadline.set.v1",
        "redress.action.completed.v1",
        "redress.deadline.met.v1",
    }


async def settled_events(system: RunningSystem, correlation_id: str) -> list[Mapping[str, str]]:
    """The events of one story, once its last is told."""
    found: list[Mapping[str, str]] = []

    async def told() -> bool:
        found[:] = [
            event for event in await system.events() if event.get("ce_correlationid") == correlation_id
        ]
        return any(event["ce_type"] == "redress.deadline.met.v1" for event in found)

    await until(told, seconds=60, what="the end of the story is told")
    return found


async def test_after_all_this_the_processes_export_nothing_but_what_the_catalogue_lists(
    system: RunningSystem,
) -> None:
    found = {service: differences(service, await system.scrape(service)) for service in SERVICES}
    assert found == {service: [] for service in SERVICES}


async def test_prometheus_has_nothing_against_what_the_processes_export(system: RunningSystem) -> None:
    found = {service: check_metrics(await system.scrape(service)) for service in SERVICES}
    assert found == dict.fromkeys(SERVICES, "")


async def test_the_auditor_has_looked_and_found_every_open_deadline_in_order(system: RunningSystem) -> None:
    async def audited() -> bool:
        return value_of(await system.scrape("notifier"), "auditor_last_success_timestamp_seconds") > 0

    await until(audited, seconds=90, what="an audit ended")
    scrape = await system.scrape("notifier")
    assert value_of(scrape, "auditor_violations", rule="step_missing") == 0


def value_of(scrape: str, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(scrape)
    return next(
        sample.value
        for family in families
        for sample in family.samples
        if (sample.name, sample.labels) == (name, labels)
    )
