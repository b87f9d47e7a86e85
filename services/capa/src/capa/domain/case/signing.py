"""Signatures: bound to a hash of the signed part, and void from when the part changes.

What is signed is written as canonical JSON (sorted names, no spaces, UTF-8); its SHA-256 is the signature's `state_hash`. The
signature's own `hash` is the SHA-256 of the canonical JSON list [id, number of the case, covers, meaning, signer, printed
name, credential, instant, state hash], so that anybody can check both without this system.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from capa.domain.action import Action
from capa.domain.action import State as ActionState
from capa.domain.case.case import Case
from capa.domain.case.plain import plain
from capa.domain.case.values import Covers, Signature
from capa.domain.errors import SignatureInvalid
from common.canonical import canonical
from common.clock import instant_text
from common.refusals import FieldError

Document = Mapping[str, object]
"""A signed part as plain JSON."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """What a signer gives: the printed name, and by what credential they proved anew who they are."""

    printed_name: str
    credential: str


def document(case: Case, actions: Iterable[Action], covers: Covers) -> Document:
    """Write a part of a case as it stands.

    The owner and due time of an action are not part of the plan that is signed: handing over and extending have rules of
    their own. Which actions there are, and what for, is.
    """
    head = {"case": plain(case.id), "number": case.number, "cycle": case.cycle, "covers": covers}
    match covers:
        case "plan":
            causes = [plain(cause) for cause in case.causes if cause.cycle == case.cycle]
            plan = {
                "problem": plain(case.problem),
                "causes": causes,
                "similar": plain(case.similar),
                "effect_plan": plain(case.effect_plan),
                "actions": _planned(actions),
            }
            # Only where there is one, so that plans that were signed before read as they did.
            return head | plan | ({} if case.baseline is None else {"baseline": plain(case.baseline)})
        case "effectiveness":
            return head | {"effect_plan": plain(case.effect_plan), "review": plain(case.review)}
        case "closure":
            return head | {
                "review": plain(case.review),
                "lessons": plain(case.lessons),
                "state": plain(case.state),
            }
        case "cancellation":
            return head | {"because": case.ended_because, "state": plain(case.state)}


def sign(
    case: Case,
    actions: Iterable[Action],
    covers: Covers,
    *,
    meaning: str,
    pledge: Pledge,
    by: str,
    at: datetime,
    name: UUID,
) -> tuple[Signature, Document]:
    """Sign a part as it stands; raises SignatureInvalid where the signer is no person or prints no name."""
    if not by.startswith(("person:", "user:")):
        raise SignatureInvalid(
            f"{by} is no person.",
            FieldError(
                "/signature", "signer_no_person", "Only people sign.", "sign with a person's own credential"
            ),
        )
    printed = pledge.printed_name.strip()
    if not printed:
        raise SignatureInvalid(
            "A signature needs the signer's printed name.",
            FieldError("/signature/printed_name", "printed_name_missing", "It is empty.", "print your name"),
        )
    signed = document(case, actions, covers)
    state_hash = hash_of(signed)
    content = [
        str(name),
        case.number,
        covers,
        meaning,
        by,
        printed,
        pledge.credential,
        instant_text(at),
        state_hash,
    ]
    signature = Signature(
        id=name,
        covers=covers,
        meaning=meaning,
        signer=by,
        printed_name=printed,
        credential=pledge.credential,
        signed_at=at,
        cycle=case.cycle,
        state_hash=state_hash,
        hash=hash_of(content),
        voided_at=None,
    )
    return signature, signed


def void_changed(case: Case, actions: Sequence[Action], at: datetime) -> Case:
    """Void each signature whose part is not any more what was signed."""
    return replace(
        case,
        signatures=tuple(
            replace(each, voided_at=at) if _has_changed(each, case, actions) else each
            for each in case.signatures
        ),
    )


def faults(number: str, record: Mapping[str, object], signed: object) -> list[str]:
    """Check a signature as it is exported, with the part that was signed, and list what does not fit.

    Raises ValueError where `signed_at` is no instant.
    """
    content = [
        record.get("id"),
        number,
        *(record.get(name) for name in ("covers", "meaning", "signer", "printed_name", "credential")),
        instant_text(datetime.fromisoformat(str(record.get("signed_at")))),
        record.get("state_hash"),
    ]
    found = []
    if record.get("state_hash") != hash_of(signed):
        found.append("the signed part is not the one that was signed")
    if record.get("hash") != hash_of(content):
        found.append("the signature's own record was changed")
    return found


def hash_of(value: object) -> str:
    """Compute the SHA-256 of canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _has_changed(signature: Signature, case: Case, actions: Sequence[Action]) -> bool:
    if signature.voided_at is not None:
        return False
    if signature.cycle != case.cycle:
        # What was signed of an earlier round stays as it was; only that the case is closed is not true any more.
        return signature.covers == "closure"
    return signature.state_hash != hash_of(document(case, actions, signature.covers))


def _planned(actions: Iterable[Action]) -> list[object]:
    return [
        {
            "id": str(each.id),
            "number": each.number,
            "kind": each.kind,
            "title": each.title,
            "causes": plain(each.causes),
        }
        for each in sorted(actions, key=lambda action: action.id)
        if each.state is not ActionState.CANCELLED
    ]
