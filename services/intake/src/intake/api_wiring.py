"""Puts the HTTP API together."""

from typing import Final

from fastapi import FastAPI

from chassis.app import create_app
from chassis.auth import Keyring
from chassis.health import Health
from chassis.oidc.opening import open_bearer_tokens
from chassis.paging import Cursors
from chassis.rate_limits import BULK, EXPORT, limiter_of
from intake.api.affected_customers import affected_customers_router
from intake.api.attachments import FORM_OVERHEAD_BYTES, AttachmentServices, Store, attachments_router
from intake.api.attachments import PATH as ATTACHMENTS_PATH
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
from intake.api.similar import SimilarServices, similar_router
from intake.api.steps import StepServices, steps_router
from intake.api.timeline import TimelineServices, timeline_router
from intake.core_wiring import VERSION, Core, build_clockwork, build_erase, build_read_recorder, open_storage
from intake.crm_wiring import CRM_TAGS, crm_routers
from intake.db.affected_customers import PostgresCustomers
from intake.db.attached_files import PostgresFiles
from intake.db.candidates import PostgresCandidates
from intake.db.group_reception import GroupReception
from intake.db.hold_views import PostgresHoldViews
from intake.db.imports import PostgresImports
from intake.db.packs import PostgresPacks
from intake.db.personal_reads import PostgresPersonalReads
from intake.db.timelines import PostgresTimelines
from intake.db.views import PostgresViews
from intake.settings import load_profiles, load_retention, read_closing_policy
from intake.usecases.amend_complaint import AmendComplaint
from intake.usecases.attach_file import AttachFile, Limits
from intake.usecases.delete_attachment import DeleteAttachment
from intake.usecases.erase_person import ErasePerson
from intake.usecases.hold_complaint import HoldComplaint, ReleaseHold
from intake.usecases.receive_complaint import ReceiveComplaint
from intake.usecases.similar import FindSimilar
from intake.usecases.stage_import import StageImport
from intake.usecases.stepping import TakeStep

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
        stage=StageImport(imports, load_profiles(settings.config_dir), core.clock, core.wake.imports.ring),
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
            affected_customers_router(PostgresCustomers(core.engine)),
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
