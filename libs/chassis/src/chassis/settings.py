"""What a process is told by its environment, read once at the edge."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from chassis.setting_rules import Given, kafka_misfits, oidc_misfits
from chassis.setting_sources import (
    PREFIX,
    CannotStart,
    SecretFiles,
    Variables,
    holds,
    read_secret,
    variable_of,
    variables_of,
)

__all__ = [
    "PREFIX",
    "CannotStart",
    "ServiceSettings",
    "SettingInfo",
    "describe_settings",
    "load_settings",
    "load_settings_or_exit",
    "read_secret",
]


class ServiceSettings(BaseSettings):
    """The settings that all services share; a service subclasses it, names itself in `service` and adds its own.

    Each field is read from `REDRESS_<SERVICE>_<FIELD>` and, failing that, from `REDRESS_<FIELD>`. A variable that is
    set but empty counts as unset. Lists are separated by commas. A secret that no variable holds is read from the file
    in `secrets_dir` that is named as its variable in small letters.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=False, hide_input_in_errors=True
    )

    service: ClassVar[str] = ""

    database_url: SecretStr = Field(
        description="PostgreSQL 18 database of this service: postgresql://user:password@host:port/database, or over a "
        "unix socket postgresql://user@/database?host=/folder.",
    )
    database_pool_size: int = Field(
        4, ge=1, le=100, description="Connections that one process holds at most."
    )
    database_pool_timeout_seconds: float = Field(
        2.0, gt=0, description="How long a request waits for a free connection before it is told 503."
    )
    log_database_url: SecretStr | None = Field(
        None, description="Database of the embedded event log; needed with the embedded transport."
    )
    transport: Literal["embedded", "kafka"] = Field(
        "embedded", description="How events travel between services."
    )
    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092",
        description="Kafka brokers as host:port, separated by commas; used with transport kafka.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="Connections to Kafka: SSL encrypts them, SASL logs in; SASL_PLAINTEXT is for a trusted network alone.",
    )
    kafka_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of the authorities that vouch for the brokers; else the system's. Files of Kafka "
        "are read again for each new connection.",
    )
    kafka_certificate_file: Path | None = Field(
        None, description="Certificate (PEM) that this service shows to Kafka, with its chain."
    )
    kafka_key_file: Path | None = Field(
        None, description="Key (PEM, without a passphrase) of the certificate shown to Kafka."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="How this service logs in to Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    kafka_sasl_user: str | None = Field(None, description="Name to log in to Kafka with.")
    kafka_sasl_password: SecretStr | None = Field(None, description="Password to log in to Kafka with.")
    kafka_sasl_password_file: Path | None = Field(
        None,
        description="File that holds the password to log in to Kafka with, instead of the password itself.",
    )
    api_host: str = Field("127.0.0.1", description="Address that the API listens on.")
    api_port: int = Field(8000, ge=0, le=65535, description="Port that the API listens on.")
    metrics_host: str = Field("127.0.0.1", description="Address that metrics and probes listen on.")
    metrics_port: int = Field(9000, ge=0, le=65535, description="Port that metrics and probes listen on.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Base of the links that clients see, such as https://intake.example.org; else the request's own.",
    )
    keys_file: Path = Field(
        Path("keys.json"), description="API keys as HMACs; made by `python -m chassis.keys new`."
    )
    pepper: SecretStr = Field(
        SecretStr(""),
        description="Secret of 32 or more characters that API keys and cursors are signed with.",
    )
    rate_limit_read: int = Field(
        6_000,
        ge=0,
        description="Requests a minute that each key may read with, in one process; 0 for no limit, as for the other limits.",
    )
    rate_limit_write: int = Field(
        6_000, ge=0, description="Requests a minute that each key may change something with, in one process."
    )
    rate_limit_export: int = Field(60, ge=0, description="Exports a minute for each key, in one process.")
    rate_limit_bulk: int = Field(
        60,
        ge=0,
        description="Imports, and other requests of many records, a minute for each key, in one process.",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Issuer of access tokens, exactly as its discovery document says, such as https://login.example.org/realms/acme; "
        "by https, or by http on this machine. Unset: API keys alone.",
    )
    oidc_audiences: tuple[str, ...] = Field(
        (), description="Audiences that an access token may be for; one of them must be in its `aud`."
    )
    oidc_algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"],
        ...,
    ] = Field(
        ("RS256", "PS256", "ES256", "EdDSA"),
        min_length=1,
        description="Algorithms that access tokens may be signed with.",
    )
    oidc_leeway_seconds: float = Field(
        30.0,
        ge=0,
        le=300,
        description="Difference of clocks that is borne when an access token's times are checked.",
    )
    oidc_required_claims: tuple[str, ...] = Field(
        (), description="Claims that an access token must have beside iss, aud, exp and sub."
    )
    oidc_scope_claim: str = Field(
        "scope",
        min_length=1,
        description="Claim that holds scopes, as a text with spaces or a list; a path with dots goes into objects.",
    )
    oidc_role_claim: str | None = Field(
        None,
        description="Claim that holds roles or groups, such as realm_access.roles; the roles file says what they give.",
    )
    oidc_roles_file: Path | None = Field(
        None,
        description="Roles of Redress for each value of the role claim; else oidc.toml in REDRESS_CONFIG_DIR.",
    )
    oidc_person_claim: str | None = Field(
        None,
        description="Claim that holds a person's id in Redress, such as preferred_username; else people are `user:<sub>`.",
    )
    oidc_source_system_claim: str = Field(
        "source_system",
        min_length=1,
        description="Claim of a machine's access token that binds it to one source system.",
    )
    oidc_keys_ttl_seconds: float = Field(
        600.0, gt=0, description="How long the issuer's keys are used before they are asked for again."
    )
    oidc_keys_stale_seconds: float = Field(
        86_400.0, ge=0, description="How much longer they are used while the issuer does not answer."
    )
    oidc_keys_cooldown_seconds: float = Field(
        30.0,
        ge=1,
        description="Least time between two questions for keys, whatever key ids tokens name; a new key is known within it.",
    )
    oidc_timeout_seconds: float = Field(
        5.0, gt=0, le=60, description="How long the issuer may take to tell its keys."
    )
    oidc_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of the authorities that vouch for the issuer; else the system's.",
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder of files that hold the secrets that no variable holds, each named as its variable in small "
        "letters, such as redress_pepper.",
    )
    config_dir: Path = Field(Path("config"), description="Folder of the policies and calendars.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )
    stop_timeout_seconds: float = Field(
        10.0, gt=0, description="How long work under way may take to finish after SIGTERM."
    )
    max_body_bytes: int = Field(1_000_000, ge=1, description="Largest request body that is read.")
    commit: str = Field("unknown", description="Source revision of this build, shown in build_info.")
    tracing: bool = Field(
        default=False,
        description="Whether traces are recorded and sent by OTLP over HTTP; turn it on in all services together.",
    )
    tracing_endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#]+$",
        description="Collector that traces are sent to, such as http://collector:4318; else what the standard variable "
        "OTEL_EXPORTER_OTLP_ENDPOINT says, else http://localhost:4318. The other OTEL_EXPORTER_OTLP_ variables (headers, "
        "certificates, timeout, compression), OTEL_BSP_SCHEDULE_DELAY and OTEL_RESOURCE_ATTRIBUTES hold as well.",
    )
    tracing_sample_ratio: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin here which is recorded; a trace that continues is recorded if "
        "whoever began it decided so.",
    )
    instance_id: str | None = Field(
        None, description="Name of this process in traces, such as the pod's; else a new id at each start."
    )

    @model_validator(mode="after")
    def _kafka_fits_together(self) -> Self:
        if self.transport == "kafka" and (wrong := list(kafka_misfits(self._given()))):
            raise PydanticCustomError("misfit", "{lines}", {"lines": "\n".join(wrong)})
        return self

    @model_validator(mode="after")
    def _oidc_fits_together(self) -> Self:
        if wrong := list(oidc_misfits(self._given())):
            raise PydanticCustomError("misfit", "{lines}", {"lines": "\n".join(wrong)})
        return self

    def _given(self) -> Given:
        return Given(self.service, dict(self))

    @override
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what the caller gives first, then variables, then files; of each this service's before the shared ones."""
        prefixes = f"{PREFIX}{cls.service.upper()}_", PREFIX
        variables = [Variables(settings_cls, prefix) for prefix in prefixes]
        files = [SecretFiles(settings_cls, prefix) for prefix in prefixes]
        return init_settings, *variables, *files


