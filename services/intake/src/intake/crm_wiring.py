"""Puts together what a CRM works with: complaints by its own ids, the feed of changes, webhooks."""

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.paging import Cursors
from chassis.run import Loop, watched_loop
from chassis.webhooks.addresses import AddressGuard
from chassis.webhooks.posting import Poster
from chassis.webhooks.sealing import Sealer, sealer_of
from chassis.webhooks.signing import new_secret
from common.clock import Clock
from intake.api.changes import ChangesServices, changes_router
from intake.api.complaints import ComplaintServices
from intake.api.external_ids import ExternalIdServices, external_ids_router
from intake.api.feed_watch import FeedWatch
from intake.api.webhooks import WebhookServices, webhooks_router
from intake.db.crm_views import PostgresCrmViews
from intake.db.crm_work import PostgresStartCrmWork
from intake.db.feed_health import PostgresFeedHealth
from intake.db.work import Bells, PostgresStartWork
from intake.jobs.crm_metrics import FeedGauges
from intake.jobs.publish_changes import RunChanges
from intake.jobs.send_webhooks import RunWebhooks
from intake.settings import IntakeSettings
from intake.usecases.change_webhook import ChangeWebhook
from intake.usecases.delete_webhook import DeleteWebhook
from intake.usecases.note_crm_status import NoteCrmStatus
from intake.usecases.publish_changes import ForgetChanges, PublishChanges
from intake.usecases.redeliver_webhooks import RedeliverWebhooks
from intake.usecases.register_webhook import RegisterWebhook
from intake.usecases.rotate_webhook_secret import RotateWebhookSecret
from intake.usecases.send_webhooks import ClaimWebhooks, PostWebhook, RecordPost
from intake.usecases.try_webhook import TryWebhook

CRM_TAGS: Final = (
    {"name": "changes", "description": "Read what changed, in order and without gaps."},
    {"name": "webhooks", "description": "Be told of changes by signed posts."},
)
_LONGEST_TURN_SECONDS: Final = 180.0


@dataclass(frozen=True)
class Crm:
    """What one role of the service works with towards CRMs."""

    settings: IntakeSettings
    engine: AsyncEngine
    clock: Clock
    wake: Bells

    @cached_property
    def sealer(self) -> Sealer:
        """Seals the secrets of webhooks."""
        settings = self.settings
        return sealer_of(
            key=settings.webhook_key,
            former=settings.webhook_key_former,
            pepper=settings.pepper,
            purpose="webhook-secrets",
        )

    @cached_property
    def views(self) -> PostgresCrmViews:
        """Reads."""
        return PostgresCrmViews(self.engine, self.sealer)

    @cached_property
    def start_work(self) -> PostgresStartCrmWork:
        """Begins transactions."""
        return PostgresStartCrmWork(self.engine, self.sealer)

    @cached_property
    def poster(self) -> Poster:
        """Posts; it keeps no connection, so that nothing has to be closed at the end."""
        return Poster(
            AddressGuard(self.settings.webhook_networks),
            self.clock,
            timeout=timedelta(seconds=self.settings.webhook_timeout_seconds),
            user_agent="redress-intake",
        )

    @property
    def base(self) -> str:
        """The public URL without its last slash, empty where none is set."""
        return (self.settings.public_url or "").rstrip("/")

    @property
    def kept(self) -> timedelta:
        """How long the feed remembers."""
        return timedelta(days=self.settings.change_feed_days)

    def publish(self) -> PublishChanges:
        """Build what fills the feed."""
        return PublishChanges(self.start_work, self.clock)

    def forget(self) -> ForgetChanges:
        """Build what empties it."""
        return ForgetChanges(self.start_work, self.clock, self.kept)

    def webhooks(self) -> RunWebhooks:
        """Build what sends webhooks."""
        # Twice as long as an attempt, so that no living process loses its lease.
        lease = 2 * timedelta(seconds=self.settings.webhook_timeout_seconds) + timedelta(seconds=10)
        return RunWebhooks(
            ClaimWebhooks(self.start_work, self.views, self.clock, lease, self.settings.webhook_side_by_side),
            PostWebhook(self.poster.post, self.clock, self.base),
            RecordPost(self.start_work, self.clock, self.settings.webhook_retries, random.random),
            self.wake.webhooks,
        )

    def gauges(self) -> FeedGauges:
        """Build what counts what waits."""
        return FeedGauges(PostgresFeedHealth(self.engine), self.clock)


def crm_routers(
    crm: Crm, complaints: ComplaintServices, start_work: PostgresStartWork, watch: FeedWatch
) -> list[APIRouter]:
    """Build the routes; those of complaints by external id go before the ones that take any reference."""
    settings, clock = crm.settings, crm.clock
    cursors = Cursors(settings.pepper)
    by_external_id = ExternalIdServices(complaints, NoteCrmStatus(start_work, clock))
    webhooks = WebhookServices(
        register=RegisterWebhook(crm.start_work, clock, new_secret),
        change=ChangeWebhook(crm.start_work, clock),
        rotate=RotateWebhookSecret(crm.start_work, clock, new_secret),
        delete=DeleteWebhook(crm.start_work),
        redeliver=RedeliverWebhooks(crm.start_work, clock),
        test=TryWebhook(crm.views, crm.poster.post, clock),
        views=crm.views,
        cursors=cursors,
    )
    return [
        external_ids_router(by_external_id),
        changes_router(ChangesServices(crm.views, watch, cursors, crm.kept, crm.base)),
        webhooks_router(webhooks),
    ]


def crm_loops(crm: Crm) -> list[Loop]:
    """Build the worker's loops for CRMs."""
    changes = RunChanges(crm.publish(), crm.forget(), crm.clock, crm.wake.changes, planned=crm.wake.webhooks)
    return [
        watched_loop("changes", changes.run, longest_turn_seconds=_LONGEST_TURN_SECONDS),
        watched_loop("webhooks", crm.webhooks().run, longest_turn_seconds=_LONGEST_TURN_SECONDS),
    ]
