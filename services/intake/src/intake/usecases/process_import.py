"""Process an import: turn its staged rows into complaints, chunk by chunk, so that a kill loses and doubles nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, assert_never
from uuid import UUID

from common.ids import new_id
from common.refusals import FieldError, Refusal
from events.series import written
from intake.domain.amendment import Outdated, Unchanged, hear_again
from intake.domain.clocks.beginning import Begun
from intake.domain.clocks.following import Change
from intake.domain.complaint import NewComplaint, Report, receive
from intake.domain.facts import Amended, Received
from intake.domain.importing import ImportOrder, ImportState, RowOutcome, RowResult
from intake.domain.mapping import Profile
from intake.domain.trail import trace_amendment, trace_receipt
from intake.usecases.clockwork import Clockwork
from intake.usecases.follow_amendment import follow_amendment
from intake.usecases.imports import Imports
from intake.usecases.judge_row import Judged, judge, refusal_errors, rejected
from intake.usecases.outgoing import published_amendment, published_receipt
from intake.usecases.outgoing_clocks import Cause
from intake.usecases.ports import Clock, Draft, Identity, Mark, StartWork, Work

LEASE: Final = timedelta(seconds=15)
_BREATH: Final = 25
"""Rows that are judged before others on the loop get their turn."""

Count = Callable[[RowOutcome], None]
"""Told of each row that is done."""


@dataclass(frozen=True, slots=True)
class ImportTools:
    """What processing needs beside its transactions."""

    imports: Imports
    profiles: Mapping[str, Profile]
    chunk_rows: int
    is_passing: Callable[[Exception], bool]
    """Tells an error that a repeat may heal, such as a database that is away, from one that belongs to a row."""
    count: Count
    clockwork: Clockwork


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Rows of an import that were judged while those before them were written."""

    import_id: UUID
    judged: Sequence[Judged]


class ProcessImport:
    """Takes the oldest import that waits one chunk further; several processes may do so side by side."""

    def __init__(self, start_work: StartWork, tools: ImportTools, clock: Clock) -> None:
        self._start_work = start_work
        self._tools = tools
        self._clock = clock
        self._token = new_id()
        self._ahead: _Ahead | None = None

    async def __call__(self) -> bool:
        """Do one chunk, each in one transaction; False where nothing waits. An error that may pass is raised."""
        now = self._clock()
        taken = await self._tools.imports.take(token=self._token, now=now, until=now + LEASE)
        if taken is None:
            return False
        order = taken.order
        profile = self._tools.profiles.get(order.profile)
        if profile is None:
            await self._end(order.id, ImportState.FAILED, f"There is no profile {order.profile} any more.")
            return True
        judged = self._take_ahead(order.id) or await self._judged(order, profile, after=0)
        if not judged:
            await self._end(order.id, ImportState.FINISHED, "")
            return True
        await self._chunk(order, profile, judged)
        return True

    def _take_ahead(self, import_id: UUID) -> Sequence[Judged]:
        ahead, self._ahead = self._ahead, None
        return ahead.judged if ahead is not None and ahead.import_id == import_id else ()

    async def _judged(self, order: ImportOrder, profile: Profile, *, after: int) -> Sequence[Judged]:
        """Read and judge the next rows without a result, of those after a row."""
        rows = await self._tools.imports.waiting_rows(order.id, after=after, limit=self._tools.chunk_rows)
        judged = []
        for place, row in enumerate(rows, 1):
            judged.append(judge(row, order, profile))
            if place % _BREATH == 0:
                await asyncio.sleep(0)
        return judged

    async def _chunk(self, order: ImportOrder, profile: Profile, judged: Sequence[Judged]) -> None:
        """Write a chunk, and judge the next one meanwhile, since PostgreSQL has most of the work of writing."""
        reading = asyncio.create_task(self._judged(order, profile, after=judged[-1].number))
        try:
            going = await self._written(order, profile, judged)
        except BaseException:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            raise
        following = await reading
        if going:
            self._ahead = _Ahead(order.id, following)

    async def _written(self, order: ImportOrder, profile: Profile, judged: Sequence[Judged]) -> bool:
        try:
            return await self._write(order, profile, judged)
        except Exception as error:
            if self._tools.is_passing(error):
                raise
            return await self._one_by_one(order, profile, judged)

    async def _one_by_one(self, order: ImportOrder, profile: Profile, judged: Sequence[Judged]) -> bool:
        """Redo a chunk that failed as a whole, so that the row at fault fails alone; False where it is to stop."""
        for one in judged:
            try:
                going = await self._write(order, profile, [one])
            except Exception as error:
                if self._tools.is_passing(error):
                    raise
                fault = FieldError(
                    "", "not_stored", "could not be stored", "give the operator the import and the row"
                )
                external_id = one.report.external_id if one.report else None
                refused = Judged(one.number, None, rejected(one.number, external_id, [fault], profile))
                going = await self._write(order, profile, [refused])
            if not going:
                return False
        return True

    async def _write(self, order: ImportOrder, profile: Profile, judged: Sequence[Judged]) -> bool:
        """Write rows and their results in one transaction; False where the import is no longer ours to go on with."""
        async with self._start_work() as work:
            if not await work.imports.hold(order.id, token=self._token, until=self._clock() + LEASE):
                return False
            writing = _Writing(work, order, profile, self._clock, self._tools.clockwork)
            results = await writing.write(judged)
            await work.imports.record(order.id, results, now=self._clock())
            stopped = order.on_error == "abort" and any(
                result.outcome is RowOutcome.REJECTED for result in results
            )
            if stopped:
                detail = f"Row {results[-1].number} was rejected; the rows after it were not processed."
                await work.imports.end(order.id, ImportState.ABORTED, detail=detail, now=self._clock())
        if stopped:
            await self._tools.imports.sweep(since=order.created_at)
        for result in results:
            if result.outcome is not None:
                self._tools.count(result.outcome)
        self._tools.clockwork.counted(writing.changes)
        return not stopped

    async def _end(self, import_id: UUID, state: ImportState, detail: str) -> None:
        async with self._start_work() as work:
            if await work.imports.hold(import_id, token=self._token, until=self._clock() + LEASE):
                await work.imports.end(import_id, state, detail=detail, now=self._clock())


