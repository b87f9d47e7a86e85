"""People, and how each may be reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from common.refusals import FieldError
from notifier.domain.errors import PersonInvalid, WebhookAbsent

ROTATION_OVERLAP: Final = timedelta(hours=24)
"""How long after a rotation messages are signed with the former secret too."""

RESERVED_IDS: Final = frozenset({"owner", "manager", "manager.manager"})
"""Roles that a ladder's step names; nobody may be called so."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,189}")
_LONGEST_NAME = 200
_LONGEST_URL = 500


class Channel(StrEnum):
    """A way to reach a person."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a person's messages are posted, the secrets that sign them, and whether it was switched off.

    A secret that cannot be read any more, since the key that it was sealed under was replaced, is None.
    """

    url: str
    secret: str | None
    previous_secret: str | None = None
    previous_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """List the secrets to sign with: the present one first, and the former one while it overlaps."""
        secrets = [self.secret]
        if self.previous_until is not None and now < self.previous_until:
            secrets.append(self.previous_secret)
        return tuple(secret for secret in secrets if secret is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a caller says about a person."""

    id: str
    name: str
    email: str | None = None
    webhook_url: str | None = None
    manager: str | None = None
    team: str | None = None
    timezone: str = "UTC"
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can own a deadline or manage those who do."""

    id: str
    name: str
    email: str | None
    webhook: Webhook | None
    manager: str | None
    team: str | None
    timezone: str
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime

    def channels(self) -> tuple[Channel, ...]:
        """List the ways that lead to this person now."""
        found = [Channel.EMAIL] if self.email else []
        if self.webhook is not None and self.webhook.disabled_at is None:
            found.append(Channel.WEBHOOK)
        return tuple(found)

    @property
    def details(self) -> Details:
        """What callers said, as it stands."""
        return Details(
            id=self.id,
            name=self.name,
            email=self.email,
            webhook_url=self.webhook.url if self.webhook else None,
            manager=self.manager,
            team=self.team,
            timezone=self.timezone,
            active=self.active,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """A person as changed, what changed (personal values are not repeated), and a secret that was just made."""

    person: Person
    changes: Mapping[str, object]
    new_secret: str | None = None


def register(details: Details, *, fresh_secret: str, now: datetime) -> Change:
    """Make a person; a webhook gets the fresh secret."""
    _check(details)
    webhook = Webhook(details.webhook_url, fresh_secret) if details.webhook_url else None
    person = Person(
        id=details.id,
        name=details.name,
        email=details.email,
        webhook=webhook,
        manager=details.manager,
        team=details.team,
        timezone=details.timezone,
        active=details.active,
        version=1,
        created_at=now,
        updated_at=now,
    )
    changes = {"manager": details.manager, "team": details.team, "channels": [*person.channels()]}
    return Change(person, changes, fresh_secret if webhook else None)


def update(person: Person, details: Details, *, fresh_secret: str, now: datetime) -> Change | None:
    """Replace what is known about a person, or None where nothing differs.

    Another webhook URL keeps the secret and switches the webhook on again; a first one gets the fresh secret.
    """
    _check(details)
    if details == person.details:
        return None
    webhook, new_secret = _webhook(person.webhook, details.webhook_url, fresh_secret)
    changed = replace(
        person,
        name=details.name,
        email=details.email,
        webhook=webhook,
        manager=details.manager,
        team=details.team,
        timezone=details.timezone,
        active=details.active,
        version=person.version + 1,
        updated_at=now,
    )
    return Change(changed, _differences(person.details, details), new_secret)


def rotate_secret(person: Person, *, fresh_secret: str, now: datetime) -> Change:
    """Give the webhook a new secret; for 24 hours the former one signs too."""
    webhook = _present_webhook(person)
    rotated = replace(
        webhook,
        secret=fresh_secret,
        previous_secret=webhook.secret,
        previous_until=None if webhook.secret is None else now + ROTATION_OVERLAP,
    )
    changed = replace(person, webhook=rotated, version=person.version + 1, updated_at=now)
    return Change(changed, {"webhook_secret": "rotated"}, fresh_secret)


def enable_webhook(person: Person, *, now: datetime) -> Change | None:
    """Switch a webhook on again, or None where it is on."""
    webhook = _present_webhook(person)
    if webhook.disabled_at is None:
        return None
    enabled = replace(webhook, disabled_at=None, disabled_reason=None)
    changed = replace(person, webhook=enabled, version=person.version + 1, updated_at=now)
    return Change(changed, {"webhook": "enabled"})


def disable_webhook(person: Person, reason: str, *, now: datetime) -> Change | None:
    """Switch a webhook off for a reason, or None where there is none or it is off."""
    if person.webhook is None or person.webhook.disabled_at is not None:
        return None
    disabled = replace(person.webhook, disabled_at=now, disabled_reason=reason)
    changed = replace(person, webhook=disabled, version=person.version + 1, updated_at=now)
    return Change(changed, {"webhook": f"disabled: {reason}"})


def _present_webhook(person: Person) -> Webhook:
    if person.webhook is None:
        raise WebhookAbsent(f"{person.id} has no webhook: give one a webhook_url first")
    return person.webhook


def _webhook(known: Webhook | None, url: str | None, fresh_secret: str) -> tuple[Webhook | None, str | None]:
    if url is None:
        return None, None
    if known is None:
        return Webhook(url, fresh_secret), fresh_secret
    if known.url == url:
        return known, None
    return replace(known, url=url, disabled_at=None, disabled_reason=None), None


def _differences(old: Details, new: Details) -> dict[str, object]:
    personal: dict[str, object] = {
        field: "changed"
        for field in ("name", "email", "webhook_url")
        if getattr(old, field) != getattr(new, field)
    }
    plain: dict[str, object] = {
        field: [getattr(old, field), getattr(new, field)]
        for field in ("manager", "team", "timezone", "active")
        if getattr(old, field) != getattr(new, field)
    }
    return personal | plain


def _check(details: Details) -> None:
    errors = [
        *_id_errors(details),
        *_name_errors(details.name),
        *_email_errors(details.email),
        *_url_errors(details.webhook_url),
        *_zone_errors(details.timezone),
    ]
    if errors:
        raise PersonInvalid(f"{len(errors)} value(s) of this person cannot be accepted", *errors)


def _id_errors(details: Details) -> list[FieldError]:
    errors = []
    if not _ID.fullmatch(details.id):
        fix = "use letters, digits, dots, dashes and underscores, at most 100, such as anna.berg"
        errors.append(FieldError("/id", "invalid_id", "the id has other characters or is too long", fix))
    if details.id in RESERVED_IDS:
        errors.append(FieldError("/id", "reserved_id", "the id is a role in ladders", "choose another id"))
    if details.manager is not None and not _ID.fullmatch(details.manager):
        errors.append(FieldError("/manager", "invalid_id", "a manager is named by the id of a person"))
    if details.manager == details.id:
        errors.append(FieldError("/manager", "own_manager", "nobody is their own manager", "leave it out"))
    if details.team is not None and not _ID.fullmatch(details.team):
        errors.append(FieldError("/team", "invalid_id", "a team is a code such as credit.team"))
    return errors


def _name_errors(name: str) -> list[FieldError]:
    if len(name.strip()) > 0 and len(name) <= _LONGEST_NAME and name.isprintable():
        return []
    return [FieldError("/name", "invalid_name", f"a name has 1 to {_LONGEST_NAME} printable characters")]


def _email_errors(email: str | None) -> list[FieldError]:
    if email is None or _EMAIL.fullmatch(email):
        return []
    return [
        FieldError("/email", "invalid_email", "this is no single mail address", "such as anna@example.org")
    ]


def _url_errors(url: str | None) -> list[FieldError]:
    if url is None:
        return []
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    else:
        usable = usable and parts.username is None and parts.password is None and not parts.fragment
    if usable and len(url) <= _LONGEST_URL and url.isascii() and url.isprintable() and " " not in url:
        return []
    fix = (
        f"an http or https URL of at most {_LONGEST_URL} ASCII characters without user, password and fragment"
    )
    return [FieldError("/webhook_url", "invalid_url", "messages cannot be posted to this", fix)]


def _zone_errors(timezone: str) -> list[FieldError]:
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        unknown = True
    else:
        unknown = False
    if not unknown:
        return []
    return [FieldError("/timezone", "unknown_zone", "this is no IANA time zone", "such as Europe/Berlin")]
