"""Puts notifier together; the only place that knows every concrete class."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.app import create_app
from chassis.auth import Keyring
from chassis.database import open_engine
from chassis.gauging import EVERY_SECONDS, KeepGauges
from chassis.health import Health, database_check, schema_check
from chassis.oidc.opening import open_bearer_tokens
from chassis.paging import Cursors
from chassis.pool_metrics import pool_metrics
from chassis.rate_limits import BULK, limiter_of
from chassis.run import Loop, watched_loop
from chassis.settings import CannotStart
from chassis.telemetry import dependency_metric
from chassis.tracing import tracer
from chassis.verify_history import Histories
from chassis.webhooks.addresses import AddressGuard
from chassis.webhooks.sealing import Sealer, sealer_of
from chassis.webhooks.signing import new_secret
from common.clock import Clock, utc_now
from common.history import Following
from events.contracts.deadline import (
    DeadlineMetV1,
    DeadlinePausedV1,
    DeadlineResumedV1,
    DeadlineSetV1,
    DeadlinesSetV1,
    DeadlineVoidedV1,
)
from events.delivery import GroupHandler, Handlers
from events.failures import CannotOpen
from events.opening import open_transport
from events.postgres.loops import Carriage, read_what_was_there
from events.postgres.loops import loops as delivery_loops
from events.postgres.metrics import kept
from events.transport import Transport
from notifier.api import deadlines, deliveries, notices, people
from notifier.api.desk import Desk
from notifier.api.errors import PROBLEMS
from notifier.api.examples import WORDS
from notifier.channels.email import EmailChannel, MailServer
from notifier.channels.links import Links
from notifier.channels.webhook import WebhookChannel
from notifier.consumers.deadline_met import OnDeadlineMet
from notifier.consumers.deadline_paused import OnDeadlinePaused
from notifier.consumers.deadline_resumed import OnDeadlineResumed
from notifier.consumers.deadline_set import OnDeadlineSet
from notifier.consumers.deadline_voided import OnDeadlineVoided
from notifier.db.audit import PostgresOpenBooks
from notifier.db.counts import count
from notifier.db.histories import PostgresHistories
from notifier.db.work import PostgresStartWork, Wakes
from notifier.domain.delivery import Pace, Retries
from notifier.domain.person import Channel
from notifier.jobs import auditor
from notifier.jobs.auditor import Auditor
from notifier.jobs.delivery_loop import DeliveryLoop
from notifier.jobs.gate import Gate
from notifier.jobs.gauges import NotifierGauges
from notifier.jobs.timer_loop import TimerLoop
from notifier.settings import Settings, read_calendar, read_ladders
from notifier.usecases.acknowledge_notice import AcknowledgeNotice
from notifier.usecases.announce_again import AnnounceAgain
from notifier.usecases.audit import Audit
from notifier.usecases.close_deadline import CloseDeadline
from notifier.usecases.enable_webhook import EnableWebhook
from notifier.usecases.fire_timers import FireTimers
from notifier.usecases.hold_deadline import HoldDeadline
from notifier.usecases.load_people import LoadPeople
from notifier.usecases.look_up import LookUp
from notifier.usecases.next_moment import NextMoment
from notifier.usecases.prepare_deliveries import PrepareDeliveries
from notifier.usecases.record_attempt import RecordAttempt
from notifier.usecases.redeliver import Redeliver
from notifier.usecases.register_person import RegisterPerson
from notifier.usecases.rotate_webhook_secret import RotateWebhookSecret
from notifier.usecases.set_deadline import SetDeadline
from notifier.usecases.snooze_notice import SnoozeNotice
from notifier.usecases.update_person import UpdatePerson

SERVICE: Final = "notifier"
VERSION: Final = version("redress-notifier")
_LOG_CONNECTIONS: Final = 6
_LEASE_SLACK: Final = timedelta(seconds=60)
_LONGEST_TURN_SECONDS: Final = 180.0


@dataclass(frozen=True, kw_only=True)
class Core:
    """What one role of the service works with; `wakes` are shared where roles share a process."""

    settings: Settings
    engine: AsyncEngine
    clock: Clock
    wakes: Wakes

    @property
    def start_work(self) -> PostgresStartWork:
        """Begins transactions."""
        return PostgresStartWork(self.engine, self.sealer, self.clock, self.wakes)

    @cached_property
    def sealer(self) -> Sealer:
        """Seals the secrets of webhooks."""
        settings = self.settings
        return sealer_of(
            key=settings.webhook_key,
            former=settings.webhook_key_former,
            pepper=settings.pepper,
            purpose="person-webhook-secrets",
        )


def open_core(settings: Settings, *, role: str, wakes: Wakes, clock: Clock = utc_now) -> Core:
    """Open what a role works with; nothing is connected yet."""
    engine = open_engine(
        settings.database_url,
        name=f"{SERVICE}-{role}",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
    )
    pool_metrics().watch(engine, role)
    return Core(settings=settings, engine=engine, clock=clock, wakes=wakes)


def build_health(core: Core, loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask: ready while the database answers with a current schema, live while the loops turn.

    The transport being away makes nothing unready.
    """
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, SERVICE)}
    return Health(checks, loops)


