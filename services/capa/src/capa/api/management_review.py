"""The management-review pack of a period."""

from typing import Any, Final

from fastapi import APIRouter, Response

from capa.api.desk import Desk
from capa.api.examples import REVIEW_HTML
from capa.api.indicators import From, Reader, To
from capa.api.parameters import ProductQuery, any_of
from capa.api.review_page import page
from capa.usecases.indicators import span_of

TAG = "Management review"
_HTML: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/html": {"schema": {"type": "string"}, "example": REVIEW_HTML}},
        "description": "The pack, to be read or printed.",
    }
}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/management-review", tags=[TAG])

    @router.get("", summary="Read the management-review pack", response_class=Response, responses=_HTML)
    async def read_management_review(
        *, _: Reader, begins_at: From, ends_at: To, product: ProductQuery = None
    ) -> Response:
        """Read the pack of a period as one HTML page with its charts, beside the period of the same length before it."""
        review = await desk.review(span_of(begins_at, ends_at), any_of(product))
        return Response(
            page(review), media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY}
        )

    return router
