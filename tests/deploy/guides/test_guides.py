"""What the guides name exists: commands with their options, make's verbs, settings, metrics, pages and headings."""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from capa.settings import CapaSettings
from chassis import keys
from chassis.settings import describe_settings, load_settings
from events.postgres import dead_letters
from intake.settings import IntakeSettings
from notifier.settings import Settings as NotifierSettings
from tests.support.outside_tools import need_tool, run_tool
from tests.support.pages import ROOT, Page, broken_links, read

GUIDES: Final = ROOT / "docs/guides"
WRITTEN_HERE: Final = (
    "README.md",
    "back-up-and-restore.md",
    "crm.md",
    "install-on-one-machine.md",
    "kafka-lost.md",
    "re-drive-dead-letters.md",
    "rebuild-a-consumer.md",
    "rotate-keys.md",
    "scale-out.md",
    "upgrade.md",
)
PAGES: Final = [pytest.param(read(GUIDES / name), id=name) for name in WRITTEN_HERE]
SERVICES: Final = ("intake", "capa", "notifier")
_COMMAND: Final = re.compile(r"""python3? -m ["']?([\w.$<>{}]+)["']?(.*)""")
_MAKE: Final = re.compile(r"(?:^|[;&|] *)make ([a-z]+)")
_SETTING: Final = re.compile(r"REDRESS_[A-Z][A-Z_]*[A-Z]")
_METRIC: Final = re.compile(
    r"`((?:consumer|outbox|messaging|http_server|timers?|build)_[a-z_]+?)(?:\{[^`]*)?`"
)
Parse = Callable[[Sequence[str]], object]
_NO_SETTINGS: Final = frozenset({"REDRESS_HOME"})


def unknown_commands(page: Page) -> Iterator[str]:
    """Name the commands of ours that a page gives and that their parsers refuse."""
    for line in page.said():
        for module, rest in _COMMAND.findall(line):
            named = SERVICES if "service" in module else [module]
            arguments = shlex.split(re.split(r"[;|)<]|&&| #", rest)[0], comments=True)
            yield from (f"{each} {' '.join(arguments)}" for each in named if not _parses(each, arguments))


def _parses(module: str, arguments: Sequence[str]) -> bool:
    parser = _parser_of(module, arguments)
    if parser is None:
        return False
    parse, left = parser
    with suppress(SystemExit):
        parse(list(left))
        return True
    return False


def _parser_of(module: str, arguments: Sequence[str]) -> tuple[Parse, Sequence[str]] | None:
    if module not in SERVICES:
        tools: dict[str, Parse] = {"chassis.keys": keys._parser().parse_args, "venv": list}
        return (tools[module], arguments) if module in tools else None
    if arguments[:1] == ["dead-letters"] and len(arguments) > 1:
        return dead_letters._parser(module).parse_args, arguments[1:]
    return import_module(f"{module}.__main__")._parser().parse_args, arguments


def unknown_verbs(page: Page) -> set[str]:
    """Name the verbs of make that the Makefile has not."""
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    return {verb for line in page.said() for verb in _MAKE.findall(line.strip())} - known


@cache
def known_settings() -> frozenset[str]:
    """Every variable that a service reads."""
    described = (
        info for each in (IntakeSettings, CapaSettings, NotifierSettings) for info in describe_settings(each)
    )
    return frozenset(variable for info in described for variable in info.variables)


def unknown_settings(page: Page) -> set[str]:
    """Name the variables that no service reads."""
    return set(_SETTING.findall(page.text)) - known_settings() - _NO_SETTINGS


@cache
def sources() -> str:
    """All sources of services and libraries."""
    files = [path for folder in ("libs", "services") for path in (ROOT / folder).glob("*/src/**/*.py")]
    return "\n".join(path.read_text("utf-8") for path in files)