def build_app(core: Core, health: Health) -> FastAPI:
    """Build the HTTP API."""
    settings, start_work, clock = core.settings, core.start_work, core.clock
    calendar = read_calendar(settings)
    desk = Desk(
        register_person=RegisterPerson(start_work, clock, new_secret),
        update_person=UpdatePerson(start_work, clock, new_secret),
        load_people=LoadPeople(start_work, clock, new_secret),
        rotate_webhook_secret=RotateWebhookSecret(start_work, clock, new_secret),
        enable_webhook=EnableWebhook(start_work, clock),
        redeliver=Redeliver(start_work, clock),
        acknowledge_notice=AcknowledgeNotice(start_work, clock, calendar),
        snooze_notice=SnoozeNotice(start_work, clock, calendar),
        look_up=LookUp(start_work),
        clock=clock,
        cursors=Cursors(settings.pepper),
    )
    return create_app(
        title="Redress notifier",
        version=VERSION,
        description="People, the deadlines they own, and what they were told about them.",
        routers=[part.router_of(desk) for part in (people, deadlines, notices, deliveries)],
        health=health,
        keyring=Keyring(settings.keys_file, settings.pepper, clock=clock),
        limiter=limiter_of(core.settings, {"POST /v1/people:bulk": BULK}),
        bearer=open_bearer_tokens(settings),
        problems=PROBLEMS,
        examples=WORDS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        tags=[
            {"name": people.TAG, "description": "Who can own a deadline, and how each is reached."},
            {"name": deadlines.TAG, "description": "What is due, who is told when, and what was answered."},
            {"name": notices.TAG, "description": "What was told to whom, and why something was not."},
            {"name": deliveries.TAG, "description": "Messages on their way, and their attempts."},
        ],
    )


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    settings, start_work, clock = core.settings, core.start_work, core.clock
    close_deadline = CloseDeadline(start_work, clock)
    calendar = read_calendar(settings)
    set_deadline = SetDeadline(start_work, clock, read_ladders(settings), calendar)
    hold_deadline = HoldDeadline(start_work, clock, calendar)
    # One for both, so that events with one deadline and with several part no group.
    set_ = GroupHandler(OnDeadlineSet(set_deadline))
    return {
        DeadlineSetV1: set_,
        DeadlinesSetV1: set_,
        DeadlineMetV1: GroupHandler(OnDeadlineMet(close_deadline)),
        DeadlineVoidedV1: GroupHandler(OnDeadlineVoided(close_deadline)),
        DeadlinePausedV1: GroupHandler(OnDeadlinePaused(hold_deadline)),
        DeadlineResumedV1: GroupHandler(OnDeadlineResumed(hold_deadline)),
    }


def build_fire_timers(core: Core) -> FireTimers:
    """Build the use case that fires timers."""
    settings = core.settings
    return FireTimers(core.start_work, core.clock, _pace(settings), settings.fallback_person, tracer())


def build_prepare(core: Core) -> PrepareDeliveries:
    """Build the use case that takes deliveries up, with a lease longer than any attempt."""
    settings = core.settings
    lease = _longest_attempt(settings) + _LEASE_SLACK
    return PrepareDeliveries(core.start_work, core.clock, _pace(settings), Retries(settings.waits), lease)


def build_record(core: Core) -> RecordAttempt:
    """Build the use case that records attempts."""
    settings = core.settings
    return RecordAttempt(
        core.start_work, core.clock, _pace(settings), Retries(settings.waits), settings.fallback_person
    )


