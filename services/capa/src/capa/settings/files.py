"""Policies and calendars as files: read, checked, and complained of by file and field."""

import logging
import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from chassis.settings import CannotStart
from common.refusals import Refusal
from worktime.calendar import Calendar
from worktime.calendar_text import parse_calendar
from worktime.durations import parse_duration

log = logging.getLogger(__name__)


class Part(BaseModel):
    """A table of a policy; fields that it does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


PartT = TypeVar("PartT", bound=Part)


def _duration(text: str) -> str:
    try:
        parse_duration(text)
    except Refusal as refusal:
        raise ValueError(refusal.detail) from None
    return text


DurationText = Annotated[str, AfterValidator(_duration)]


def checked(kind: type[PartT], file: Path, settings: str) -> PartT:
    """Read a policy; raises CannotStart naming file and field, or the settings that name the file."""
    try:
        return kind.model_validate(tomllib.loads(_text(file, settings)))
    except tomllib.TOMLDecodeError as error:
        raise CannotStart(f"{file} is no TOML: {error}") from None
    except ValidationError as error:
        raise CannotStart(
            "\n".join(f"{file}: {_place(found['loc'])}: {found['msg']}" for found in error.errors())
        ) from None


def calendar_in(file: Path) -> Calendar:
    """Read a calendar, and warn of what is doubtful in it; raises CannotStart."""
    try:
        calendar = parse_calendar(_text(file, "REDRESS_CONFIG_DIR, or the calendar that the policy names"))
    except Refusal as refusal:
        raise CannotStart(f"{file}: {refusal.detail}") from None
    for doubt in calendar.doubts:
        log.warning("%s: %s", file, doubt)
    return calendar


def _text(file: Path, settings: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotStart(f"{file} cannot be read ({error}): correct {settings}.") from None


def _place(path: tuple[int | str, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the policy"
