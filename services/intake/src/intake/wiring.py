"""Puts intake together; the only place that knows every concrete class."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
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
from chassis.rate_limits import BULK, EXPORT, limiter_of
from chassis.run import Loop, watched_loop
from chassis.settings import CannotStart
from chassis.telemetry import dependency_metric
from chassis.tracing import tracer
from chassis.verify_history import Histories
from common.clock import Clock, utc_now
from events.contracts.capa import (
    ActionAssignedV1,
    ActionCancelledV1,
    ActionCompletedV1,
    ActionDueChangedV1,
    ActionEvidenceRejectedV1,
    ActionReassignedV1,
    ActionVerifiedV1,
    NonconformityClosedV1,
    NonconformityDispositionedV1,
    NonconformityLinkedV1,
    NonconformityRaisedV1,
    NonconformitySeverityRaisedV1,
    TriageDecidedV1,
)
from events.contracts.notifier import (
    DeadlineBreachedV1,
    DeadlineWarnedV1,
    NoticeFailedV1,
    NoticeSentV1,
    NoticeUnroutableV1,
)
from events.delivery import Handlers
from events.failures import CannotOpen
from events.opening import open_transport
from events.postgres.loops import Carriage
from events.postgres.loops import loops as delivery_loops
from events.postgres.metrics import kept
from events.transport import Transport
from events.wake import Wake
from intake.api.attachments import FORM_OVERHEAD_BYTES, AttachmentServices, Store, attachments_router
from intake.api.attachments import PATH as ATTACHMENTS_PATH
from intake.api.clock_counting import count_verdicts
from intake.api.clocks import ClockServices, clocks_router
from intake.api.complaints import ComplaintServices, complaints_router
from intake.api.erasure import ErasureServices, erasure_router
from intake.api.errors import PROBLEMS
from intake.api.examples import WORDS
from intake.api.exports import ExportServices, exports_router
from intake.api.feed_watch import FeedWatch
from intake.api.imports import PATH as IMPORTS_PATH
from intake.api.imports import ImportServices, imports_router
from intake.api.inspection import InspectionServices, inspection_router
from intake.api.personal_read_list import PersonalReadServices, personal_reads_router
from intake.api.personal_reads import ReadRecorder
from intake.api.similar import SimilarServices, similar_router
from intake.api.steps import StepServices, steps_router
from intake.api.timeline import TimelineServices, timeline_router
from intake.clock_files import read_clock_policy
from intake.consumers.actions import on_action
from intake.consumers.deadline_news import on_deadline_breached, on_deadline_warned
from intake.consumers.nonconformity_linked import on_nonconformity_linked
from intake.consumers.nonconformity_progress import on_nonconformity_progress
from intake.consumers.nonconformity_raised import on_nonconformity_raised
from intake.consumers.nonconformity_severity_raised import on_nonconformity_severity_raised
from intake.consumers.notes_of_notifier import on_notifier
from intake.consumers.triage_decided import on_triage_decided
from intake.crm_wiring import CRM_TAGS, Crm, crm_loops, crm_routers
from intake.db.attached_files import PostgresFiles
from intake.db.candidates import PostgresCandidates
from intake.db.due_erasures import PostgresDueErasures
from intake.db.group_reception import GroupReception
from intake.db.histories import PostgresHistories
from intake.db.hold_views import PostgresHoldViews
from intake.db.imports import PostgresImports
from intake.db.indexing import PostgresSearchIndex
from intake.db.open_imports import PostgresOpenImports
from intake.db.overdue_clocks import PostgresOverdueClocks
from intake.db.packs import PostgresPacks
from intake.db.personal_reads import PostgresPersonalReads
from intake.db.tables import idempotency_key
from intake.db.timelines import PostgresTimelines
from intake.db.views import PostgresViews
from intake.db.work import PostgresStartWork
from intake.domain.trail import FollowTrail
from intake.jobs.apply_retention import TICK_SECONDS as RETENTION_TICK_SECONDS
from intake.jobs.apply_retention import RunRetention
from intake.jobs.forget_keys import PAUSE_SECONDS, ForgetKeys
from intake.jobs.gauges import ClockGauges, ImportGauges, ShowAll
from intake.jobs.index_complaints import IndexGauges, RunIndexing
from intake.jobs.run_imports import RunImports, count_row, may_pass
from intake.jobs.sweep_attachments import PAUSE_SECONDS as SWEEP_PAUSE_SECONDS
from intake.jobs.sweep_attachments import RunSweep
from intake.settings import IntakeSettings, load_profiles, load_retention, read_closing_policy
from intake.storage.folder import FolderStorage
from intake.usecases.amend_complaint import AmendComplaint
from intake.usecases.announce_again import AnnounceAgain
from intake.usecases.apply_retention import ApplyRetention
from intake.usecases.attach_file import AttachFile, Limits
from intake.usecases.attachments import Storage
from intake.usecases.clockwork import Clockwork
from intake.usecases.delete_attachment import DeleteAttachment
from intake.usecases.erase_complaint import EraseComplaint
from intake.usecases.erase_person import ErasePerson
from intake.usecases.follow_action import FollowAction
from intake.usecases.follow_nonconformity import FollowNonconformity
from intake.usecases.follow_triage import FollowTriage
from intake.usecases.hold_complaint import HoldComplaint, ReleaseHold
from intake.usecases.index_complaints import IndexComplaints
from intake.usecases.note_clock_news import NoteClockNews
from intake.usecases.outgoing_clocks import DeadlineAnnouncer
from intake.usecases.personal_reads import RecordPersonalRead
from intake.usecases.process_import import ImportTools, ProcessImport
from intake.usecases.rebase_clocks import RebaseClocks
from intake.usecases.receive_complaint import ReceiveComplaint
from intake.usecases.reindex_complaints import ReindexComplaints
from intake.usecases.similar import FindSimilar
from intake.usecases.stage_import import StageImport
from intake.usecases.stepping import TakeStep
from intake.usecases.sweep_attachments import SweepAttachments
from intake.usecases.take_note import TakeNote

SERVICE: Final = "intake"
VERSION: Final = version("redress-intake")
_LOG_CONNECTIONS: Final = 6
_LONGEST_TURN_SECONDS: Final = 180.0
_LONGEST_CHUNK_SECONDS: Final = 900.0
"""A chunk that fails as a whole is done again row by row."""
_LONGEST_SWEEP_SECONDS: Final = 900.0
"""Each of up to 200 contents may find the store slow."""
_TAGS: Final = (
    {"name": "complaints", "description": "Hand complaints over, read them back, correct them."},
    {
        "name": "steps",
        "description": "Handle complaints: assess, investigate, respond, close, and all between.",
    },
    {"name": "attachments", "description": "Files of complaints: hand over, list, download, delete."},
    {"name": "personal data", "description": "Who read personal data; holds and erasure."},
    {"name": "imports", "description": "Hand over whole files of complaints."},
)
_DESCRIPTION: Final = "Takes complaints in: each is written down once, never lost and never doubled, and shows what became of it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What one role of the service works with; `wake` is shared where roles share a process."""

    settings: IntakeSettings
    engine: AsyncEngine
    wake: Wake
    clock: Clock

    @property
    def start_work(self) -> PostgresStartWork:
        """Begins transactions."""
        return PostgresStartWork(self.engine, self.clock, self.wake)

    @property
    def crm(self) -> Crm:
        """What CRMs work with."""
        return Crm(self.settings, self.engine, self.clock, self.wake)


