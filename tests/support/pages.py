"""Markdown pages, held against what they name: links, queries, metrics, commands, settings and routes."""

import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.command_lines import SERVICES, faults_of_line
from tests.support.known_metrics import KnownMetrics
from tests.support.queries import faults

ROOT: Final = Path(__file__).resolve().parents[2]
POSTGRESQL: Final = {"max_connections", "wait_event_type", "application_name"}
"""Words of PostgreSQL that pages name in code."""

_WORD: Final = re.compile(r"[a-z][a-z0-9]*(?:[_:][a-z0-9]+)+")
_SELECTOR: Final = re.compile(r"([a-z][a-z0-9_:]*)\{.*\}")
_ROUTE: Final = re.compile(r"/(?:v1|health)/[^\s`]*")
_SETTING: Final = re.compile(r"\bREDRESS_[A-Z_]+\b")
_COMMAND: Final = re.compile(r"(?:kubectl|docker compose|python -m|make) .+")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, and its text."""

    path: Path
    text: str

    @property
    def tokens(self) -> list[Token]:
        """The page as parsed."""
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    def headings(self, level: int) -> list[str]:
        """The texts of its headings of one level."""
        tokens = self.tokens
        return [
            after.content
            for token, after in itertools.pairwise(tokens)
            if token.type == "heading_open" and token.tag == f"h{level}"
        ]

    def anchors(self) -> set[str]:
        """What a link may name after `#`."""
        return {_slug(text) for level in range(1, 7) for text in self.headings(level)}

    def fences(self, language: str) -> Iterator[tuple[str, str]]:
        """Blocks of code in a language, each with what follows the language's name in its first line."""
        for token in self.tokens:
            if token.type == "fence" and token.info.split(" ")[0] == language:
                yield token.info.partition(" ")[2], token.content

    def code(self) -> Iterator[str]:
        """Code within a line."""
        for token in self.tokens:
            yield from (child.content for child in token.children or () if child.type == "code_inline")

    def links(self) -> Iterator[str]:
        """Where its links lead."""
        for token in self.tokens:
            yield from (
                str(child.attrs["href"]) for child in token.children or () if child.type == "link_open"
            )


def read(path: Path) -> Page:
    """Read a page."""
    return Page(path, path.read_text())


def faults_of(page: Page, known: KnownMetrics) -> list[str]:
    """Say everything that is wrong with a page, one line each."""
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _links(page),
        lambda: (fault for _, query in page.fences("promql") for fault in faults(query.strip(), known)),
        lambda: _words(page, known),
        lambda: _commands(page),
        lambda: _routes_and_settings(page),
    )
    return [f"{page.path.name}: {fault}" for check in checks for fault in check()]


def _links(page: Page) -> Iterator[str]:
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        if not target.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and anchor not in (page if not file else read(target)).anchors():
            yield f"the link {link} names no heading of {target.name}"


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


def _slug(heading: str) -> str:
    """Name a heading as the usual renderers do."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
