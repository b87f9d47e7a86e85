"""What the environment tells notifier."""

import logging
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr

from chassis.settings import CannotStart, ServiceSettings
from chassis.webhooks.addresses import Network
from chassis.webhooks.sealing import SealingKey
from common.refusals import Refusal
from notifier.domain.ladder import DEFAULT, Ladder, ladder_of
from worktime import Calendar, DurationInvalid, parse_calendar, parse_duration

log = logging.getLogger(__name__)


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        ip_network(text)
    return texts


def _waits(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        _elapsed(text)
    return texts


class Settings(ServiceSettings):
    """Notifier's settings; see `ServiceSettings` for how they are read."""

    service: ClassVar[str] = "notifier"

    ladders: Path | None = Field(
        None, description="Escalation ladders; else ladders.toml in the config folder."
    )
    calendar: Path | None = Field(
        None, description="Calendar that ladders count in; else calendars/default.toml in the config folder."
    )
    fallback_person: str = Field(
        "head.of.quality",
        min_length=1,
        description="Id of the person who is told what nobody else can be told.",
    )
    smtp_host: str = Field("127.0.0.1", description="Mail server.")
    smtp_port: int = Field(25, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="Encryption towards the mail server."
    )
    smtp_username: str | None = Field(
        None, description="Name to log in to the mail server with, if it asks for one."
    )
    smtp_password: SecretStr | None = Field(None, description="Password to log in to the mail server with.")
    smtp_timeout_seconds: float = Field(20.0, gt=0, description="Longest time of one attempt by mail.")
    mail_from: str = Field(
        "Redress <redress@localhost>",
        pattern=r"^(?:[^<>\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$",
        description="Sender of mail, also the domain of Message-IDs.",
    )
    webhook_key: SealingKey = Field(
        SecretStr(""),
        description="Secret of 16 or more characters that the secrets of people's webhooks are encrypted under, the same for "
        "API and worker; else the pepper.",
    )
    webhook_key_former: SealingKey = Field(
        SecretStr(""),
        description="The webhook key before this one, which is read with until `seal-secrets` has run.",
    )
    webhook_allow: Annotated[tuple[str, ...], AfterValidator(_networks)] = Field(
        (), description="Private networks (CIDR) that webhooks may reach; public addresses always may."
    )
    webhook_timeout_seconds: float = Field(15.0, gt=0, description="Longest time of one attempt by webhook.")
    settle_seconds: float = Field(
        5.0, ge=0, description="How long a message waits for further notices to the same person."
    )
    digest_window_seconds: float = Field(
        900.0,
        ge=0,
        description="Least time between two messages to a person by one channel, unless critical.",
    )
    retry_waits: Annotated[tuple[str, ...], AfterValidator(_waits)] = Field(
        ("5s", "1m", "5m", "30m", "2h", "5h", "10h"),
        description="Waits after each failed attempt; after the last one a message is given up.",
    )
    poll_seconds: float = Field(5.0, gt=0, description="Longest sleep of the timer and delivery loops.")

    @property
    def webhook_networks(self) -> tuple[Network, ...]:
        """The networks of `webhook_allow`."""
        return tuple(ip_network(text) for text in self.webhook_allow)

    @property
    def waits(self) -> tuple[timedelta, ...]:
        """The waits of `retry_waits`."""
        return tuple(_elapsed(text) for text in self.retry_waits)


def read_ladders(settings: Settings) -> Mapping[str, Ladder]:
    """Read the ladders; raises CannotStart naming the file, the step and the field."""
    path = settings.ladders or settings.config_dir / "ladders.toml"
    try:
        return parse_ladders(_text(path, "REDRESS_NOTIFIER_LADDERS"))
    except tomllib.TOMLDecodeError as error:
        raise CannotStart(f"{path}: is no TOML: {error}. Correct it.") from None
    except Refusal as refusal:
        raise CannotStart(f"{path}: {refusal.detail}. Correct it.") from None
    except ValueError as error:
        raise CannotStart(f"{path}: {error}. Correct it.") from None


def parse_ladders(text: str) -> Mapping[str, Ladder]:
    """Read ladders by name from TOML; refuses with LadderInvalid or ValueError."""
    data: dict[str, Any] = tomllib.loads(text)
    version, ladders, answers = data.pop("version", None), data.pop("ladders", None), data.pop("answers", {})
    if data:
        raise ValueError(f"unknown: {', '.join(sorted(data))}")
    if not isinstance(version, str) or not version:
        raise ValueError('version must be a text such as "1"')
    if not isinstance(ladders, dict) or DEFAULT not in ladders:
        raise ValueError("there must be a ladder named default: [[ladders.default]]")
    for name, steps in ladders.items():
        if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
            raise ValueError(f"ladders.{name} must be an array of tables: [[ladders.{name}]]")
    _check_answers(answers, ladders)
    return {name: ladder_of(name, version, steps, answers.get(name)) for name, steps in ladders.items()}


def _check_answers(answers: object, ladders: Mapping[str, object]) -> None:
    if not isinstance(answers, dict) or not all(isinstance(each, dict) for each in answers.values()):
        raise ValueError("answers must be a table for each ladder: [answers.default]")
    strange = sorted(set(answers) - set(ladders))
    if strange:
        raise ValueError(f"answers.{strange[0]} is about no ladder: name one of {', '.join(ladders)}")


def read_calendar(settings: Settings) -> Calendar:
    """Read the calendar that ladders count in; raises CannotStart naming the file and place."""
    path = settings.calendar or settings.config_dir / "calendars" / "default.toml"
    try:
        calendar = parse_calendar(_text(path, "REDRESS_NOTIFIER_CALENDAR"))
    except Refusal as refusal:
        raise CannotStart(f"{path}: {refusal.detail}. Correct it.") from None
    for doubt in calendar.doubts:
        log.warning("%s: %s", path, doubt)
    return calendar


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CannotStart(
            f"{setting}: {path} cannot be read ({error.strerror}): name the file, or set REDRESS_CONFIG_DIR."
        ) from None


def _elapsed(text: str) -> timedelta:
    try:
        duration = parse_duration(text)
    except DurationInvalid as refusal:
        raise ValueError(refusal.detail) from None
    if duration.length is None or duration.unit.is_working:
        raise ValueError(f"{text} depends on a calendar: write elapsed time, such as 5m")
    return duration.length