def open_core(settings: IntakeSettings, *, role: str, wake: Wake, clock: Clock = utc_now) -> Core:
    """Open what a role works with; nothing is connected yet."""
    engine = open_engine(
        settings.database_url,
        name=f"{SERVICE}-{role}",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
    )
    pool_metrics().watch(engine, role)
    return Core(settings=settings, engine=engine, wake=wake, clock=clock)


def build_health(core: Core, loops: Sequence[Loop] = ()) -> Health:
    """Build what probes ask: ready while the database answers with a current schema, live while the loops turn.

    The transport being away makes nothing unready.
    """
    checks = {"database": database_check(core.engine), "schema": schema_check(core.engine, SERVICE)}
    return Health(checks, loops)


def build_app(core: Core, health: Health) -> FastAPI:
    """Build the HTTP API."""
    settings = core.settings
    views, policy = PostgresViews(core.engine), read_closing_policy(settings.closing_policy_file)
    clockwork = build_clockwork(core)
    services = ComplaintServices(
        receive=ReceiveComplaint(
            GroupReception(core.engine, core.clock, core.wake), core.start_work, core.clock, clockwork
        ),
        amend=AmendComplaint(core.start_work, core.clock, clockwork),
        views=views,
        cursors=Cursors(settings.pepper),
        clock=core.clock,
        policy=policy,
        reads=build_read_recorder(core),
    )
    retention, erase = load_retention(settings.config_dir), build_erase(core)
    erasing = ErasureServices(
        hold=HoldComplaint(core.start_work, core.clock),
        release=ReleaseHold(core.start_work, core.clock),
        holds=PostgresHoldViews(core.engine),
        erase=erase,
        erase_person=ErasePerson(core.start_work, erase, retention, core.clock),
        clock=core.clock,
    )
    steps = StepServices(TakeStep(core.start_work, core.clock, policy, clockwork), views, policy, core.clock)
    imports = PostgresImports(core.engine)
    importing = ImportServices(
        stage=StageImport(imports, load_profiles(settings.config_dir), core.clock, core.wake.ring),
        imports=imports,
        clock=core.clock,
    )
    watch = FeedWatch(core.crm.views)
    app = create_app(
        title="Redress intake",
        version=VERSION,
        description=_DESCRIPTION,
        routers=[
            exports_router(
                ExportServices(
                    views.export,
                    services.cursors,
                    core.clock,
                    settings.export_max_rows,
                    policy,
                    services.reads,
                )
            ),
            *crm_routers(core.crm, services, core.start_work, watch),
            complaints_router(services),
            steps_router(steps),
            clocks_router(ClockServices(views, core.clock)),
            attachments_router(build_attachments(core)),
            timeline_router(
                TimelineServices(PostgresTimelines(core.engine), services.cursors, services.reads)
            ),
            inspection_router(
                InspectionServices(
                    PostgresPacks(core.engine), open_storage(settings), services.reads, core.clock, VERSION
                )
            ),
            similar_router(SimilarServices(FindSimilar(PostgresCandidates(core.engine)), services.reads)),
            personal_reads_router(PersonalReadServices(PostgresPersonalReads(core.engine), services.cursors)),
            erasure_router(erasing),
            imports_router(importing),
        ],
        health=health,
        keyring=Keyring(settings.keys_file, settings.pepper, clock=core.clock),
        limiter=limiter_of(settings, {"GET /v1/complaints/export": EXPORT, f"POST {IMPORTS_PATH}": BULK}),
        bearer=open_bearer_tokens(settings),
        by_source=True,
        problems=PROBLEMS,
        examples=WORDS,
        public_url=settings.public_url,
        max_body_bytes=settings.max_body_bytes,
        body_limits={
            IMPORTS_PATH: settings.import_max_bytes,
            ATTACHMENTS_PATH: settings.attachment_max_bytes + FORM_OVERHEAD_BYTES,
        },
        tags=(*_TAGS, *CRM_TAGS),
    )
    app.state.feed_watch = watch
    return app


