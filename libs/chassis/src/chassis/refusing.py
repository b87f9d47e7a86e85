"""Refused callers: each is answered with a problem, counted by reason, and logged once without what they presented."""

from enum import StrEnum
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter
from starlette.requests import Request

from chassis.logging import get_logger
from chassis.problems import ProblemError
from chassis.routes import template_of
from chassis.telemetry import REGISTRY

FETCHED: Final = "fetched"
FAILED: Final = "failed"

log = get_logger("chassis.auth")


class Reason(StrEnum):
    """Why a caller is refused; a closed set, since it labels a metric."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SIGNATURE = "signature"
    ALGORITHM = "algorithm"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    CLAIMS = "claims"
    ISSUER_AWAY = "issuer_away"
    SCOPE = "scope"
    SOURCE_SYSTEM = "source_system"


class Refused(ProblemError):
    """The problem that a refused caller is answered with, and the reason that is counted."""

    def __init__(
        self,
        code: str,
        reason: Reason,
        detail: str,
        *,
        challenge: str | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        headers = {} if challenge is None else {"WWW-Authenticate": challenge}
        super().__init__(code, detail, headers=headers, extensions=extensions)
        self.reason = reason


def unauthenticated(detail: str, *, presented: bool = True, reason: Reason = Reason.UNKNOWN) -> Refused:
    """Make the 401 problem with the challenge of RFC 6750, which names an error only where something was presented."""
    challenge = 'Bearer realm="redress"' + (', error="invalid_token"' if presented else "")
    return Refused("unauthenticated", reason, detail, challenge=challenge)


def lacking(detail: str, scopes: list[str]) -> Refused:
    """Make the 403 problem of a caller without these scopes."""
    challenge = f'Bearer realm="redress", error="insufficient_scope", scope="{" ".join(scopes)}"'
    return Refused(
        "forbidden", Reason.SCOPE, detail, challenge=challenge, extensions={"missing_scopes": scopes}
    )


class AuthMetrics:
    """Refusals by reason, and fetches of the issuer's keys; get it with `auth_metrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.refusals: Final = Counter(
            "auth_refusals_total",
            "Requests refused for who asked: what was presented is not valid, or does not allow what was asked.",
            ("reason",),
            registry=registry,
        )
        self.fetches: Final = Counter(
            "oidc_key_fetches_total",
            "Times that the OIDC issuer was asked for its signing keys.",
            ("outcome",),
            registry=registry,
        )
        for reason in Reason:
            self.refusals.labels(reason.value)
        for outcome in (FETCHED, FAILED):
            self.fetches.labels(outcome)


_METRICS: WeakKeyDictionary[CollectorRegistry, AuthMetrics] = WeakKeyDictionary()


def auth_metrics(registry: CollectorRegistry = REGISTRY) -> AuthMetrics:
    """Give the registry's metrics of authentication, made on first use."""
    if registry not in _METRICS:
        _METRICS[registry] = AuthMetrics(registry)
    return _METRICS[registry]


def note_refusal(request: Request, refused: Refused, *, key_id: str | None, metrics: AuthMetrics) -> None:
    """Count and log one refusal. `key_id` is only given where the credentials were valid: what is not is not repeated."""
    metrics.refusals.labels(refused.reason.value).inc()
    log.warning(
        "caller_refused",
        reason=refused.reason.value,
        status=refused.status_code,
        method=request.method,
        route=template_of(request),
        key_id=key_id,
        client=request.client.host if request.client else None,
    )
