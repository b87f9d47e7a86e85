"""On `triage.decided`: the complaint shows what was decided and why."""

from common.clock import Clock
from events.contracts.capa import TriageDecidedV1
from events.delivery import Delivery, Handler
from events.envelope import Event
from intake.consumers.notes_of_capa import note_of_triage
from intake.domain.progress import TriageSeen
from intake.usecases.follow_triage import FollowTriage


def on_triage_decided(follow: FollowTriage, clock: Clock) -> Handler:
    """Make the handler."""

    async def handle(event: Event[TriageDecidedV1], delivery: Delivery) -> None:
        decided = event.data
        seen = TriageSeen(
            complaint_id=decided.complaint_id,
            outcome=decided.outcome.value,
            reason=decided.reason,
            explanation=decided.explanation,
            policy_version=decided.policy_version,
            decided_at=decided.decided_at,
            nonconformity_id=decided.nonconformity_id,
            nonconformity_number=decided.nonconformity_number,
            version=event.version,
            seen_at=clock(),
        )
        await follow(seen, note_of_triage(event), delivery)

    return handle
