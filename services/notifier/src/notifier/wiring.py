"""The one place that knows every concrete class."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.app import create_app
from chassis.auth import Keyring
from chassis.correlation import correlated
from chassis.database import open_engine
from chassis.health import Health, database_check, operations_app, schema_check
from chassis.migrations import require_schema
from chassis.paging import Cursors
from chassis.run import Loop, http_loop
from chassis.settings import CannotStart
from chassis.telemetry import announce_build
from common.clock import Clock, utc_now
from events.contracts.deadline import DeadlineMetV1, DeadlineSetV1, DeadlineVoidedV1
from events.delivery import Delivery, Handler, Handlers
from events.envelope import Contract, Event
from events.opening import open_transport
from events.postgres.loops import Carriage, loops, read_what_was_there
from events.transport import Transport
from notifier.api import deadlines, deliveries, notices, people
from notifier.api.desk import Desk
from notifier.api.errors import PROBLEMS
from notifier.channels.addresses import AddressGuard
from notifier.channels.email import EmailChannel, MailServer
from notifier.channels.signing import new_secret
from notifier.channels.webhook import WebhookChannel
from notifier.consumers.deadline_met import OnDeadlineMet
from notifier.consumers.deadline_set import OnDeadlineSet
from notifier.consumers.deadline_voided import OnDeadlineVoided
from notifier.db.counts import count
from notifier.db.work import PostgresStartWork, Wakes
from notifier.domain.delivery import Pace, Retries
from notifier.domain.person import Channel
from notifier.jobs.delivery_loop import DeliveryLoop
from notifier.jobs.gate import Gate
from notifier.jobs.gauges import GaugeLoop
from notifier.jobs.timer_loop import TimerLoop
from notifier.settings import Settings, read_calendar, read_ladders
from notifier.usecases.close_deadline import CloseDeadline
from notifier.usecases.enable_webhook import EnableWebhook
from notifier.usecases.fire_timers import FireTimers
from notifier.usecases.load_people import LoadPeople
from notifier.usecases.look_up import LookUp
from notifier.usecases.next_moment import NextMoment
from notifier.usecases.ports import StartWork
from notifier.usecases.prepare_deliveries import PrepareDeliveries
from notifier.usecases.record_attempt import RecordAttempt
from notifier.usecases.redeliver import Redeliver
from notifier.usecases.register_person import RegisterPerson
from notifier.usecases.rotate_webhook_secret import RotateWebhookSecret
from notifier.usecases.set_deadline import SetDeadline
from notifier.usecases.update_person import UpdatePerson

VERSION = version("redress-notifier")
_LOG_CONNECTIONS = 6
_LEASE_SLACK = timedelta(seconds=60)


class Process:
    """What one process of notifier is made of; `start` checks the schema, `close` lets go of everything."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self._clock = clock
        self._wakes = Wakes()
        self._engine = _engine(settings)
        self._start_work = PostgresStartWork(self._engine, clock, self._wakes)
        self._log_engine: AsyncEngine | None = None
        self._webhooks: WebhookChannel | None = None
        self._transport: Transport | None = None

    async def start(self) -> None:
        """Refuse to go on with an older schema."""
        await require_schema(self._engine, "notifier")
        announce_build("notifier", VERSION, self.settings.commit)

    async def close(self) -> None:
        """Let go of connections."""
        if self._webhooks is not None:
            await self._webhooks.close()
        if self._transport is not None:
            await self._transport.close()
        if self._log_engine is not None:
            await self._log_engine.dispose()
        await self._engine.dispose()

    def api_loops(self) -> list[Loop]:
        """Build the loop that serves the API."""
        settings = self.settings
        app = build_app(settings, self._start_work, self._clock, self._health([]))
        return [
            http_loop(
                "api",
                app,
                settings.api_host,
                settings.api_port,
                setting="REDRESS_NOTIFIER_API_PORT",
                stop_timeout_seconds=settings.stop_timeout_seconds,
            )
        ]

    def worker_loops(self) -> list[Loop]:
        """Build the loops that listen, fire, send and announce."""
        settings, clock, wakes = self.settings, self._clock, self._wakes
        transport = self._transport = self._open_transport()
        carriage = Carriage(
            service="notifier",
            engine=self._engine,
            transport=transport,
            clock=clock,
            wake=wakes.outbox,
            handlers=build_handlers(settings, self._start_work, clock),
        )
        self._webhooks = WebhookChannel(
            AddressGuard(settings.webhook_networks),
            clock,
            timeout=timedelta(seconds=settings.webhook_timeout_seconds),
        )

        async def catch_up(stop: asyncio.Event) -> None:
            await read_what_was_there(transport, carriage.topics, "notifier", stop)

        gate = Gate(catch_up)
        next_moment = NextMoment(self._start_work)
        timers = TimerLoop(
            fire=build_fire_timers(settings, self._start_work, clock),
            next_moment=next_moment,
            gate=gate,
            clock=clock,
            wake=wakes.timers,
            poll=settings.poll_seconds,
        )
        deliveries = DeliveryLoop(
            prepare=build_prepare(settings, self._start_work, clock),
            record=build_record(settings, self._start_work, clock),
            channels={Channel.EMAIL: build_email(settings), Channel.WEBHOOK: self._webhooks},
            next_moment=next_moment,
            gate=gate,
            clock=clock,
            wake=wakes.deliveries,
            poll=settings.poll_seconds,
        )
        gauges = GaugeLoop(partial(count, self._engine), clock)
        runs = {
            **loops(carriage),
            "timers": timers.run,
            "deliveries": deliveries.run,
            "gauges": gauges.run,
        }
        return [Loop(name, run) for name, run in runs.items()]

    def operations_loop(self, loops: Sequence[Loop]) -> Loop:
        """Build the loop that serves metrics and probes, which watch the loops given."""
        settings = self.settings
        return http_loop(
            "metrics",
            operations_app(self._health(loops)),
            settings.metrics_host,
            settings.metrics_port,
            setting="REDRESS_NOTIFIER_METRICS_PORT",
            stop_timeout_seconds=settings.stop_timeout_seconds,
        )

    def _health(self, loops: Sequence[Loop]) -> Health:
        checks = {"database": database_check(self._engine), "schema": schema_check(self._engine, "notifier")}
        return Health(checks, loops)

    def _open_transport(self) -> Transport:
        settings = self.settings
        if settings.transport == "embedded":
            if settings.log_database_url is None:
                raise CannotStart(
                    "REDRESS_LOG_DATABASE_URL is missing: the embedded transport needs the log's database."
                )
            self._log_engine = open_engine(
                settings.log_database_url, name="notifier-log", pool_size=_LOG_CONNECTIONS
            )
        return open_transport(
            settings.transport,
            log_engine=self._log_engine,
            bootstrap_servers=settings.kafka_bootstrap_servers,
            clock=self._clock,
        )