def build_attachments(core: Core) -> AttachmentServices:
    """Build what takes files in and gives them out. Raises CannotStart."""
    settings, files = core.settings, PostgresFiles(core.engine)
    storage = open_storage(settings)
    if storage is None:
        return AttachmentServices(files, None, build_read_recorder(core))
    limits = Limits(
        settings.attachment_max_bytes,
        settings.attachment_max_per_complaint,
        frozenset(settings.attachment_media_types),
    )
    store = Store(
        attach=AttachFile(core.start_work, files, storage, limits, core.clock),
        delete=DeleteAttachment(core.start_work, files, storage, core.clock),
        storage=storage,
    )
    return AttachmentServices(files, store, build_read_recorder(core))


def build_erase(core: Core) -> EraseComplaint:
    """Build what erases complaints. Raises CannotStart."""
    return EraseComplaint(
        core.start_work,
        PostgresFiles(core.engine),
        open_storage(core.settings),
        load_retention(core.settings.config_dir),
        core.clock,
    )


def build_retention(core: Core) -> ApplyRetention:
    """Build what erases by itself. Raises CannotStart."""
    policy = load_retention(core.settings.config_dir)
    return ApplyRetention(PostgresDueErasures(core.engine), build_erase(core), policy, core.clock)


def build_read_recorder(core: Core) -> ReadRecorder:
    """Build what records who reads personal data."""
    return ReadRecorder(RecordPersonalRead(PostgresPersonalReads(core.engine), core.clock))


