"""What the project publishes about its events, and the command that keeps it true.

    python -m events.published write    writes docs/schemas, docs/events.md and docs/asyncapi.json
    python -m events.published check    fails where they are stale, or a change breaks a reader
    python -m events.published goldens  adds the golden examples that are missing; never edits one

`docs/schemas/published/` holds every state of every schema that was ever written, numbered from 1. It is only ever
added to: `write` adds the next number where a schema changed compatibly, and refuses to write anything where not.
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from events.asyncapi import asyncapi
from events.catalogue import CONTRACTS
from events.compatibility import incompatibilities
from events.events_page import events_page
from events.examples import example_record
from events.schemas import schema_of
from events.transport import Record

Files = Mapping[str, str]
"""Texts by their paths from the root of the repository, with slashes."""

SCHEMAS: Final = "docs/schemas"
REVISIONS: Final = "docs/schemas/published"
GOLDENS: Final = "tests/contracts"
_REVISION: Final = re.compile(rf"{REVISIONS}/(?P<type>.+)\.(?P<number>[1-9][0-9]*)\.json")


def documents() -> dict[str, str]:
    """Write everything that is generated from today's code."""
    schemas = {f"{SCHEMAS}/{name}.json": _text(schema_of(contract)) for name, contract in CONTRACTS.items()}
    return {**schemas, "docs/events.md": events_page(), "docs/asyncapi.json": _text(asyncapi())}


def stale(files: Files) -> list[str]:
    """Name the generated files that are missing, differ from today's code, or belong to nothing any more."""
    wanted = {**documents(), **new_revisions(files)}
    left_over = [
        path
        for path in files
        if path.startswith(f"{SCHEMAS}/") and not path.startswith(f"{REVISIONS}/") and path not in wanted
    ]
    return sorted([path for path, text in wanted.items() if files.get(path) != text] + left_over)


def new_revisions(files: Files) -> dict[str, str]:
    """Write the next revision of each schema whose newest one differs from today's."""
    added = {}
    for name, contract in CONTRACTS.items():
        revisions = _revisions(files).get(name, {})
        today = schema_of(contract)
        newest = max(revisions, default=0)
        if newest == 0 or _bare(json.loads(revisions[newest])) != _bare(today):
            added[f"{REVISIONS}/{name}.{newest + 1}.json"] = _text(today)
    return added


def breaks(files: Files) -> list[str]:
    """Say which readers of a published revision today's code would break, one line each."""
    lines = []
    for name, revisions in sorted(_revisions(files).items()):
        contract = CONTRACTS.get(name)
        if contract is None:
            lines.append(f"{name} was published and is gone: events of it are stored and must stay readable")
            continue
        today = schema_of(contract)
        found = {
            str(incompatibility): None
            for _, text in sorted(revisions.items())
            for incompatibility in incompatibilities(json.loads(text), today)
        }
        lines += [f"{name} {line}" for line in found]
    return lines


def missing_goldens(files: Files) -> dict[str, str]:
    """Write the golden example of each type that has none."""
    paths = {f"{GOLDENS}/{name}.json": contract for name, contract in CONTRACTS.items()}
    return {
        path: golden_text(example_record(contract)) for path, contract in paths.items() if path not in files
    }


def golden_text(record: Record) -> str:
    """Write a record readably, one header a line."""
    headers = ",\n".join(f"    {json.dumps([name, value.decode()])}" for name, value in record.headers)
    data = json.dumps(json.loads(record.value), indent=2, ensure_ascii=False).replace("\n", "\n  ")
    return (
        "{\n"
        f'  "topic": {json.dumps(record.topic)},\n'
        f'  "key": {json.dumps(record.key.decode())},\n'
        f'  "headers": [\n{headers}\n  ],\n'
        f'  "data": {data}\n'
        "}\n"
    )


def golden_record(text: str) -> Record:
    """Read what `golden_text` wrote."""
    golden = json.loads(text)
    return Record(
        golden["topic"],
        golden["key"].encode(),
        tuple((name, value.encode()) for name, value in golden["headers"]),
        json.dumps(golden["data"], ensure_ascii=False, separators=(",", ":")).encode(),
    )


def _revisions(files: Files) -> dict[str, dict[int, str]]:
    """Sort published schemas by type and number."""
    revisions: dict[str, dict[int, str]] = {}
    for path, text in files.items():
        if found := _REVISION.fullmatch(path):
            revisions.setdefault(found["type"], {})[int(found["number"])] = text
    return revisions


def _bare(schema: Any) -> Any:
    """Leave out what is said for people only: better words are no new revision."""
    if isinstance(schema, list):
        return [_bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _bare(value)
        for key, value in schema.items()
        if key not in {"title", "description"} or not isinstance(value, str)
    }


def _text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; tells the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m events.published", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("verb", choices=["write", "check", "goldens"])
    parser.add_argument("--root", type=Path, default=Path(), help="the repository; default: here")
    given = parser.parse_args(arguments)
    root: Path = given.root
    files = _read(root)
    broken = breaks(files)
    if given.verb == "goldens":
        _write(root, missing_goldens(files))
        return 0
    if broken:
        _say(
            "These changes break readers of what is published:",
            *broken,
            "Leave the published version as it was and announce the next one beside it (docs/decisions/0004-…).",
        )
        return 1
    if given.verb == "write":
        _write(root, {**documents(), **new_revisions(files)}, files)
        return 0
    return 1 if _report(stale(files), "write") + _report(sorted(missing_goldens(files)), "goldens") else 0


def _report(paths: Sequence[str], verb: str) -> int:
    """Name files that need a verb; tells how many."""
    if paths:
        _say("Stale or missing:", *paths, f"Run: python -m events.published {verb}")
    return len(paths)


def _say(first: str, *lines: str) -> None:
    middle = [f"  {line}" for line in lines[:-1]]
    sys.stderr.write("\n".join([first, *middle, *lines[-1:]]) + "\n")


def _read(root: Path) -> dict[str, str]:
    """Read what is in the repository now."""
    found = [root / "docs/events.md", root / "docs/asyncapi.json"]
    found += [*(root / SCHEMAS).rglob("*.json"), *(root / GOLDENS).glob("*.json")]
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in found if path.exists()}


def _write(root: Path, wanted: Files, present: Files | None = None) -> None:
    """Write what differs, and name it."""
    for path, text in wanted.items():
        if (present or {}).get(path) == text:
            continue
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        sys.stdout.write(f"wrote {path}\n")


if __name__ == "__main__":
    sys.exit(main())
