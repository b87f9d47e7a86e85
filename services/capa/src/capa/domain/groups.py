"""The products and teams by which figures are told: those that the triage policy names, and one for all others.

Anybody may make up a product's code or a team's, so that a figure for each would have no bound.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from capa.domain.policy import TriagePolicy

OTHER: Final = "other"
"""Products and teams that the policy does not name."""

NONE: Final = "none"
"""The team of an action that has an owner and no team."""

MOST: Final = 50
"""At most so many products, and so many teams, are told apart: the first that the policy names."""


@dataclass(frozen=True, slots=True)
class Groups:
    """What the policy names: patterns of products in the order of its assignments, and teams."""

    product_patterns: tuple[str, ...]
    named_teams: tuple[str, ...]

    @property
    def products(self) -> tuple[str, ...]:
        """Every group of products."""
        return (*self.product_patterns, OTHER)

    @property
    def teams(self) -> tuple[str, ...]:
        """Every group of teams."""
        return (*self.named_teams, OTHER, NONE)

    def of_product(self, product: str) -> str:
        """Name the first pattern that the product matches."""
        return next((pattern for pattern in self.product_patterns if fnmatchcase(product, pattern)), OTHER)

    def of_team(self, team: str | None) -> str:
        """Name a team."""
        if team is None:
            return NONE
        return team if team in self.named_teams else OTHER


def groups_of(policy: TriagePolicy) -> Groups:
    """Read the groups from a policy."""
    patterns = dict.fromkeys(each.product for each in policy.assignments if each.product != "*")
    teams = dict.fromkeys(each.team for each in policy.assignments if each.team is not None)
    return Groups(
        tuple(pattern for pattern in patterns if pattern != OTHER)[:MOST],
        tuple(team for team in teams if team not in {OTHER, NONE})[:MOST],
    )