def build_email(settings: Settings) -> EmailChannel:
    """Build the channel for mail."""
    server = MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        timeout=timedelta(seconds=settings.smtp_timeout_seconds),
    )
    return EmailChannel(server, settings.mail_from, Links(settings.public_url))


@asynccontextmanager
async def open_webhooks(core: Core) -> AsyncIterator[WebhookChannel]:
    """Open the channel for webhooks, and close it at the end."""
    webhooks = WebhookChannel(
        AddressGuard(core.settings.webhook_networks),
        core.clock,
        Links(core.settings.public_url),
        timeout=timedelta(seconds=core.settings.webhook_timeout_seconds),
    )
    try:
        yield webhooks
    finally:
        await webhooks.close()


def build_announce_again(core: Core) -> AnnounceAgain:
    """Build what tells again what stands in the records."""
    return AnnounceAgain(core.start_work, core.clock)


def build_histories(core: Core) -> Histories:
    """Build what reads every history, to be verified."""
    return Histories(SERVICE, Following, PostgresHistories(core.engine))


def build_transport(core: Core) -> Transport:
    """Build the transport that the settings name; nothing is connected yet. Raises CannotStart."""
    settings, log_engine = core.settings, None
    if settings.transport == "embedded" and settings.log_database_url is not None:
        log_engine = open_engine(settings.log_database_url, name=f"{SERVICE}-log", pool_size=_LOG_CONNECTIONS)
        pool_metrics().watch(log_engine, "log")
    try:
        return open_transport(settings, log_engine=log_engine, clock=core.clock)
    except CannotOpen as error:
        raise CannotStart(str(error)) from None


def build_loops(core: Core, transport: Transport, webhooks: WebhookChannel) -> list[Loop]:
    """Build the worker's loops: delivery's, and notifier's own timers, deliveries and gauges."""
    settings, clock, wakes = core.settings, core.clock, core.wakes
    carriage = Carriage(
        service=SERVICE,
        engine=core.engine,
        transport=transport,
        clock=core.clock,
        wake=wakes.outbox,
        handlers=build_handlers(core),
        reached=lambda up: dependency_metric().set("transport", up=up),
        tracer=tracer(),
    )

    async def catch_up(stop: asyncio.Event) -> None:
        await read_what_was_there(transport, carriage.topics, SERVICE, stop)

    gate, next_moment = Gate(catch_up), NextMoment(core.start_work)
    timers = TimerLoop(
        fire=build_fire_timers(core),
        next_moment=next_moment,
        gate=gate,
        clock=clock,
        wake=wakes.timers,
        poll=settings.poll_seconds,
    )
    deliveries = DeliveryLoop(
        prepare=build_prepare(core),
        record=build_record(core),
        channels={Channel.EMAIL: build_email(settings), Channel.WEBHOOK: webhooks},
        tracer=tracer(),
        next_moment=next_moment,
        gate=gate,
        clock=clock,
        wake=wakes.deliveries,
        poll=settings.poll_seconds,
    )
    dependency_metric().expect("transport")
    gauges = KeepGauges(NotifierGauges(partial(count, core.engine), clock), partial(kept, "service"))
    audits = Auditor(Audit(PostgresOpenBooks(core.engine), clock))
    turn = settings.poll_seconds + _LONGEST_TURN_SECONDS
    return [
        *(
            watched_loop(name, turning.run, longest_turn_seconds=turning.longest_turn)
            for name, turning in delivery_loops(carriage).items()
        ),
        watched_loop("timers", timers.run, longest_turn_seconds=turn),
        watched_loop(
            "deliveries",
            deliveries.run,
            longest_turn_seconds=turn + _longest_attempt(settings).total_seconds(),
        ),
        watched_loop("gauges", gauges.run, longest_turn_seconds=EVERY_SECONDS + _LONGEST_TURN_SECONDS),
        watched_loop(
            "auditor", audits.run, longest_turn_seconds=auditor.EVERY_SECONDS + auditor.LONGEST_SECONDS
        ),
    ]


def _pace(settings: Settings) -> Pace:
    return Pace(timedelta(seconds=settings.settle_seconds), timedelta(seconds=settings.digest_window_seconds))


def _longest_attempt(settings: Settings) -> timedelta:
    # A mail has several steps, each of which may take its whole time.
    return 4 * timedelta(seconds=max(settings.smtp_timeout_seconds, settings.webhook_timeout_seconds))
