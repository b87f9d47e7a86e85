"""The management-review pack of a period."""

from typing import Final

from fastapi import APIRouter, Request, Response

from capa.api.desk import Desk
from capa.api.examples import REVIEW_HTML
from capa.api.indicators import From, Reader, To
from capa.api.parameters import ProductQuery, any_of
from capa.api.report_answer import MATCH, FormatQuery, answer, chosen_format, responses_of
from capa.api.review_indicators import tables
from capa.domain.report.words import Wording
from capa.domain.review.pack import pack
from capa.usecases.indicators import span_of

TAG = "Management review"
_PACK: Final = responses_of(REVIEW_HTML, "The pack, to be read or printed.")


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/management-review", tags=[TAG])

    @router.get(
        "",
        summary="Read the management-review pack",
        response_class=Response,
        responses=_PACK,
        openapi_extra=MATCH,
    )
    async def read_management_review(
        *,
        request: Request,
        _: Reader,
        begins_at: From,
        ends_at: To,
        product: ProductQuery = None,
        format_: FormatQuery = None,
    ) -> Response:
        """Read the pack of a period, as HTML or PDF with its charts, beside the period of the same length before it.

        It goes through the inputs of a review one by one, and says of each what is not on record and who has it.
        """
        chosen = chosen_format(request, format_)
        review = await desk.review(span_of(begins_at, ends_at), any_of(product))
        document = pack(review, tables(review), Wording(desk.indicators.zone))
        return await answer(request, document, chosen, desk.write_report)

    return router
