"""Who is the same person: owners are named by id, whoever acts by kind and id."""

from capa.domain.errors import SamePerson
from common.refusals import FieldError


def id_of(actor: str) -> str:
    """Give the id of whoever acted, which is what owners and approvers are named by: `anna` for `person:anna`."""
    return actor.partition(":")[2] or actor


def require_another(by: str, others: tuple[str | None, ...], what: str) -> None:
    """Refuse with SamePerson where whoever acts is one of those that this step must be done by somebody other than."""
    if id_of(by) in {id_of(each) for each in others if each}:
        raise SamePerson(
            f"{what} needs somebody else than {id_of(by)}.",
            FieldError(
                "", "same_person", f"{id_of(by)} took part before.", "have another person take this step"
            ),
        )