def build_app(settings: Settings, start_work: StartWork, clock: Clock, health: Health) -> FastAPI:
    """Build the API."""
    desk = Desk(
        register_person=RegisterPerson(start_work, clock, new_secret),
        update_person=UpdatePerson(start_work, clock, new_secret),
        load_people=LoadPeople(start_work, clock, new_secret),
        rotate_webhook_secret=RotateWebhookSecret(start_work, clock, new_secret),
        enable_webhook=EnableWebhook(start_work, clock),
        redeliver=Redeliver(start_work, clock),
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
        problems=PROBLEMS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        tags=[
            {"name": people.TAG, "description": "Who can own a deadline, and how each is reached."},
            {"name": deadlines.TAG, "description": "What is due, and who is told when."},
            {"name": notices.TAG, "description": "What was told to whom, and why something was not."},
            {"name": deliveries.TAG, "description": "Messages on their way, and their attempts."},
        ],
    )


def build_handlers(settings: Settings, start_work: StartWork, clock: Clock) -> Handlers:
    """Build what each event leads to."""
    close_deadline = CloseDeadline(start_work, clock)
    set_deadline = SetDeadline(start_work, clock, read_ladders(settings), read_calendar(settings))
    handlers: Handlers = {
        DeadlineSetV1: OnDeadlineSet(set_deadline),
        DeadlineMetV1: OnDeadlineMet(close_deadline),
        DeadlineVoidedV1: OnDeadlineVoided(close_deadline),
    }
    return {contract: _correlated(handler) for contract, handler in handlers.items()}


def _correlated(handler: Handler) -> Handler:
    async def handle(event: Event[Contract], delivery: Delivery) -> None:
        with correlated(str(event.correlation_id), event.traceparent):
            await handler(event, delivery)

    return handle


def build_fire_timers(settings: Settings, start_work: StartWork, clock: Clock) -> FireTimers:
    """Build the use case that fires timers."""
    return FireTimers(start_work, clock, _pace(settings), settings.fallback_person)


def build_prepare(settings: Settings, start_work: StartWork, clock: Clock) -> PrepareDeliveries:
    """Build the use case that takes deliveries up, with a lease longer than any attempt."""
    longest = timedelta(seconds=max(settings.smtp_timeout_seconds, settings.webhook_timeout_seconds))
    # A mail has several steps, each of which may take its whole time.
    lease = 4 * longest + _LEASE_SLACK
    return PrepareDeliveries(start_work, clock, _pace(settings), Retries(settings.waits), lease)


def build_record(settings: Settings, start_work: StartWork, clock: Clock) -> RecordAttempt:
    """Build the use case that records attempts."""
    return RecordAttempt(
        start_work, clock, _pace(settings), Retries(settings.waits), settings.fallback_person
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
    return EmailChannel(server, settings.mail_from)


def _pace(settings: Settings) -> Pace:
    return Pace(timedelta(seconds=settings.settle_seconds), timedelta(seconds=settings.digest_window_seconds))


def _engine(settings: Settings) -> AsyncEngine:
    return open_engine(
        settings.database_url,
        name="notifier",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
    )
