"""What intake is told: its environment, and the mapping profiles in its configuration folder."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from chassis.settings import CannotStart, ServiceSettings
from intake.domain.mapping import ISO, Kind, Profile, Rule, Source

PROFILES: Final = "import-profiles"


class IntakeSettings(ServiceSettings):
    """Intake's settings, read once at the start of a process."""

    service: ClassVar[str] = "intake"

    import_max_bytes: int = Field(200_000_000, ge=1, description="Largest file that an import reads.")
    import_chunk_rows: int = Field(
        250, ge=1, le=5_000, description="Rows of an import that go into the database in one transaction."
    )
    export_max_rows: int = Field(
        100_000, ge=1, le=10_000_000, description="Complaints that one export holds at most."
    )


def load_profiles(folder: Path) -> Mapping[str, Profile]:
    """Read every `import-profiles/<name>.toml`; raises CannotStart with a line that names file and value."""
    files = sorted((folder / PROFILES).glob("*.toml"))
    if not files:
        raise CannotStart(f"{folder / PROFILES} holds no profile: correct REDRESS_CONFIG_DIR.")
    return {file.stem: read_profile(file) for file in files}


def read_profile(file: Path) -> Profile:
    """Read one profile; raises CannotStart with a line that names file and value."""
    try:
        found = _ProfileFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CannotStart(f"{file} cannot be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CannotStart(f"{file}: {place}: {first['msg']}") from None
    return Profile(
        name=file.stem,
        version=found.version,
        description=found.description,
        source_system=found.source_system,
        ignored=frozenset(found.ignored),
        fields={name: source.value() for name, source in found.fields.items()},
    )


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