S = TypeVar("S", bound=ServiceSettings)


def load_settings(settings: type[S]) -> S:
    """Read the settings, or raise CannotStart with one line for each variable that is missing or wrong."""
    try:
        return settings()
    except ValidationError as error:
        raise CannotStart("\n".join(_line(settings, wrong) for wrong in error.errors())) from None


def load_settings_or_exit(settings: type[S]) -> S:
    """Read the settings, or end the process with exit code 2 and the lines of CannotStart, never a trace."""
    try:
        return load_settings(settings)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from None


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """One setting as documentation shows it; `default` is None where it must be set."""

    name: str
    variables: tuple[str, str]
    default: str | None
    description: str
    secret: bool


def describe_settings(settings: type[ServiceSettings]) -> tuple[SettingInfo, ...]:
    """List every setting of a service for the generated documentation, in order of declaration."""
    return tuple(
        SettingInfo(
            name=name,
            variables=variables_of(settings.service, name),
            default=None if field.is_required() else _shown(field.default),
            description=field.description or "",
            secret=holds(field.annotation, SecretStr),
        )
        for name, field in settings.model_fields.items()
    )


def _line(settings: type[ServiceSettings], wrong: ErrorDetails) -> str:
    name = str(wrong["loc"][0]) if wrong["loc"] else ""
    field = settings.model_fields.get(name)
    if field is None:
        # Only a rule about several settings speaks of none, and names them itself.
        return wrong["msg"]
    own, shared = variables_of(settings.service, name)
    if wrong["type"] == "missing":
        return f"{own} (or {shared}) is missing: set it. {field.description}"
    return (
        f"{variable_of(settings.service, name)} is not valid: {wrong['msg']}. Correct it. {field.description}"
    )


def _shown(default: object) -> str:
    match default:
        case None:
            return "unset"
        case SecretStr():
            return "unset"
        case tuple() | list() | frozenset() | set():
            return ",".join(str(part) for part in default)
        case _:
            return str(default)
