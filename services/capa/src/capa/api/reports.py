"""8D reports of cases, as HTML and PDF: of one case, and of many in an archive."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from capa.api.cases import TAG, Reader
from capa.api.desk import Desk, reference_of
from capa.api.parameters import (
    CasePath,
    CategoryQuery,
    ClosedFrom,
    ClosedTo,
    ProductQuery,
    SeverityQuery,
    any_of,
)
from capa.api.report_answer import BINARY, MATCH, Format, FormatQuery, answer, chosen_format, responses_of
from capa.api.report_archive import archive
from capa.api.schemas import CodeText
from capa.domain.case.case import State
from capa.usecases.case_reading import CaseFilter
from chassis.problems import ProblemError, at_parameter

_PAGE: Final = (
    "<!doctype html><html lang='en'><head><title>8D report CA-1001: Wrong fees</title></head></html>"
)
_ONE: Final = responses_of(_PAGE, "The report, to be read, printed or sent.")
_MANY: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"application/zip": BINARY},
        "description": "An archive with a file for each case, and `manifest.json`, which names them.",
    }
}


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/cases", tags=[TAG])

    @router.get("/reports", summary="Report many cases", response_class=StreamingResponse, responses=_MANY)
    async def report_cases(
        *,
        _: Reader,
        case: Annotated[
            list[CodeText] | None,
            Query(description="Cases by id or number; repeated, each of them. Instead of the filters."),
        ] = None,
        state: Annotated[list[State] | None, Query(description="States; repeated, any of them.")] = None,
        severity: SeverityQuery = None,
        product: ProductQuery = None,
        category: CategoryQuery = None,
        closed_from: ClosedFrom = None,
        closed_to: ClosedTo = None,
        format_: Annotated[
            Format, Query(alias="format", description="What each report is written as.")
        ] = Format.PDF,
    ) -> StreamingResponse:
        """Report cases as 8D, at most 50, in a ZIP archive that comes as it is made."""
        wanted = CaseFilter(
            state=any_of(state),
            severity=any_of(severity),
            product=any_of(product),
            category=any_of(category),
            closed_from=closed_from,
            closed_to=closed_to,
        )
        if case is None:
            chosen = await desk.choose_reports.matching(wanted)
        elif wanted == CaseFilter():
            chosen = await desk.choose_reports.named([reference_of(each) for each in case])
        else:
            raise ProblemError(
                "unacceptable",
                "Name cases, or give filters, not both.",
                errors=[
                    at_parameter("case", "contradiction", "filters are given too", "leave one of them out")
                ],
            )
        content = archive(
            [each.id for each in chosen], desk.report_case, desk.write_report, pdf=format_ is Format.PDF
        )
        headers = {
            "Content-Disposition": 'attachment; filename="8d-reports.zip"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(content, headers=headers, media_type="application/zip")

    @router.get(
        "/{case_id}/report",
        summary="Report a case as 8D",
        response_class=Response,
        responses=_ONE,
        openapi_extra=MATCH,
    )
    async def report_case(
        case_id: CasePath, request: Request, _: Reader, format_: FormatQuery = None
    ) -> Response:
        """Write a case as an 8D report from its record: D0 to D8, its analyses and its effect drawn; what is missing is said."""
        chosen = chosen_format(request, format_)
        document = await desk.report_case(reference_of(case_id))
        return await answer(request, document, chosen, desk.write_report)

    return router
