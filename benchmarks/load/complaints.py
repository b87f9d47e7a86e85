"""The complaints that the CRM has: real ones where REDRESS_COMPLAINTS_CSV names a file, else made-up ones."""

import csv
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import ROOT
from intake.domain.mapping import map_row
from intake.settings import PROFILES, read_profile
from local.demo import made_up

VARIABLE: Final = "REDRESS_COMPLAINTS_CSV"
MOST: Final = 20_000
"""Complaints that are kept in memory; a run that needs more begins again with the first."""

_PROFILE: Final = ROOT / "config" / PROFILES / "cfpb.toml"
# A replayed complaint arrives now. Its day in the file would make it late on arrival, and its owner told so.
_LEFT_OUT: Final = ("external_id", "source_system", "received_at", "aware_at")


@dataclass(frozen=True, slots=True)
class Pool:
    """Bodies as they are posted, without what makes each one its own, and a sentence on where they come from."""

    bodies: Sequence[Mapping[str, Any]]
    said: str

    def body(self, number: int) -> Mapping[str, Any]:
        """Give the body of a complaint by its number in the run, from 0."""
        return self.bodies[number % len(self.bodies)]


def pool(seed: int, environment: Mapping[str, str] = os.environ) -> Pool:
    """Read or make the complaints, in an order that the seed gives; raises OSError or ValueError for a bad file."""
    if name := environment.get(VARIABLE):
        return _real(Path(name), seed)
    source = made_up(MOST, seed)
    bodies = [_plain(json.loads(line)) for line in source.content.splitlines()]
    return Pool(bodies, f"{source.said}; {VARIABLE} names no file of real ones")


def _real(path: Path, seed: int) -> Pool:
    profile = read_profile(_PROFILE)
    bodies, unreadable = [], 0
    for row in _rows(path):
        body, errors = map_row(profile, {name: value for name, value in row.items() if value})
        if errors:
            unreadable += 1
        else:
            bodies.append(_plain(body))
    if not bodies:
        raise ValueError(f"{path.name} holds no complaint that the profile {profile.name} can read.")
    random.Random(seed).shuffle(bodies)  # noqa: S311 - to be repeated, not to be secret
    left = f", {unreadable:,} rows that it cannot read left out" if unreadable else ""
    return Pool(bodies, f"{len(bodies):,} real complaints of {path.name} by the profile {profile.name}{left}")


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number == MOST:
                return
            yield row


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _LEFT_OUT and value is not None}
