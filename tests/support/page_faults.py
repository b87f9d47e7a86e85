"""What a page names, held against what exists: links, queries, metrics, log lines, commands, settings and routes."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from tests.support.command_lines import SERVICES, faults_of_line
from tests.support.known_metrics import KnownMetrics
from tests.support.pages import ROOT, Page, broken_links
from tests.support.queries import faults

POSTGRESQL: Final = {"max_connections", "wait_event_type", "application_name"}
"""Words of PostgreSQL that pages name in code."""

_WORD: Final = re.compile(r"[a-z][a-z0-9]*(?:[_:][a-z0-9]+)+")
_SELECTOR: Final = re.compile(r"([a-z][a-z0-9_:]*)\{.*\}")
_ROUTE: Final = re.compile(r"/(?:v1|health)/[^\s`]*")
_SETTING: Final = re.compile(r"\bREDRESS_[A-Z_]+\b")
_COMMAND: Final = re.compile(r"(?:kubectl|docker compose|python -m|make) .+")


def faults_of(page: Page, known: KnownMetrics) -> list[str]:
    """Say everything that is wrong with a page, one line each."""
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: broken_links(page),
        lambda: (fault for _, query in page.fences("promql") for fault in faults(query.strip(), known)),
        lambda: _words(page, known),
        lambda: _commands(page),
        lambda: _routes_and_settings(page),
    )
    return [f"{page.path.name}: {fault}" for check in checks for fault in check()]


def _words(page: Page, known: KnownMetrics) -> Iterator[str]:
    """Code that looks like a metric, a label's value or a log line must be one."""
    values = {value for name in known.names() for kept in known[name].values.values() for value in kept}
    for code in page.code():
        found = _SELECTOR.fullmatch(code)
        word = found[1] if found else code
        if not _WORD.fullmatch(word):
            continue
        if found or ":" in word or word not in values | POSTGRESQL | known.metrics():
            if word in known or (not found and f'"{word}"' in _sources()):
                continue
            yield f"there is no metric, value or log line {word}"


def _commands(page: Page) -> Iterator[str]:
    for _, block in page.fences("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            yield from faults_of_line(line)
    for code in page.code():
        if _COMMAND.fullmatch(code):
            for each in code.split(", "):
                yield from faults_of_line(each)


def _routes_and_settings(page: Page) -> Iterator[str]:
    for code in page.code():
        for route in _ROUTE.findall(code):
            if route not in _routes():
                yield f"there is no route {route}"
    for setting in _SETTING.findall(page.text):
        if setting not in _settings():
            yield f"there is no setting {setting}"


@cache
def _routes() -> set[str]:
    documents = (ROOT / "docs" / "openapi").glob("*.json")
    paths = {path for document in documents for path in json.loads(document.read_text())["paths"]}
    return paths | {"/health/live", "/health/ready"}


@cache
def _settings() -> set[str]:
    named = set(_SETTING.findall((ROOT / "docs" / "configuration.md").read_text()))
    return named | {
        f"REDRESS_{service.upper()}_{name.removeprefix('REDRESS_')}" for service in SERVICES for name in named
    }


@cache
def _sources() -> str:
    folders = [ROOT / "libs", *(ROOT / "services" / service for service in SERVICES)]
    return "\n".join(path.read_text() for folder in folders for path in folder.glob("**/src/**/*.py"))
