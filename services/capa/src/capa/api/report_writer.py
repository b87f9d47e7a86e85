"""Writes reports as HTML and as PDF, and counts what was written, how long that took, and what was not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from capa.api.counters import REPORT_FAILURES, REPORT_TIME
from capa.api.report_html import page
from capa.api.report_pdf import PATIENCE_SECONDS, PdfWriter
from capa.domain.report.document import Document, Kind
from chassis.problems import ProblemError


@dataclass(frozen=True, slots=True)
class ReportWriter:
    """Writes whatever document it is given."""

    set_pdf: PdfWriter

    def html(self, document: Document) -> str:
        """Write a report as one page."""
        with _counted(document.kind, "html"):
            return page(document)

    async def pdf(self, document: Document, patience_seconds: float | None = PATIENCE_SECONDS) -> bytes:
        """Set a report as PDF; refuses what is too large, and with 503 where no turn came in time."""
        with _counted(document.kind, "pdf"):
            return await self.set_pdf.write(document, patience_seconds)


@contextmanager
def _counted(kind: Kind, form: str) -> Iterator[None]:
    begun = perf_counter()
    try:
        yield
    except ProblemError as problem:
        REPORT_FAILURES.labels(kind.value, form, problem.code).inc()
        raise
    except Exception:
        REPORT_FAILURES.labels(kind.value, form, "fault").inc()
        raise
    REPORT_TIME.labels(kind.value, form).observe(perf_counter() - begun)
