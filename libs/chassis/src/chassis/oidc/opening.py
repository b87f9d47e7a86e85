"""Puts the verifier of bearer tokens together as the settings say."""

import tomllib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, ValidationError

from chassis.oidc.claims import ClaimNames, RoleMapping
from chassis.refusing import FAILED, FETCHED, auth_metrics
from chassis.roles import scopes_of
from chassis.settings import CannotStart, ServiceSettings
from chassis.telemetry import REGISTRY

if TYPE_CHECKING:
    from chassis.oidc.tokens import BearerTokens

FILE: Final = "oidc.toml"


def open_bearer_tokens(
    settings: ServiceSettings, *, registry: CollectorRegistry = REGISTRY
) -> "BearerTokens | None":
    """Make the verifier; None where no issuer is set. Nothing is asked yet. Raises CannotStart."""
    if settings.oidc_issuer is None:
        return None
    # Loaded where it is used: who has keys alone does without the memory of it.
    from chassis.oidc.provider import Provider
    from chassis.oidc.signing_keys import Freshness, SigningKeys
    from chassis.oidc.tokens import BearerTokens, Expected

    try:
        provider = Provider(
            settings.oidc_issuer,
            timeout_seconds=settings.oidc_timeout_seconds,
            ca_file=settings.oidc_ca_file,
        )
    except OSError as error:
        raise CannotStart(
            f"REDRESS_OIDC_CA_FILE: {settings.oidc_ca_file} cannot be read ({error}): correct it."
        ) from None
    freshness = Freshness(
        ttl=settings.oidc_keys_ttl_seconds,
        stale=settings.oidc_keys_stale_seconds,
        cooldown=settings.oidc_keys_cooldown_seconds,
    )
    keys = SigningKeys(provider.keys, freshness, told=partial(_told, registry))
    expected = Expected(
        issuer=settings.oidc_issuer,
        audiences=settings.oidc_audiences,
        algorithms=settings.oidc_algorithms,
        leeway=settings.oidc_leeway_seconds,
        required_claims=settings.oidc_required_claims,
    )
    names = ClaimNames(
        scope=settings.oidc_scope_claim,
        role=settings.oidc_role_claim,
        person=settings.oidc_person_claim,
        source_system=settings.oidc_source_system_claim,
    )
    file = settings.oidc_roles_file or settings.config_dir / FILE
    return BearerTokens(keys, expected, names, read_role_mapping(file) if names.role else {})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[str, list[str]]


def read_role_mapping(file: Path) -> RoleMapping:
    """Read which roles each value of the role claim gives; raises CannotStart with a line that names file and value."""
    try:
        found = _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CannotStart(f"{file} cannot be read: {error}. REDRESS_OIDC_ROLES_FILE names it.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CannotStart(f"{file}: {place}: {first['msg']}") from None
    for value, roles in found.roles.items():
        try:
            scopes_of(roles)
        except ValueError as error:
            raise CannotStart(f"{file}: roles.{value}: {error}") from None
    return found.roles


def _told(registry: CollectorRegistry, answered: bool) -> None:  # noqa: FBT001 - called by the keys with the one fact
    auth_metrics(registry).fetches.labels(FETCHED if answered else FAILED).inc()
