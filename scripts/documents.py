"""Writes or checks the documents that come out of the code: `documents.py write|check`.

`docs/configuration.md` from the settings, `docs/openapi/<service>.json` from the routes, `docs/deadlines.md` from the
calendars, the clock profiles and the worked deadlines of `docs/deadlines.toml`.
"""

import json
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import capa.settings
import capa.wiring
import intake.db.work
import intake.settings
import intake.wiring
import notifier.db.work
import notifier.settings
import notifier.wiring
from chassis.health import Health
from chassis.settings import ServiceSettings, describe_settings
from events.wake import Wake
from worktime import Calendar, Pause, due, parse_calendar, term_of

ROOT: Final = Path(__file__).resolve().parent.parent
# Nothing is connected to write a document, so that any values do.
VALUES: Final[Mapping[str, Any]] = {
    "database_url": "postgresql://nobody@127.0.0.1/nothing",
    "pepper": "for documents alone, where it guards nothing",
    "config_dir": ROOT / "config",
}
SETTINGS: Final[Mapping[str, type[ServiceSettings]]] = {
    "intake": intake.settings.IntakeSettings,
    "capa": capa.settings.CapaSettings,
    "notifier": notifier.settings.Settings,
}


def openapi() -> Mapping[str, Mapping[str, Any]]:
    """Describe each service's API."""
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        keys.write_text('{"keys": []}')
        return _openapi({**VALUES, "keys_file": keys})


def _openapi(values: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    silent = Health({}, ())
    role = "documents"
    taking = intake.wiring.open_core(
        intake.settings.IntakeSettings(**values), role=role, wake=intake.db.work.Bells()
    )
    acting = capa.wiring.open_core(capa.settings.CapaSettings(**values), role=role, wake=Wake())
    telling = notifier.wiring.open_core(
        notifier.settings.Settings(**values), role=role, wakes=notifier.db.work.Wakes()
    )
    return {
        "intake": intake.wiring.build_app(taking, silent).openapi(),
        "capa": capa.wiring.build_app(acting, silent).openapi(),
        "notifier": notifier.wiring.build_app(telling, silent).openapi(),
    }


def configuration() -> str:
    """Write the page of all settings: the shared ones once, then each service's own."""
    lines = [
        "# Configuration",
        "",
        "Generated from the code; `make fmt` writes it anew. Every setting is an environment variable. Each is read as",
        "`REDRESS_<SERVICE>_<NAME>` and, where that is not set, as `REDRESS_<NAME>`, so that one value can serve all",
        "services. A setting without a default must be given. A secret may lie in a file instead: see",
        "`REDRESS_SECRETS_DIR`.",
        "",
        "## All services",
        "",
    ]
    shared = {info.name for info in describe_settings(ServiceSettings)}
    lines += _table(ServiceSettings, shared, prefix="REDRESS_")
    for service, settings in SETTINGS.items():
        own = {info.name for info in describe_settings(settings)} - shared
        if own:
            lines += ["", f"## {service}", "", *_table(settings, own, prefix=f"REDRESS_{service.upper()}_")]
    return "\n".join(lines) + "\n"


def _table(settings: type[ServiceSettings], names: set[str], *, prefix: str) -> list[str]:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for info in describe_settings(settings):
        if info.name in names:
            default = "required" if info.default is None else f"`{info.default}`"
            secret = " Secret." if info.secret else ""
            rows.append(f"| `{prefix}{info.name.upper()}` | {default} | {info.description}{secret} |")
    return rows


def deadlines() -> str:
    """Write the page of worked deadlines, each with the explanation that goes with it to whoever asks why."""
    examples = tomllib.loads((ROOT / "docs" / "deadlines.toml").read_text())["deadlines"]
    folder = ROOT / "config" / "calendars"
    calendars = {path.stem: parse_calendar(path.read_text()) for path in sorted(folder.glob("*.toml"))}
    rows = ["| | limit | calendar | due, local time |", "| --- | --- | --- | --- |"]
    parts: list[str] = []
    for number, example in enumerate(examples, 1):
        title, limit = f"{number}. {example['title']}", example["term"]["limit"]
        text = _worked(calendars[example["calendar"]], example)
        rows.append(f"| {title} | `{limit}` | {example['calendar']} | {_due_words(text)} |")
        settings = [f'{key} = "{value}"' for key, value in example["term"].items()]
        clock = _clock_words(example)
        parts += ["", f"## {title}", "", example["why"], *clock, "", "```toml", *settings, "```"]
        parts += ["", "```text", *text.splitlines(), "```"]
    head = [
        "# Worked deadlines",
        "",
        "Generated from the code, `config/calendars/` and `docs/deadlines.toml`; `make fmt` writes it anew. Each example has",
        "the settings of its term and the explanation that is kept with the deadline. `libs/worktime/README.md` has the units",
        "and rules; [clock profiles](guides/clock-profiles.md) tells how the profiles of `config/clocks/` are written.",
        "",
    ]
    return "\n".join([*head, *rows, *parts]) + "\n"


def _clock_words(example: Mapping[str, Any]) -> list[str]:
    """Say which clock of which profile an example is about, and where its limit comes from."""
    reference = example.get("clock") or example.get("extends")
    if reference is None:
        return []
    profile, name = reference.split("/")
    file = tomllib.loads((ROOT / "config" / "clocks" / f"{profile}.toml").read_text())
    clock = next(clock for clock in file["clocks"] if clock["name"] == name)
    if "extends" in example:
        return [
            "",
            f"More time for the clock `{name}` of the profile `{profile}`. Source: {clock['extension']['source']}.",
        ]
    return ["", f"The clock `{name}` of the profile `{profile}`. Source: {clock['source']}."]


def _worked(calendar: Calendar, example: Mapping[str, Any]) -> str:
    pauses = [Pause(each["from"], each["to"]) for each in example.get("pauses", [])]
    return due(calendar, example["start"], term_of(example["term"]), pauses).explanation.as_text()


def _due_words(text: str) -> str:
    return text.splitlines()[0].removeprefix("Due ").partition(",")[0]


def documents() -> Mapping[Path, str]:
    """Make every document, by where it belongs."""
    made = {
        ROOT / "docs" / "configuration.md": configuration(),
        ROOT / "docs" / "deadlines.md": deadlines(),
    }
    for service, description in openapi().items():
        made[ROOT / "docs" / "openapi" / f"{service}.json"] = (
            json.dumps(description, indent=2, sort_keys=True) + "\n"
        )
    return made


def main(verb: str) -> int:
    """Write the documents, or name those that are stale; gives the exit code."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    if verb == "write":
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(documents()[path])
        return 0
    for path in stale:
        print(f"{path.relative_to(ROOT)} is stale; make fmt writes it.")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
