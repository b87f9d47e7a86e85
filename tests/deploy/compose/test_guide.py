"""docs/guides/compose.md speaks of containers, commands and files that exist."""

import re
import shlex

import capa.__main__
import chassis.keys
import intake.__main__
import notifier.__main__
from chassis.roles import ROLES
from tests.deploy.compose.document import ROOT, read_compose

GUIDE = (ROOT / "docs" / "guides" / "compose.md").read_text()
PARSERS = {"intake": intake.__main__, "capa": capa.__main__, "notifier": notifier.__main__}


def compose_commands() -> list[list[str]]:
    """Every `docker compose run` of the guide, as words after it."""
    text = GUIDE.replace("\\\n", " ")
    found = re.findall(r"docker compose run ([^`#\n]+)", text)
    return [[word for word in shlex.split(line) if word not in {"--rm", "--no-deps"}] for line in found]


def test_every_container_is_named_and_no_other() -> None:
    rows = re.findall(
        r"^\| (`.+?) \|", GUIDE.partition("## What runs")[2].partition("## Secrets")[0], re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", re.sub(r"\(profile .*?\)", "", row))}
    assert named == set(read_compose()["services"])


def test_commands_are_ones_that_the_programs_have() -> None:
    commands = compose_commands()
    assert len(commands) > 3
    for name, *words in commands:
        if name == "keys":
            chassis.keys._parser().parse_args(words)
        else:
            PARSERS[name.split("-")[0]]._parser().parse_known_args(words)


def test_roles_are_ones_that_there_are() -> None:
    given = set(re.findall(r"--role ([a-z]+)", GUIDE))
    assert given
    assert given <= set(ROLES)


def test_links_and_files_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)", GUIDE):
        assert (ROOT / "docs" / "guides" / target).exists(), target
    for path in re.findall(r"(?:deploy/docker|config)/[a-zA-Z./-]+[a-zA-Z]", GUIDE):
        assert (ROOT / path).exists(), path
