"""Reads the services' Dockerfile: its stages and their steps, with the build arguments in their places."""

import fnmatch
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "deploy" / "docker" / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Copy:
    """One COPY: from the build context, or from another stage."""

    sources: tuple[str, ...]
    target: str
    stage: str | None


@dataclass(slots=True)
class Stage:
    """What is between one FROM and the next."""

    base: str
    name: str | None
    environment: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    entrypoint: list[str] | None = None


def read_stages(arguments: Mapping[str, str], text: str | None = None) -> list[Stage]:
    """Read all stages; raises ValueError for an instruction that is not known here."""
    defaults: dict[str, str] = {}
    known: dict[str, str] = {}
    stages: list[Stage] = []
    for word, rest in _instructions(FILE.read_text() if text is None else text):
        if word == "ARG":
            name, _, default = rest.partition("=")
            known[name] = arguments.get(name, default or defaults.get(name, ""))
            if not stages:
                defaults[name] = known[name]
        elif word == "FROM":
            base, _, name = Template(rest).safe_substitute(defaults).partition(" AS ")
            stages.append(Stage(base, name or None))
            known = {}
        else:
            _take(stages[-1], word, Template(rest).safe_substitute(known))
    return stages


def _take(stage: Stage, word: str, line: str) -> None:
    match word:
        case "COPY":
            stage.copies.append(_copy(line))
        case "RUN":
            stage.commands.append(line)
        case "ENV":
            stage.environment.update(_pairs(line))
        case "LABEL":
            stage.labels.update(_pairs(line))
        case "USER":
            stage.user = line
        case "ENTRYPOINT":
            stage.entrypoint = json.loads(line) if line.startswith("[") else None
        case "WORKDIR" | "EXPOSE" | "CMD":
            pass
        case _:
            raise ValueError(f"{word} is not known")


def _pairs(line: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in shlex.split(line))
    return {name: value for name, _, value in pairs}


def sent(path: str, text: str | None = None) -> bool:
    """Tell whether `.dockerignore` lets a path of the workspace into the build; the last pattern that fits decides."""
    wanted = True
    for line in (ROOT / ".dockerignore").read_text().splitlines() if text is None else text.splitlines():
        pattern = line.removeprefix("!")
        fits = any(
            fnmatch.fnmatch(part, pattern) or fnmatch.fnmatch(part, pattern.removeprefix("**/"))
            for part in [path, *(str(parent) for parent in Path(path).parents)]
        )
        if fits:
            wanted = line.startswith("!")
    return wanted


def _instructions(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    pairs = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in pairs]


def _copy(line: str) -> Copy:
    words = line.split()
    flags = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
    *sources, target = (word for word in words if not word.startswith("--"))
    return Copy(tuple(sources), target, flags.get("from"))
