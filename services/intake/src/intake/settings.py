"""What intake is told: its environment, and the closing policy and mapping profiles in its configuration folder."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from chassis.settings import CannotStart, ServiceSettings
from chassis.webhooks.addresses import Network
from intake.domain.lifecycle.facts import BY_VERB
from intake.domain.lifecycle.policy import ClosingPolicy
from intake.domain.mapping import ISO, Kind, Profile, Rule, Source
from intake.domain.media_types import KINDS, USUAL
from intake.domain.retention import ERASABLE, HistoricalStart, RetentionPolicy, RetentionRule
from intake.domain.webhook import Retries
from intake.usecases.form_values import Code
from worktime import DurationInvalid, parse_duration

PROFILES: Final = "import-profiles"
RETENTION: Final = "retention.toml"


P = TypeVar("P", bound="_Part")


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        ip_network(text)
    return texts


def _waits(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        _elapsed(text)
    return texts


def _elapsed(text: str) -> timedelta:
    try:
        duration = parse_duration(text)
    except DurationInvalid as refusal:
        raise ValueError(refusal.detail) from None
    if duration.length is None or duration.unit.is_working:
        raise ValueError(f"{text} depends on a calendar: write elapsed time, such as 5m")
    return duration.length


class IntakeSettings(ServiceSettings):
    """Intake's settings, read once at the start of a process."""

    service: ClassVar[str] = "intake"

    clock_policy: Path | None = Field(
        None, description="The clock policy's file; else clocks.toml in the configuration folder."
    )
    import_max_bytes: int = Field(200_000_000, ge=1, description="Largest file that an import reads.")
    import_chunk_rows: int = Field(
        250, ge=1, le=5_000, description="Rows of an import that go into the database in one transaction."
    )
    attachment_store: Literal["none", "folder", "s3"] = Field(
        "none",
        description="Where files that are attached to complaints lie: nowhere, so that they are refused; in a folder that "
        "all processes of intake share; or in a bucket of an S3-compatible store.",
    )
    attachment_folder: Path | None = Field(
        None,
        description="Folder of the attachments, where the store is folder; to be backed up with the database.",
    )
    attachment_s3_bucket: str | None = Field(
        None, description="Bucket of the attachments, where the store is s3; nothing makes it."
    )
    attachment_s3_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Address of the S3-compatible store, such as https://minio:9000; else the one of AWS.",
    )
    attachment_s3_region: str = Field("us-east-1", description="Region of the bucket.")
    attachment_s3_prefix: str = Field(
        "attachments/", pattern=r"^([\w.-]+/)*$", description="What the names of objects begin with."
    )
    attachment_s3_virtual_hosted: bool = Field(
        default=False, description="Whether the bucket is named in the host instead of the path."
    )
    attachment_s3_access_key_id: SecretStr | None = Field(
        None,
        description="Key that may read, write and delete the bucket's objects; else the standard AWS variables, a web "
        "identity or the machine's role say who asks.",
    )
    attachment_s3_secret_access_key: SecretStr | None = Field(None, description="Secret of that key.")
    attachment_max_bytes: int = Field(25_000_000, ge=1, description="Largest file that is attached.")
    attachment_max_per_complaint: int = Field(100, ge=1, description="Most files that a complaint may have.")
    attachment_media_types: tuple[str, ...] = Field(
        USUAL,
        description="Media types of files that are attached, separated by commas; the content must begin as its type does. "
        "application/zip may be added.",
    )
    closing_policy: Path | None = Field(
        None, description="The closing policy's file; else closing.toml in the configuration folder."
    )
    export_max_rows: int = Field(
        100_000, ge=1, le=10_000_000, description="Complaints that one export holds at most."
    )

    change_feed_days: int = Field(
        30,
        ge=7,
        le=3_650,
        description="How long the feed of changes, and what became of webhooks, is remembered.",
    )
    webhook_key: SecretStr = Field(
        SecretStr(""),
        description="Secret of 16 or more characters that the secrets of webhooks are encrypted under, the same for API and "
        "worker; else the pepper.",
    )
    webhook_allow: Annotated[tuple[str, ...], AfterValidator(_networks)] = Field(
        (), description="Private networks (CIDR) that webhooks may reach; public addresses always may."
    )
    webhook_timeout_seconds: float = Field(
        15.0, gt=0, le=60, description="Longest time of one attempt to post a change."
    )
    webhook_side_by_side: int = Field(
        4, ge=1, le=64, description="Attempts under way to one endpoint at once, over all processes."
    )
    webhook_retry_waits: Annotated[tuple[str, ...], AfterValidator(_waits)] = Field(
        ("5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"),
        description="Waits after each failed attempt to post a change, drawn out by chance by up to a fifth; after the last "
        "one the delivery has failed.",
    )
    webhook_disable_after_hours: int = Field(
        120, ge=1, description="An endpoint that has only failed for so long is disabled."
    )

    @property
    def clock_policy_file(self) -> Path:
        """The file that the clock policy is read from."""
        return self.clock_policy or self.config_dir / "clocks.toml"

    @property
    def closing_policy_file(self) -> Path:
        """Where the closing policy lies."""
        return self.closing_policy or self.config_dir / "closing.toml"

    @property
    def webhook_networks(self) -> tuple[Network, ...]:
        """The networks of `webhook_allow`."""
        return tuple(ip_network(text) for text in self.webhook_allow)

    @property
    def webhook_retries(self) -> Retries:
        """When a failed attempt is made again, and when an endpoint is given up."""
        return Retries(
            tuple(_elapsed(text) for text in self.webhook_retry_waits),
            timedelta(hours=self.webhook_disable_after_hours),
        )

    @field_validator("attachment_media_types")
    @classmethod
    def _types_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(names) - KINDS.keys()):
            raise ValueError(
                f"{', '.join(unknown)} cannot be told by its beginning; known are {', '.join(KINDS)}"
            )
        return names

    @model_validator(mode="after")
    def _attachments_fit_together(self) -> Self:
        needed = {"folder": "attachment_folder", "s3": "attachment_s3_bucket"}.get(self.attachment_store)
        if needed is not None and getattr(self, needed) is None:
            raise _misfit(
                f"{_variable(needed)} is missing: {_variable('attachment_store')} is {self.attachment_store}, so set it."
            )
        if (self.attachment_s3_access_key_id is None) != (self.attachment_s3_secret_access_key is None):
            pair = (_variable(f"attachment_s3_{name}") for name in ("access_key_id", "secret_access_key"))
            raise _misfit(f"{' and '.join(pair)} go together: set both, or unset both.")
        return self