def open_storage(settings: IntakeSettings) -> Storage | None:
    """Open the store of attachments that the settings name, None for none; nothing is connected yet.

    Raises CannotStart where the library for S3 is not installed.
    """
    if settings.attachment_store == "folder" and settings.attachment_folder is not None:
        return FolderStorage(settings.attachment_folder)
    if settings.attachment_store == "s3" and settings.attachment_s3_bucket is not None:
        try:
            from intake.storage.s3 import Bucket, S3Storage
        except ModuleNotFoundError as error:
            raise CannotStart(
                "REDRESS_INTAKE_ATTACHMENT_STORE is s3, which needs a library: pip install 'redress-intake[s3]'."
            ) from error
        return S3Storage(
            Bucket(
                name=settings.attachment_s3_bucket,
                region=settings.attachment_s3_region,
                endpoint=settings.attachment_s3_endpoint,
                access_key_id=settings.attachment_s3_access_key_id,
                secret_access_key=settings.attachment_s3_secret_access_key,
                prefix=settings.attachment_s3_prefix,
                virtual_hosted=settings.attachment_s3_virtual_hosted,
            )
        )
    return None


def build_handlers(core: Core) -> Handlers:
    """Build what is done on each event; a type that is not named here is ignored."""
    work, clock = core.start_work, core.clock
    clockwork = build_clockwork(core)
    triage, nonconformity = FollowTriage(work, clockwork), FollowNonconformity(work, clockwork)
    progress = on_nonconformity_progress(nonconformity, clock)
    action = on_action(FollowAction(work, clockwork), clock)
    take_note, clock_news = TakeNote(work), NoteClockNews(work)
    notifier = on_notifier(take_note)
    return {
        TriageDecidedV1: on_triage_decided(triage, clock),
        NonconformityRaisedV1: on_nonconformity_raised(nonconformity, clock),
        NonconformityLinkedV1: on_nonconformity_linked(nonconformity, clock),
        NonconformitySeverityRaisedV1: on_nonconformity_severity_raised(nonconformity, clock),
        NonconformityDispositionedV1: progress,
        NonconformityClosedV1: progress,
        ActionAssignedV1: action,
        ActionReassignedV1: action,
        ActionDueChangedV1: action,
        ActionCompletedV1: action,
        ActionEvidenceRejectedV1: action,
        ActionVerifiedV1: action,
        ActionCancelledV1: action,
        DeadlineWarnedV1: on_deadline_warned(clock_news, take_note),
        DeadlineBreachedV1: on_deadline_breached(clock_news, take_note),
        NoticeSentV1: notifier,
        NoticeFailedV1: notifier,
        NoticeUnroutableV1: notifier,
    }