def unknown_metrics(page: Page) -> set[str]:
    """Name the metrics that no source defines; a counter is defined without its ending."""
    return {
        name
        for name in _METRIC.findall(page.prose)
        if f'"{name}"' not in sources() and f'"{name.removesuffix("_total")}"' not in sources()
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_ours_that_a_guide_gives_is_understood(page: Page) -> None:
    assert list(unknown_commands(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_setting_and_metric_that_a_guide_names_exists(page: Page) -> None:
    assert (unknown_verbs(page), unknown_settings(page), unknown_metrics(page)) == (set(), set(), set())


@pytest.mark.parametrize(
    "path",
    [
        *(GUIDES / name for name in WRITTEN_HERE),
        ROOT / "README.md",
        ROOT / "docs/architecture.md",
        *sorted((ROOT / "docs/decisions").glob("*.md")),
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_link_leads_to_a_page_and_a_heading(path: Path) -> None:
    assert list(broken_links(read(path))) == []


def test_the_index_names_every_guide() -> None:
    there = {path.name for path in GUIDES.glob("*.md")} - {"README.md"}
    assert there <= set(read(GUIDES / "README.md").links())


def test_guides_are_reached_from_the_first_page_and_from_the_architecture() -> None:
    assert "docs/guides/README.md" in read(ROOT / "README.md").links()
    assert "guides/README.md" in read(ROOT / "docs/architecture.md").links()


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "wrong.md"
    path.write_text(
        "# Wrong\n\n`python -m capa annonce-again` and `python -m intake announce-again --per-secnd 3` and\n"
        "`python -m notifier dead-letters retry 3 --by me`, `python -m nobody api`, then `make sope`.\n"
        "Set `REDRESS_PEPER`, look at `consumer_lag_mesages`, [there](gone.md), [here](#nowhere).\n\n"
        "```sh\nfor service in intake; do python -m $service migrat; done\n```\n",
        "utf-8",
    )
    page = read(path)
    assert sorted(unknown_commands(page)) == [
        "capa annonce-again",
        "capa migrat",
        "intake announce-again --per-secnd 3",
        "intake migrat",
        "nobody api",
        "notifier dead-letters retry 3 --by me",
        "notifier migrat",
    ]
    assert unknown_verbs(page) == {"sope"}
    assert unknown_settings(page) == {"REDRESS_PEPER"}
    assert unknown_metrics(page) == {"consumer_lag_mesages"}
    assert list(broken_links(page)) == [
        "the link gone.md leads nowhere",
        "the link #nowhere names no heading of wrong.md",
    ]


def test_systemd_takes_the_unit_of_the_guide(tmp_path: Path) -> None:
    assert verify_unit(unit_of_the_guide(), tmp_path) == ""


def test_systemd_refuses_a_wrong_unit(tmp_path: Path) -> None:
    wrong = unit_of_the_guide().replace("ProtectSystem=strict", "ProtectSystm=strict")
    assert "ProtectSystm" in verify_unit(wrong, tmp_path)


def test_the_settings_of_the_guide_are_read_by_a_shell_and_accepted_by_each_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings,) = read(GUIDES / "install-on-one-machine.md").blocks("ini")
    file = tmp_path / "redress.env"
    file.write_text(settings, "utf-8")
    code, output = run_tool("/bin/bash", "-euc", f'set -a; . "{file}"; env')
    assert code == 0, output
    for name, value in (line.split("=", 1) for line in output.splitlines() if line.startswith("REDRESS_")):
        monkeypatch.setenv(name, value)
    assert load_settings(NotifierSettings).mail_from == "Redress <redress@example.org>"
    ports = [load_settings(each).api_port for each in (IntakeSettings, CapaSettings, NotifierSettings)]
    assert ports == [8001, 8002, 8003]


def unit_of_the_guide() -> str:
    (unit,) = read(GUIDES / "install-on-one-machine.md").blocks("systemd")
    return unit


def verify_unit(unit: str, folder: Path) -> str:
    """Give what systemd says against a unit; the guide's Python and settings are not on this machine, ours is."""
    analyze = need_tool("systemd-analyze", "systemd")
    settings = folder / "redress.env"
    settings.touch()
    here = unit.replace("/opt/redress/venv/bin/python", sys.executable).replace(
        "/etc/redress/redress.env", str(settings)
    )
    template = folder / "redress@.service"
    template.write_text(here, "utf-8")
    instance = folder / "redress@intake.service"
    shutil.copy(template, instance)
    code, output = run_tool(analyze, "verify", "--man=no", "--recursive-errors=no", instance)
    return output if code or "redress" in output else ""