def _variable(name: str) -> str:
    return f"REDRESS_INTAKE_{name.upper()}"


def _misfit(line: str) -> PydanticCustomError:
    return PydanticCustomError("misfit", "{line}", {"line": line})


def load_profiles(folder: Path) -> Mapping[str, Profile]:
    """Read every `import-profiles/<name>.toml`; raises CannotStart with a line that names file and value."""
    files = sorted((folder / PROFILES).glob("*.toml"))
    if not files:
        raise CannotStart(f"{folder / PROFILES} holds no profile: correct REDRESS_CONFIG_DIR.")
    return {file.stem: read_profile(file) for file in files}


def read_closing_policy(file: Path) -> ClosingPolicy:
    """Read and check the closing policy; raises CannotStart with a line that names file and value."""
    found = _checked(file, _ClosingFile)
    return ClosingPolicy(
        version=found.version,
        response_period=timedelta(days=found.response_period_days),
        contact_attempts=found.contact_attempts,
        closure_codes=tuple(found.closure_codes),
        needs_disposition=found.needs_disposition,
    )


def read_profile(file: Path) -> Profile:
    """Read one profile; raises CannotStart with a line that names file and value."""
    found = _checked(file, _ProfileFile)
    return Profile(
        name=file.stem,
        version=found.version,
        description=found.description,
        source_system=found.source_system,
        ignored=frozenset(found.ignored),
        fields={name: source.value() for name, source in found.fields.items()},
    )


