"""Taking steps through the API."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from common.ids import new_id
from events.contracts.capa import NonconformityDispositionedV1, TriageDecidedV1
from events.contracts.words import TriageOutcome
from events.envelope import Contract, Event
from tests.intake.world import World, a_complaint

ASSESSMENT: Mapping[str, Any] = {
    "severity": "major",
    "safety_flag": False,
    "reportability": "no",
    "validity": "justified",
    "implication": "low",
    "complexity": "low",
    "impact": "high",
    "immediate_action": False,
}
ANSWER: Mapping[str, Any] = {
    "channel": "letter",
    "reply": "We return it.",
    "finding": "It ran twice.",
    "capa_required": False,
    "capa_rationale": "It has one.",
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "acknowledge": {"channel": "email"},
    "assess": ASSESSMENT,
    "reject": {"reason": "A question."},
    "overrule-rejection": {"reason": "No question."},
    "link": {"master": "C-10002"},
    "assign": {"owner": "otto.owner", "team": "credit"},
    "start-investigation": {},
    "waive-investigation": {"reason": "Known."},
    "update-customer": {"channel": "phone"},
    "wait-for-customer": {"channel": "phone", "awaited": "The receipt."},
    "end-waiting": {},
    "respond": ANSWER,
    "customer-accepts": {},
    "customer-rejects": {"reason": "Not enough."},
    "record-contact-attempt": {"channel": "phone"},
    "file-report": {"authority": "authority", "reference": "R-1"},
    "close": {"closure_code": "resolved"},
    "refer": {"body": "ombudsman"},
    "withdraw": {},
    "reopen": {"reason": "Again."},
}
ANSWERED = ("assess", "assign", "start-investigation", "respond")


@dataclass
class Desk:
    """Someone who handles complaints; `quality` may take every step."""

    world: World

    async def receive(self, **changes: Any) -> str:
        """Hand a complaint over; gives its number."""
        answer = await self.world.client("crm").post("/v1/complaints", json=a_complaint(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    async def read(self, number: str, who: str = "quality") -> dict[str, Any]:
        answer = await self.world.client(who).get(f"/v1/complaints/{number}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def attempt(
        self, number: str, step: str, who: str = "owner", *, version: str = "*", **changes: Any
    ) -> httpx.Response:
        """Ask for a step, with a good body unless it is changed."""
        return await self.world.client(who).post(
            f"/v1/complaints/{number}/{step}",
            json={**BODIES[step], **changes},
            headers={"If-Match": version},
        )

    async def take(self, number: str, *steps: str, who: str = "owner", **changes: Any) -> dict[str, Any]:
        """Take steps, each of which must be possible; gives the complaint after the last."""
        body: dict[str, Any] = {}
        for step in steps:
            answer = await self.attempt(number, step, who, **changes)
            assert answer.status_code == 200, answer.text
            body = answer.json()
        return body

    async def triaged(self, number: str, outcome: str = "declined") -> None:
        """Have capa say what triage decided."""
        complaint = UUID((await self.read(number))["id"])
        raised = outcome == "raised"
        await self._hears(
            complaint,
            TriageDecidedV1(
                complaint_id=complaint,
                complaint_number=number,
                outcome=TriageOutcome(outcome),
                reason="severity",
                explanation="It is so.",
                policy_version="1",
                decided_at=self.world.clock(),
                nonconformity_id=_nonconformity_of(complaint) if raised else None,
                nonconformity_number="NC-1001" if raised else None,
            ),
        )

    async def dispositioned(self, number: str) -> None:
        """Have capa say that it was decided what is done about the complaint's nonconformity."""
        nonconformity = _nonconformity_of(UUID((await self.read(number))["id"]))
        await self._hears(
            nonconformity,
            NonconformityDispositionedV1(
                nonconformity_id=nonconformity,
                number="NC-1001",
                dispositions=("rework",),
                rationale="It is sorted out.",
                dispositioned_at=self.world.clock(),
            ),
            version=2,
        )

    async def _hears(self, key: UUID, data: Contract, version: int = 1) -> None:
        kind: Any = Event[type(data)]  # type: ignore[misc]  # chosen at run time
        await self.world.hears(
            kind(
                id=new_id(),
                source="/redress/capa",
                key=str(key),
                subject=str(key),
                version=version,
                occurred_at=self.world.clock(),
                recorded_at=self.world.clock(),
                actor="service:capa",
                correlation_id=new_id(),
                data=data,
            )
        )

    async def problem(self, number: str, step: str, who: str = "owner", **changes: Any) -> dict[str, Any]:
        """Ask for a step that is refused; gives the problem with its codes under `codes`."""
        answer = await self.attempt(number, step, who, **changes)
        assert answer.status_code in {409, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body: dict[str, Any] = answer.json()
        return {**body, "codes": [error["code"] for error in body["errors"]]}


def _nonconformity_of(complaint: UUID) -> UUID:
    return uuid.uuid5(complaint, "nonconformity")