def build_clockwork(core: Core) -> Clockwork:
    """Build what keeps the clocks of complaints. Raises CannotStart where the policy is no good."""
    settings = core.settings
    policy = read_clock_policy(settings.clock_policy_file, settings.config_dir)
    return Clockwork(policy, DeadlineAnnouncer(settings.public_url), count_verdicts)


def build_rebase_clocks(core: Core) -> RebaseClocks:
    """Build what counts running clocks anew. Raises CannotStart where the policy is no good."""
    return RebaseClocks(core.start_work, core.clock, build_clockwork(core))


def build_import(core: Core) -> ProcessImport:
    """Build what takes imports further."""
    tools = ImportTools(
        imports=PostgresImports(core.engine),
        profiles=load_profiles(core.settings.config_dir),
        chunk_rows=core.settings.import_chunk_rows,
        is_passing=may_pass,
        count=count_row,
        clockwork=build_clockwork(core),
    )
    return ProcessImport(core.start_work, tools, core.clock)


def build_announce_again(core: Core) -> AnnounceAgain:
    """Build what tells again what stands in the records."""
    return AnnounceAgain(core.start_work, core.clock, DeadlineAnnouncer(core.settings.public_url))


def build_reindex(core: Core) -> ReindexComplaints:
    """Build what goes over the index of words."""
    return ReindexComplaints(PostgresSearchIndex(core.engine), core.clock)


def build_histories(core: Core) -> Histories:
    """Build what reads every history, to be verified."""
    return Histories(SERVICE, FollowTrail, PostgresHistories(core.engine))


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


def build_loops(core: Core, transport: Transport) -> list[Loop]:
    """Build the worker's loops: delivery's, and intake's own jobs."""
    carriage = Carriage(
        service=SERVICE,
        engine=core.engine,
        transport=transport,
        clock=core.clock,
        wake=core.wake,
        handlers=build_handlers(core),
        reached=lambda up: dependency_metric().set("transport", up=up),
        tracer=tracer(),
    )
    imports = RunImports(build_import(core), PostgresImports(core.engine), core.clock, core.wake)
    dependency_metric().expect("transport")
    index = PostgresSearchIndex(core.engine)
    indexing = RunIndexing(IndexComplaints(index))
    show = ShowAll(
        ImportGauges(PostgresOpenImports(core.engine), core.clock),
        ClockGauges(PostgresOverdueClocks(core.engine), core.clock),
        IndexGauges(index, core.clock),
        core.crm.gauges(),
    )
    gauges = KeepGauges(show, partial(kept, "service"))
    forget_keys = ForgetKeys(core.engine, idempotency_key, core.clock)
    retention = RunRetention(build_retention(core))
    storage = open_storage(core.settings)
    sweeps = [] if storage is None else [_sweep_loop(core, storage)]
    return [
        *sweeps,
        *crm_loops(core.crm),
        *(
            watched_loop(name, turning.run, longest_turn_seconds=turning.longest_turn)
            for name, turning in delivery_loops(carriage).items()
        ),
        watched_loop("imports", imports.run, longest_turn_seconds=_LONGEST_CHUNK_SECONDS),
        watched_loop("index-complaints", indexing.run, longest_turn_seconds=_LONGEST_TURN_SECONDS),
        watched_loop(
            "retention", retention.run, longest_turn_seconds=RETENTION_TICK_SECONDS + _LONGEST_TURN_SECONDS
        ),
        watched_loop(
            "forget-keys", forget_keys.run, longest_turn_seconds=PAUSE_SECONDS + _LONGEST_TURN_SECONDS
        ),
        watched_loop("gauges", gauges.run, longest_turn_seconds=EVERY_SECONDS + _LONGEST_TURN_SECONDS),
    ]


def _sweep_loop(core: Core, storage: Storage) -> Loop:
    sweep = RunSweep(SweepAttachments(PostgresFiles(core.engine), storage, core.clock))
    return watched_loop(
        "sweep-attachments",
        sweep.run,
        longest_turn_seconds=SWEEP_PAUSE_SECONDS + _LONGEST_SWEEP_SECONDS,
    )
