"""docs/guides/identity.md says what the code does."""

import re
import shlex
from pathlib import Path

import chassis.keys
from chassis.problems import COMMON_PROBLEMS
from chassis.roles import ROLES

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "identity.md").read_text()


def listed_roles() -> dict[str, set[str]]:
    """The scopes of each role as the guide has them; `those of` takes another role's over."""
    roles: dict[str, set[str]] = {}
    for name, scopes in re.findall(r"^\| `([a-z]+)` \| [^|]+ \| ([^|]+) \|$", GUIDE, re.MULTILINE):
        roles[name] = set(re.findall(r"`([a-z-]+:[a-z-]+)`", scopes))
        for other in re.findall(r"those of `([a-z]+)`", scopes):
            roles[name] |= roles[other]
    return roles


def test_the_guide_lists_each_role_with_its_scopes() -> None:
    assert listed_roles() == {name: set(scopes) for name, scopes in ROLES.items()}


def test_its_commands_are_ones_that_there_are() -> None:
    commands = re.findall(r"^python -m chassis\.keys (.+)$", GUIDE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        chassis.keys._parser().parse_args(shlex.split(command))


def test_the_problems_that_it_names_exist() -> None:
    named = set(re.findall(r"^\| \d{3} \| `([a-z-]+)` \|", GUIDE, re.MULTILINE))
    assert named == {"unauthenticated", "forbidden", "source-system-bound", "issuer-away"}
    assert named <= {kind.slug for kind in COMMON_PROBLEMS}
