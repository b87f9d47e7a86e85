"""Who did something."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["person", "user", "system", "service"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an outside system or a service of Redress, as `kind:id` in history and events.

    A user is a person by the identity provider's own id, where Redress does not know the person by another.
    """

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Actor":
        """Read `kind:id`; raises ValueError for anything else."""
        kind, _, name = text.partition(":")
        if not name:
            raise ValueError(f"an actor is written kind:id, not {text!r}")
        match kind:
            case "person" | "user" | "system" | "service":
                return cls(kind, name)
            case _:
                raise ValueError(f"an actor is a person, a user, a system or a service, not {kind!r}")
