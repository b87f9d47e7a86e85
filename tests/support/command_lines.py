"""Command lines in documents, held against what they name: our own commands by their parsers, the others by name."""

import argparse
import contextlib
import importlib
import io
import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from events.postgres import dead_letters

ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final = ("intake", "capa", "notifier")


def _parser_of(module: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = importlib.import_module(module)._parser()
    return made


PARSERS: Final[dict[str, Callable[[], argparse.ArgumentParser]]] = {
    **{name: partial(_parser_of, f"{name}.__main__") for name in SERVICES},
    "local": partial(_parser_of, "local.__main__"),
    "local.kafka": partial(_parser_of, "local.kafka.__main__"),
    "chassis.keys": partial(_parser_of, "chassis.keys"),
}
OTHERS: Final = {"amtool", "curl", "grep", "pg_isready", "promtool", "psql", "prometheus"}
"""Programs that are not ours; what follows them is left alone."""

_KUBECTL: Final = {"delete", "describe", "exec", "get", "logs", "port-forward", "rollout", "scale", "apply"}
_COMPOSE: Final = {"exec", "logs", "ps", "restart", "run", "up", "down"}
_PLACEHOLDERS: Final = {"<service>": "intake", "<id>": "1", "<you>": "ada", "<name>": "name", "<pid>": "1"}


def faults_of_line(line: str) -> list[str]:
    """Say what is wrong with a line of a shell, one sentence for each fault."""
    for placeholder, value in _PLACEHOLDERS.items():
        line = line.replace(placeholder, value)
    try:
        words = shlex.split(line)
    except ValueError as error:
        return [f"{line}: {error}"]
    found, command = [], list[str]()
    for word in [*words, "|"]:
        if word in {"|", "&&", ";"}:
            found += _faults_of_command(command)
            command = []
        else:
            command.append(word)
    return [f"{line}: {fault}" for fault in found]


def _faults_of_command(words: list[str]) -> list[str]:
    match words:
        case ["python", "-m", module, *arguments]:
            return _faults_of_ours(module, arguments)
        case ["make", *verbs]:
            known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
            return [f"make has no verb {verb}" for verb in verbs if "=" not in verb and verb not in known]
        case ["docker", "compose", verb, *rest]:
            return _faults_of_compose(verb, rest)
        case ["kubectl", *rest]:
            return _faults_of_kubectl(rest)
        case [program, *_]:
            return [] if program in OTHERS else [f"{program} is no program that is known here"]
        case _:
            return ["there is no command"]


def _faults_of_ours(module: str, arguments: list[str]) -> list[str]:
    if module not in PARSERS:
        return [f"python -m {module} does not exist"]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            options, rest = PARSERS[module]().parse_known_args(arguments)
            if getattr(options, "role", "") == "dead-letters":
                dead_letters._parser(module).parse_args(rest)
            elif rest:
                return [f"{' '.join(rest)} is not understood"]
    except SystemExit as end:
        return [] if end.code == 0 else [said.getvalue().splitlines()[-1]]
    return []


def _compose_services() -> set[str]:
    return set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def _faults_of_compose(verb: str, rest: list[str]) -> list[str]:
    if verb not in _COMPOSE:
        return [f"docker compose has no verb {verb}"]
    named = _after_options(rest, {"--since"})
    if not named:
        return []
    wrong = [] if named[0] in _compose_services() else [f"docker compose has no service {named[0]}"]
    return wrong + (_faults_of_command(named[1:]) if verb in {"exec", "run"} and named[1:] else [])


def _faults_of_kubectl(rest: list[str]) -> list[str]:
    words = _after_options(rest, {"-n", "--since", "-l", "-o"})
    if not words or words[0] not in _KUBECTL:
        return [f"kubectl has no verb {' '.join(words[:1])}"]
    # A deployment has the name of the same service in docker-compose.yml.
    text = " ".join(words)
    named = re.findall(r"\bdeploy[/ ]([a-z][a-z-]+)", text)
    wrong = [f"there is no deployment {name}" for name in named if name not in _compose_services()]
    if "--" in rest:
        wrong += _faults_of_command(rest[rest.index("--") + 1 :])
    return wrong


def _after_options(words: list[str], with_value: set[str]) -> list[str]:
    """Leave out options, with the values of those that have one, up to a `--`."""
    kept: list[str] = []
    skip = False
    for word in words:
        if word == "--":
            break
        if skip:
            skip = False
        elif word in with_value:
            skip = True
        elif not word.startswith("-") or (kept and kept[0] in _compose_services()):
            kept.append(word)
    return kept
