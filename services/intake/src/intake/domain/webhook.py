"""An endpoint of a source system that is told of changes by signed posts, and when it is tried, paused and disabled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from common.actor import Actor
from common.refusals import FieldError, require_version
from intake.domain.change import ChangeType
from intake.domain.errors import TooManyWebhooks, WebhookInvalid

ROTATION_OVERLAP: Final = timedelta(hours=24)
"""How long after a rotation posts are signed with the former secret too."""

MOST_OF_A_SOURCE: Final = 20
LONGEST_WAIT: Final = timedelta(hours=24)
"""The most that a receiver's Retry-After is honoured for."""

FREE_FAILURES: Final = 3
LONGEST_PAUSE: Final = timedelta(minutes=1)
JITTER: Final = 0.2
"""By which part a wait is drawn out at most, so that what failed together does not come again together."""

TEST: Final = "webhook.test"

_LONGEST_URL: Final = 500
_LONGEST_DESCRIPTION: Final = 200
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")


class DeliveryState(StrEnum):
    """Where a delivery stands; `waiting` is tried at `next_attempt_at`, `failed` only when it is asked for again."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class WhyDisabled(StrEnum):
    """Why an endpoint gets nothing any more."""

    GONE = "http_410"
    FAILING = "failing_for_days"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a source system is told of its complaints' changes; without a source, of all.

    A secret that cannot be read any more, since the pepper was replaced, is None. `failures` counts attempts that
    failed one after another, over all deliveries; `failing_since` is when the first of them did.
    """

    id: UUID
    source_system: str | None
    url: str
    description: str | None
    event_types: tuple[ChangeType, ...]
    secret: str | None
    previous_secret: str | None = None
    previous_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    paused_until: datetime | None = None
    version: int = 1
    created_by: str
    created_at: datetime
    updated_at: datetime

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """List the secrets to sign with: the present one first, and the former one while it overlaps."""
        secrets = [self.secret]
        if self.previous_until is not None and now < self.previous_until:
            secrets.append(self.previous_secret)
        return tuple(secret for secret in secrets if secret is not None)


@dataclass(frozen=True, slots=True)
class Retries:
    """The waits after the first, second, … failed attempt; after the last one a delivery has failed."""

    waits: tuple[timedelta, ...]
    disable_after: timedelta
    """How long an endpoint may do nothing but fail."""

    def next_attempt(
        self, now: datetime, tries: int, after: timedelta | None, *, chance: float
    ) -> datetime | None:
        """Tell when to try again after so many tries, later where the receiver asked so; None is never.

        `chance` lies between 0 and 1 and draws the wait out by up to `JITTER`.
        """
        if tries > len(self.waits):
            return None
        wait = self.waits[tries - 1] * (1 + JITTER * chance)
        return now + (wait if after is None else max(wait, min(after, LONGEST_WAIT)))


def register(
    *,
    endpoint_id: UUID,
    source_system: str | None,
    url: str,
    description: str | None,
    event_types: tuple[ChangeType, ...],
    secret: str,
    already: int,
    actor: Actor,
    now: datetime,
) -> Endpoint:
    """Make an endpoint; refuses what nothing can be posted to, and more than `MOST_OF_A_SOURCE` of one source."""
    if already >= MOST_OF_A_SOURCE:
        raise TooManyWebhooks(MOST_OF_A_SOURCE)
    _check(url=url, description=description, event_types=event_types)
    return Endpoint(
        id=endpoint_id,
        source_system=source_system,
        url=url,
        description=description,
        event_types=_ordered(event_types),
        secret=secret,
        created_by=str(actor),
        created_at=now,
        updated_at=now,
    )


