"""What a process is told by its environment, read once at the edge."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args, get_origin

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from chassis.addresses import is_safe

PREFIX = "REDRESS_"
_LISTS = (list, tuple, set, frozenset)
_KAFKA_FILES = ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
_KAFKA_LOGIN = (
    "kafka_sasl_mechanism",
    "kafka_sasl_user",
    "kafka_sasl_password",
    "kafka_sasl_password_file",
)


class CannotStart(Exception):
    """The process cannot go on; the message is one line for the operator that names the fix."""

    exit_code: ClassVar[int] = 2


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
        if self.transport == "kafka" and (wrong := list(_kafka_misfits(self))):
            raise PydanticCustomError("misfit", "{lines}", {"lines": "\n".join(wrong)})
        return self

    @model_validator(mode="after")
    def _oidc_fits_together(self) -> Self:
        if wrong := list(_oidc_misfits(self)):
            raise PydanticCustomError("misfit", "{lines}", {"lines": "\n".join(wrong)})
        return self

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
        variables = [_Variables(settings_cls, prefix) for prefix in prefixes]
        files = [_SecretFiles(settings_cls, prefix) for prefix in prefixes]
        return init_settings, *variables, *files


def _oidc_misfits(settings: ServiceSettings) -> Iterator[str]:
    """Say what of OIDC's settings is missing or dangerous."""
    issuer = _variable(settings, "oidc_issuer")
    audiences = _variable(settings, "oidc_audiences")
    if settings.oidc_issuer is None:
        for name in _set_among(
            settings, ("oidc_role_claim", "oidc_roles_file", "oidc_person_claim", "oidc_ca_file")
        ):
            yield f"{_variable(settings, name)} is set, but {issuer} is not: set it too, or unset the other."
        if settings.oidc_audiences:
            yield f"{audiences} is set, but {issuer} is not: set it too, or unset the other."
        return
    if not is_safe(settings.oidc_issuer):
        yield f"{issuer} is not valid: its keys would travel unprotected. Name an https address."
    if not settings.oidc_audiences:
        yield f"{audiences} is missing: any token of the issuer would be let in. Name what its tokens for Redress are for."


def _kafka_misfits(settings: ServiceSettings) -> Iterator[str]:
    """Say what of Kafka's settings is missing, and what would be ignored: somebody relies on it all the same."""
    protocol = settings.kafka_security_protocol
    chosen = f"{_variable(settings, 'kafka_security_protocol')} is {protocol}"
    files = {name: _variable(settings, name) for name in _set_among(settings, _KAFKA_FILES)}
    login = {name: _variable(settings, name) for name in _set_among(settings, _KAFKA_LOGIN)}
    if not protocol.endswith("SSL"):
        for variable in files.values():
            yield f"{variable} is set, but {chosen}, which encrypts nothing: choose SSL or SASL_SSL, or unset it."
    elif len(pair := files.keys() - {"kafka_ca_file"}) == 1:
        (missing,) = {"kafka_certificate_file", "kafka_key_file"} - pair
        yield (
            f"{_variable(settings, missing)} is missing: a certificate and its key go together, so set it too, or "
            f"unset {files[pair.pop()]}."
        )
    if protocol.startswith("SASL_"):
        yield from _login_misfits(settings, login, chosen)
    else:
        for variable in login.values():
            yield f"{variable} is set, but {chosen}, which logs nobody in: choose SASL_SSL, or unset it."


def _login_misfits(settings: ServiceSettings, login: Mapping[str, str], chosen: str) -> Iterator[str]:
    for name in ("kafka_sasl_mechanism", "kafka_sasl_user"):
        if name not in login:
            yield f"{_variable(settings, name)} is missing: {chosen}, so set it."
    passwords = [variable for name, variable in login.items() if "password" in name]
    if not passwords:
        file, text = (_variable(settings, f"kafka_sasl_{name}") for name in ("password_file", "password"))
        yield f"{file} is missing: {chosen}, so set it, or {text}."
    elif len(passwords) > 1:
        yield f"{' and '.join(passwords)} are both set: unset one of them."


def _set_among(settings: ServiceSettings, names: Sequence[str]) -> list[str]:
    return [name for name in names if getattr(settings, name) is not None]


class _Variables(PydanticBaseSettingsSource):
    """One prefix of the environment, taken as plain text without JSON decoding."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        text = os.environ.get(f"{self._prefix}{field_name.upper()}", "")
        value = [part.strip() for part in text.split(",") if part.strip()] if _is_list(field) else text
        return value, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value}


class _SecretFiles(PydanticBaseSettingsSource):
    """The secrets of one prefix that lie in files of the folder that `secrets_dir` names."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        folder = self.current_state.get("secrets_dir")
        if not folder or not _holds(field.annotation, SecretStr):
            return "", field_name, False
        return read_secret(f"{self._prefix}{field_name.upper()}", Path(folder)), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value}


def read_secret(variable: str, folder: Path) -> str:
    """Read a variable's file in the folder of secrets: empty where there is none, CannotStart where it cannot be read."""
    file = folder / variable.lower()
    try:
        # An editor ends the line, and no secret has an end of line in it.
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        if folder.is_dir():
            return ""
        raise CannotStart(f"{PREFIX}SECRETS_DIR: {folder} is no folder: correct it.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CannotStart(
            f"{file} cannot be read ({reason}): let this process read it, or set {variable}."
        ) from None


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
            variables=_variables(settings, name),
            default=None if field.is_required() else _shown(field.default),
            description=field.description or "",
            secret=_holds(field.annotation, SecretStr),
        )
        for name, field in settings.model_fields.items()
    )


def _variables(settings: type[ServiceSettings] | ServiceSettings, name: str) -> tuple[str, str]:
    return f"{PREFIX}{settings.service.upper()}_{name.upper()}", f"{PREFIX}{name.upper()}"


def _line(settings: type[ServiceSettings], wrong: ErrorDetails) -> str:
    name = str(wrong["loc"][0]) if wrong["loc"] else ""
    field = settings.model_fields.get(name)
    if field is None:
        # Only a rule about several settings speaks of none, and names them itself.
        return wrong["msg"]
    own, shared = _variables(settings, name)
    if wrong["type"] == "missing":
        return f"{own} (or {shared}) is missing: set it. {field.description}"
    return f"{_variable(settings, name)} is not valid: {wrong['msg']}. Correct it. {field.description}"


def _variable(settings: type[ServiceSettings] | ServiceSettings, name: str) -> str:
    """Name the variable that a setting was read from, or the shared one where neither is set."""
    own, shared = _variables(settings, name)
    return own if os.environ.get(own) else shared


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in _LISTS or field.annotation in _LISTS


def _holds(annotation: object, kind: type) -> bool:
    return annotation is kind or any(_holds(part, kind) for part in get_args(annotation))


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