def load_retention(folder: Path) -> RetentionPolicy:
    """Read `retention.toml`; raises CannotStart with a line that names file and value."""
    file = folder / RETENTION
    found = _checked(file, _RetentionFile)
    return RetentionPolicy(
        version=found.version,
        ends=frozenset(found.ends),
        resumes=frozenset(found.resumes),
        personal_reads_days=found.personal_reads_days,
        texts=frozenset(found.erase.texts),
        files=found.erase.files,
        notes=found.erase.notes,
        rules=tuple(rule.value() for rule in found.rule),
        historical=found.historical,
    )


def _checked(file: Path, kind: type[P]) -> P:
    try:
        return kind.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CannotStart(f"{file} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CannotStart(f"{file}: {place}: {first['msg']}") from None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RuleFile(_Part):
    value: str
    when: dict[str, list[str]] = Field(min_length=1)


class _SourceFile(_Part):
    kind: Kind = "text"
    columns: list[str] = []
    constant: Any = None
    rules: list[_RuleFile] = []
    table: dict[str, str] = {}
    formats: list[str] = [ISO]
    zone: str | None = None
    template: str = ""
    default: Any = None
    longest: int | None = Field(None, ge=2)

    @field_validator("zone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (KeyError, OSError, ValueError):
                raise ValueError(f"{name} is no time zone of the IANA database") from None
        return name

    def value(self) -> Source:
        return Source(
            kind=self.kind,
            columns=tuple(self.columns),
            constant=self.constant,
            rules=tuple(Rule.of(rule.value, rule.when) for rule in self.rules),
            table={name.casefold(): text for name, text in self.table.items()},
            formats=tuple(self.formats),
            zone=None if self.zone is None else ZoneInfo(self.zone),
            template=self.template,
            default=self.default,
            longest=self.longest,
        )


class _ProfileFile(_Part):
    version: str = Field(min_length=1)
    description: str = Field(min_length=1)
    source_system: str | None = None
    ignored: list[str] = []
    fields: dict[str, _SourceFile] = Field(min_length=1)


class _ClosingFile(_Part):
    version: Code
    response_period_days: int = Field(ge=0, le=3_650)
    contact_attempts: int = Field(ge=2, le=20)
    closure_codes: list[Code] = Field(min_length=1, max_length=100)
    needs_disposition: bool


_Days = Annotated[int, Field(ge=0, le=36_500)]


class _RuleOfRetention(_Part):
    name: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=1, max_length=500)
    hold_days: _Days = 0
    keep_days: _Days | None = None
    products: list[str] = []
    categories: list[str] = []
    source_systems: list[str] = []
    severities: list[Literal["minor", "major", "critical"]] = []

    @property
    def fits_all(self) -> bool:
        return not (self.products or self.categories or self.source_systems or self.severities)

    def value(self) -> RetentionRule:
        return RetentionRule(
            name=self.name,
            reason=self.reason,
            hold_days=self.hold_days,
            keep_days=self.keep_days,
            products=frozenset(self.products),
            categories=frozenset(self.categories),
            source_systems=frozenset(self.source_systems),
            severities=frozenset(self.severities),
        )


class _Erase(_Part):
    texts: list[str]
    files: bool
    notes: bool

    @field_validator("texts")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        if unknown := sorted(set(names) - ERASABLE):
            raise ValueError(f"{', '.join(unknown)} is no text of a complaint: {', '.join(sorted(ERASABLE))}")
        return names


class _RetentionFile(_Part):
    version: str = Field(min_length=1, max_length=50)
    ends: list[str] = Field(min_length=1)
    resumes: list[str]
    historical: HistoricalStart = HistoricalStart.NEVER
    personal_reads_days: Annotated[int, Field(ge=1, le=36_500)]
    erase: _Erase
    rule: list[_RuleOfRetention] = Field(min_length=1)

    @field_validator("ends", "resumes")
    @classmethod
    def _verbs(cls, verbs: list[str]) -> list[str]:
        if unknown := [verb for verb in verbs if verb not in BY_VERB]:
            raise ValueError(
                f"{', '.join(unknown)}: is no verb of a step; those are {', '.join(sorted(BY_VERB))}"
            )
        return verbs

    @field_validator("rule")
    @classmethod
    def _last_fits_all(cls, rules: list[_RuleOfRetention]) -> list[_RuleOfRetention]:
        if not rules[-1].fits_all:
            raise ValueError("the last rule must fit every complaint: leave out what it chooses by")
        return rules