def change(
    endpoint: Endpoint, changes: Mapping[str, Any], *, expected: int | None, now: datetime
) -> Endpoint:
    """Change what callers may change: url, description, event_types, enabled; what does not differ changes nothing.

    Whoever enables an endpoint, or gives it another URL, gives it a fresh start.
    """
    require_version(expected, endpoint.version)
    given = {name: value for name, value in changes.items() if name != "enabled"}
    if "event_types" in given:
        given["event_types"] = _ordered(given["event_types"])
    told = replace(endpoint, **given)
    _check(url=told.url, description=told.description, event_types=told.event_types)
    match changes.get("enabled"):
        case True if told.disabled_at is not None:
            told = _fresh(replace(told, disabled_at=None, disabled_reason=None))
        case False if told.disabled_at is None:
            told = disable(told, WhyDisabled.BY_HAND, now=now)
        case _:
            pass
    if told.url != endpoint.url:
        told = _fresh(told)
    return endpoint if told == endpoint else replace(told, version=endpoint.version + 1, updated_at=now)


def rotate(endpoint: Endpoint, secret: str, *, expected: int | None, now: datetime) -> Endpoint:
    """Give it a new secret; for `ROTATION_OVERLAP` the former one signs too."""
    require_version(expected, endpoint.version)
    return replace(
        endpoint,
        secret=secret,
        previous_secret=endpoint.secret,
        previous_until=None if endpoint.secret is None else now + ROTATION_OVERLAP,
        version=endpoint.version + 1,
        updated_at=now,
    )


def disable(endpoint: Endpoint, reason: WhyDisabled, *, now: datetime) -> Endpoint:
    """Switch it off for a reason; one that is off stays as it is."""
    if endpoint.disabled_at is not None:
        return endpoint
    return replace(endpoint, disabled_at=now, disabled_reason=reason.value, paused_until=None)


def succeeded(endpoint: Endpoint) -> Endpoint:
    """Note that the receiver took something: whatever failed before counts no more."""
    return _fresh(endpoint)


def failed(
    endpoint: Endpoint, *, gone: bool, after: timedelta | None, retries: Retries, now: datetime
) -> Endpoint:
    """Note that an attempt failed.

    Where the receiver is gone for good, or has failed for longer than it may, the endpoint is disabled. After
    `FREE_FAILURES` one after another everything waits a growing time of up to `LONGEST_PAUSE`, and longer where the
    receiver asked for it, so that a receiver that is down is not hammered.
    """
    since = endpoint.failing_since or now
    told = replace(endpoint, failures=endpoint.failures + 1, failing_since=since)
    reason = (
        WhyDisabled.GONE if gone else WhyDisabled.FAILING if now - since >= retries.disable_after else None
    )
    if reason is not None:
        off = disable(told, reason, now=now)
        return off if off is told else replace(off, version=off.version + 1, updated_at=now)
    pause = max(_pause(told.failures), min(after or timedelta(), LONGEST_WAIT))
    return replace(told, paused_until=now + pause) if pause else told


def _pause(failures: int) -> timedelta:
    if failures < FREE_FAILURES:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - FREE_FAILURES, 10)), LONGEST_PAUSE)


def _fresh(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, failures=0, failing_since=None, paused_until=None)


def _ordered(types: tuple[ChangeType, ...]) -> tuple[ChangeType, ...]:
    return tuple(one for one in ChangeType if one in types)


def _check(*, url: str, description: str | None, event_types: tuple[ChangeType, ...]) -> None:
    errors = []
    if not _postable(url):
        fix = f"an http or https URL of at most {_LONGEST_URL} ASCII characters without user, password and fragment"
        errors.append(FieldError("/url", "invalid_url", "nothing can be posted to this", fix))
    if description is not None and not (
        description.isprintable() and len(description) <= _LONGEST_DESCRIPTION
    ):
        fix = f"one line of at most {_LONGEST_DESCRIPTION} characters"
        errors.append(FieldError("/description", "invalid_description", "is no short line", fix))
    if not event_types:
        fix = f"choose among {', '.join(ChangeType)}"
        errors.append(FieldError("/event_types", "no_event_types", "would be told of nothing", fix))
    if errors:
        raise WebhookInvalid(*errors)


def _postable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    clean = parts.username is None and parts.password is None and not parts.fragment
    return usable and clean and len(url) <= _LONGEST_URL and _PRINTABLE.fullmatch(url) is not None
