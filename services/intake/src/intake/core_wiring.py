"""Puts together what all roles of intake work with."""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database import open_engine
from chassis.pool_metrics import pool_metrics
from chassis.settings import CannotStart
from common.clock import Clock, utc_now
from intake.api.clock_counting import count_verdicts
from intake.api.personal_reads import ReadRecorder
from intake.clock_files import read_clock_policy
from intake.crm_wiring import Crm
from intake.db.attached_files import PostgresFiles
from intake.db.personal_reads import PostgresPersonalReads
from intake.db.work import Bells, PostgresStartWork
from intake.settings import IntakeSettings, load_retention
from intake.storage.folder import FolderStorage
from intake.usecases.attachments import Storage
from intake.usecases.clockwork import Clockwork
from intake.usecases.erase_complaint import EraseComplaint
from intake.usecases.outgoing_clocks import DeadlineAnnouncer
from intake.usecases.personal_reads import RecordPersonalRead

SERVICE: Final = "intake"
VERSION: Final = version("redress-intake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What one role of the service works with; `wake` is shared where roles share a process."""

    settings: IntakeSettings
    engine: AsyncEngine
    wake: Bells
    clock: Clock

    @property
    def start_work(self) -> PostgresStartWork:
        """Begins transactions."""
        return PostgresStartWork(self.engine, self.clock, self.wake)

    @property
    def crm(self) -> Crm:
        """What CRMs work with."""
        return Crm(self.settings, self.engine, self.clock, self.wake)


def open_core(settings: IntakeSettings, *, role: str, wake: Bells, clock: Clock = utc_now) -> Core:
    """Open what a role works with; nothing is connected yet."""
    engine = open_engine(
        settings.database_url,
        name=f"{SERVICE}-{role}",
        pool_size=settings.database_pool_size,
        pool_timeout_seconds=settings.database_pool_timeout_seconds,
    )
    pool_metrics().watch(engine, role)
    return Core(settings=settings, engine=engine, wake=wake, clock=clock)


def build_erase(core: Core) -> EraseComplaint:
    """Build what erases complaints. Raises CannotStart."""
    return EraseComplaint(
        core.start_work,
        PostgresFiles(core.engine),
        open_storage(core.settings),
        load_retention(core.settings.config_dir),
        core.clock,
    )


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


def build_clockwork(core: Core) -> Clockwork:
    """Build what keeps the clocks of complaints. Raises CannotStart where the policy is no good."""
    settings = core.settings
    policy = read_clock_policy(settings.clock_policy_file, settings.config_dir)
    return Clockwork(policy, DeadlineAnnouncer(settings.public_url), count_verdicts)