class _Writing:
    """The rows of one chunk inside one transaction."""

    def __init__(
        self, work: Work, order: ImportOrder, profile: Profile, clock: Clock, clockwork: Clockwork
    ) -> None:
        self._work = work
        self._order = order
        self._profile = profile
        self._now = clock()
        self._clockwork = clockwork
        self._cause = Cause(order.actor, self._now)
        self.changes: list[Change] = []

    async def write(self, judged: Sequence[Judged]) -> list[RowResult]:
        """Write what can be written; with `abort` nothing after the first row that is rejected."""
        results: dict[int, RowResult] = {}
        fresh: dict[int, NewComplaint] = {}
        again: list[tuple[int, Report]] = []
        seen: set[Identity] = set()
        for one in judged:
            refused = one.result
            if one.report is not None:
                refused = self._take(one.number, one.report, fresh, again, seen)
            if refused is not None:
                results[one.number] = refused
                if self._order.on_error == "abort":
                    break
        reports = {one.number: one.report for one in judged if one.report is not None}
        if self._order.dry_run:
            results |= await self._rehearsed(fresh, again)
        else:
            results |= await self._received(fresh, again, reports)
        return [results[number] for number in sorted(results)]

    def _take(
        self,
        number: int,
        report: Report,
        fresh: dict[int, NewComplaint],
        again: list[tuple[int, Report]],
        seen: set[Identity],
    ) -> RowResult | None:
        """Sort a row into what may be new and what an earlier row told; its result where a rule refuses it."""
        try:
            new = receive(report, complaint_id=new_id(), correlation_id=new_id(), now=self._now)
        except Refusal as refusal:
            return rejected(number, report.external_id, refusal_errors(refusal), self._profile)
        identity = _identity(report)
        if identity is not None and identity in seen:
            again.append((number, report))
            return None
        if identity is not None:
            seen.add(identity)
        fresh[number] = new
        return None

    async def _received(
        self,
        fresh: Mapping[int, NewComplaint],
        again: Sequence[tuple[int, Report]],
        reports: Mapping[int, Report],
    ) -> dict[int, RowResult]:
        actor = self._order.actor
        numbers: Mapping[UUID, str] = {}
        begun: Mapping[UUID, Begun] = {}
        if fresh:
            begun = {new.id: self._clockwork.begin(new) for new in fresh.values()}
            drafts = [Draft(new, trace_receipt(new, actor=actor), begun[new.id]) for new in fresh.values()]
            numbers = await self._work.complaints.insert(drafts)
        results, known = {}, list(again)
        for row, new in fresh.items():
            number = numbers.get(new.id)
            if number is None:
                known.append((row, reports[row]))
                continue
            complaint = new.numbered(number)
            received = written(published_receipt(Received(complaint), actor=actor))
            self._work.announce(received)
            for event in self._clockwork.told_at_receipt(begun[new.id], complaint, received):
                self._work.announce(event)
            results[row] = _result(row, reports[row], RowOutcome.CREATED, number)
        return results | await self._heard_again(sorted(known, key=lambda told: told[0]))

    async def _heard_again(self, known: Sequence[tuple[int, Report]]) -> dict[int, RowResult]:
        identities = {identity for _, report in known if (identity := _identity(report)) is not None}
        if not identities:
            return {}
        marks = dict(await self._work.complaints.marks(sorted(identities), lock=True))
        results = {}
        for row, report in known:
            identity = _identity(report)
            if identity is None:
                raise AssertionError("only a complaint with an identity can be known already")
            mark = marks[identity]
            outcome = RowOutcome.UNCHANGED
            if not _says_nothing_new(report, mark):
                outcome, marks[identity] = await self._hear(row, report, identity)
            results[row] = _result(row, report, outcome, mark.number)
        return results

    async def _hear(self, row: int, report: Report, identity: Identity) -> tuple[RowOutcome, Mark]:
        kept = await self._work.complaints.by_identity(*identity)
        heard = hear_again(kept.complaint, report, now=self._now)
        match heard:
            case Unchanged(complaint):
                await self._work.complaints.note_source(complaint)
                outcome = RowOutcome.UNCHANGED
            case Outdated(complaint):
                outcome = RowOutcome.UNCHANGED
            case Amended(_, complaint, _):
                reason = f"told again in row {row} of import {self._order.id}"
                trace = trace_amendment(
                    heard, last=kept.last, actor=self._order.actor, reason=reason, now=self._now
                )
                await self._work.complaints.save(complaint, trace)
                self._work.announce(published_amendment(heard, actor=self._order.actor, now=self._now))
                self.changes += await follow_amendment(self._work, self._clockwork, complaint, self._cause)
                outcome = RowOutcome.AMENDED
            case never:
                assert_never(never)
        return outcome, Mark(complaint.number, complaint.source_digest, complaint.source_updated_at)

    async def _rehearsed(
        self, fresh: Mapping[int, NewComplaint], again: Sequence[tuple[int, Report]]
    ) -> dict[int, RowResult]:
        """Say what would come of the rows: by what is known, and by what earlier rows of the file tell."""
        told: dict[int, tuple[str | None, str, bytes]] = {
            row: (new.external_id, new.source_system, new.source_digest) for row, new in fresh.items()
        }
        told |= {row: (report.external_id, report.source_system, report.digest()) for row, report in again}
        identities = sorted({(source, name) for name, source, _ in told.values() if name is not None})
        marks = await self._work.complaints.marks(identities, lock=False)
        names = sorted({name for _, name in identities})
        earlier = dict(
            await self._work.imports.earlier(self._order.id, names, before=min(told, default=0))
            if names
            else {}
        )
        results = {}
        for row in sorted(told):
            external_id, source, digest = told[row]
            mark = marks.get((source, external_id)) if external_id is not None else None
            before = None if external_id is None else earlier.get(external_id, mark.digest if mark else None)
            outcome = RowOutcome.CREATED
            if before is not None:
                outcome = RowOutcome.UNCHANGED if before == digest else RowOutcome.AMENDED
            if external_id is not None:
                earlier[external_id] = digest
            results[row] = RowResult(
                number=row,
                external_id=external_id,
                outcome=outcome,
                complaint_number=mark.number if mark else None,
                digest=digest,
            )
        return results


def _result(row: int, report: Report, outcome: RowOutcome, number: str) -> RowResult:
    return RowResult(number=row, external_id=report.external_id, outcome=outcome, complaint_number=number)


def _identity(report: Report) -> Identity | None:
    return None if report.external_id is None else (report.source_system, report.external_id)


def _says_nothing_new(report: Report, mark: Mark) -> bool:
    newer = report.source_updated_at is not None and (
        mark.source_updated_at is None or report.source_updated_at > mark.source_updated_at
    )
    return not newer and report.digest() == mark.digest
