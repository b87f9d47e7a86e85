"""People as rows, and rows as people."""

from typing import Any, Final

from chassis.webhooks.sealing import Sealer, Unreadable, place_of, secret_of
from chassis.webhooks.sealing_anew import Kept
from notifier.db.tables import PERSON
from notifier.domain.person import Person, Webhook

SECRETS: Final = Kept(PERSON, ("webhook_secret", "webhook_previous_secret"))
"""Where the secrets of webhooks are kept."""


def person_of(row: Any, sealer: Sealer) -> Person:
    """Read a person; a secret that no key opens is None."""
    webhook = None
    if row.webhook_url is not None:
        webhook = Webhook(
            url=row.webhook_url,
            secret=_opened(row.webhook_secret, row.id, sealer),
            previous_secret=_opened(row.webhook_previous_secret, row.id, sealer),
            previous_until=row.webhook_previous_until,
            disabled_at=row.webhook_disabled_at,
            disabled_reason=row.webhook_disabled_reason,
        )
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        webhook=webhook,
        manager=row.manager,
        team=row.team,
        timezone=row.timezone,
        active=row.active,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def values_of(person: Person, sealer: Sealer) -> dict[str, Any]:
    """Give the columns of a person, secrets sealed; those that cannot be read or sealed are left as they stand."""
    webhook = person.webhook
    values = {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "webhook_url": webhook.url if webhook else None,
        "webhook_previous_until": webhook.previous_until if webhook else None,
        "webhook_disabled_at": webhook.disabled_at if webhook else None,
        "webhook_disabled_reason": webhook.disabled_reason if webhook else None,
        "manager": person.manager,
        "team": person.team,
        "timezone": person.timezone,
        "active": person.active,
        "version": person.version,
        "created_at": person.created_at,
        "updated_at": person.updated_at,
    }
    return values | _sealed(person.id, webhook, sealer)


def _sealed(person_id: str, webhook: Webhook | None, sealer: Sealer) -> dict[str, str | None]:
    if webhook is None:
        return dict.fromkeys(SECRETS.columns)
    if not sealer.can_seal:  # A worker without a key switches webhooks off, and makes no secret.
        return {}
    place = place_of(PERSON.name, person_id)
    secrets = zip(SECRETS.columns, (webhook.secret, webhook.previous_secret), strict=True)
    return {name: sealer.seal(secret, place=place) for name, secret in secrets if secret is not None}


def _opened(kept: str | None, person_id: str, sealer: Sealer) -> str | None:
    if kept is None:
        return None
    try:
        return secret_of(kept, sealer, place=place_of(PERSON.name, person_id))
    except Unreadable:
        return None
