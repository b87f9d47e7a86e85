"""What people do with nonconformities: raise, describe, link, act, decide, close."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from capa.api.action_bodies import GiveActionIn
from capa.api.desk import Desk, because_of, reference_of
from capa.api.nonconformities import TAG, nonconformity_answer
from capa.api.nonconformity_answers import NonconformityDetailOut
from capa.api.parameters import STEP_EXTRA, NonconformityPath
from capa.api.parts import AffectedPart, ConcessionPart, DispositionPartIn, value_of
from capa.api.schemas import ActionOut, CodeText, Words
from capa.domain import nonconformity_steps as steps
from capa.domain.nonconformity import Origin
from capa.domain.severity import Severity
from capa.usecases.take_nonconformity_step import NonconformityTarget
from chassis.auth import Principal, requires
from chassis.etags import etag, expected_version
from chassis.instants import Instant

Writer = Annotated[Principal, requires("nonconformities:write")]


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    makes: ClassVar[type[Any]]

    def value(self) -> Any:
        """Make what the rules know."""
        return self.makes(**{name: value_of(getattr(self, name)) for name in type(self).model_fields})


class RaiseIn(_In):
    """What somebody noticed, and where."""

    makes: ClassVar[type[Any]] = steps.Finding

    origin: Literal["audit", "supplier", "process", "manual"] = Field(description="Where it was noticed.")
    reference: CodeText | None = Field(
        None, description="The audit, supplier or process.", examples=["AUD-26-4"]
    )
    product: CodeText = Field(description="The product's code.", examples=["credit-card"])
    category: CodeText = Field(description="The category's code.", examples=["fees"])
    severity: Severity = Field(description="How bad the consequence is.")
    description: Words = Field(description="Which requirement is not met, and how that shows.", min_length=1)
    affected: list[AffectedPart] = Field([], description="The lots that are affected.", max_length=200)
    noticed_at: Instant = Field(description="When it was noticed.")

    def value(self) -> steps.Finding:
        """Make what the rules know."""
        given = {name: value_of(getattr(self, name)) for name in type(self).model_fields}
        return steps.Finding(**(given | {"origin": Origin(self.origin)}))


class DescribeIn(_In):
    """What was not met and what is affected, as a whole."""

    makes: ClassVar[type[Any]] = steps.Describe

    description: Words = Field(description="Which requirement is not met, and how that shows.")
    affected: list[AffectedPart] = Field(description="The lots that are affected.", max_length=200)


class LinkComplaintIn(BaseModel):
    """A complaint that shows it too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    complaint_id: UUID = Field(description="The complaint's identifier in intake.")


class DispositionIn(_In):
    """What is done with what is affected."""

    makes: ClassVar[type[Any]] = steps.Dispose

    parts: list[DispositionPartIn] = Field(
        description="What is done with each lot or part of it.", min_length=1, max_length=200
    )
    rationale: Words = Field(description="Why.", examples=["The labels can be replaced."])
    concession: ConcessionPart | None = Field(
        None, description="Who authorised a use as is; needed for it, and for nothing else."
    )


class DecideCaseIn(_In):
    """Whether a corrective-action case is needed."""

    makes: ClassVar[type[Any]] = steps.DecideCase

    needed: bool = Field(description="Whether a case is needed.")
    rationale: Words = Field(
        description="Why, above all where none is.", examples=["A single slip, corrected."]
    )


class CloseNonconformityIn(_In):
    """A word on the closing."""

    makes: ClassVar[type[Any]] = steps.Close

    reason: Words = Field("", description="Anything that those who ask later should know.")


def router_of(desk: Desk) -> APIRouter:
    """Make the routes on a desk."""
    router = APIRouter(prefix="/v1/nonconformities", tags=[TAG])

    async def take(
        nonconformity_id: str, body: _In, request: Request, response: Response, by: Principal
    ) -> NonconformityDetailOut:
        value = await desk.nonconformity_step(
            _target(nonconformity_id, request), body.value(), because_of(by)
        )
        return await nonconformity_answer(desk, value.id, response)

    @router.post("", status_code=201, summary="Raise a nonconformity")
    async def raise_nonconformity(body: RaiseIn, response: Response, by: Writer) -> NonconformityDetailOut:
        """Raise one that was noticed in an audit, at a supplier, in a process, or anywhere else."""
        raised = await desk.raise_nonconformity(body.value(), because_of(by))
        response.headers["Location"] = f"/v1/nonconformities/{raised.id}"
        return await nonconformity_answer(desk, raised.id, response)

    @router.post("/{nonconformity_id}/describe", summary="Describe a nonconformity", openapi_extra=STEP_EXTRA)
    async def describe_nonconformity(
        nonconformity_id: NonconformityPath,
        body: DescribeIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> NonconformityDetailOut:
        """Say what was not met and what is affected."""
        return await take(nonconformity_id, body, request, response, by)

    @router.post(
        "/{nonconformity_id}/link-complaint",
        summary="Link a complaint to a nonconformity",
        openapi_extra=STEP_EXTRA,
    )
    async def link_complaint(
        nonconformity_id: NonconformityPath,
        body: LinkComplaintIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> NonconformityDetailOut:
        """Link a complaint by hand where triage did not; a graver one raises the severity."""
        target = _target(nonconformity_id, request)
        value = await desk.link_complaint(target, body.complaint_id, because_of(by))
        return await nonconformity_answer(desk, value.id, response)

    @router.post(
        "/{nonconformity_id}/actions",
        status_code=201,
        summary="Add an action to a nonconformity",
        openapi_extra=STEP_EXTRA,
    )
    async def add_nonconformity_action(
        nonconformity_id: NonconformityPath,
        body: GiveActionIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> ActionOut:
        """Add a containment or a correction; what works against causes belongs to a case."""
        target = _target(nonconformity_id, request)
        action = await desk.give_action.to_nonconformity(target, body.wanted(), because_of(by))
        response.headers["ETag"] = etag(action.version)
        response.headers["Location"] = f"/v1/actions/{action.id}"
        return ActionOut.of(action, desk.clock())

    @router.post(
        "/{nonconformity_id}/disposition", summary="Decide on a disposition", openapi_extra=STEP_EXTRA
    )
    async def decide_disposition(
        nonconformity_id: NonconformityPath,
        body: DispositionIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> NonconformityDetailOut:
        """Decide what is done with what is affected; a use as is names who authorised it."""
        return await take(nonconformity_id, body, request, response, by)

    @router.post(
        "/{nonconformity_id}/decide-case", summary="Decide whether a case is needed", openapi_extra=STEP_EXTRA
    )
    async def decide_case(
        nonconformity_id: NonconformityPath,
        body: DecideCaseIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> NonconformityDetailOut:
        """Decide whether a corrective-action case is needed, and say why."""
        return await take(nonconformity_id, body, request, response, by)

    @router.post("/{nonconformity_id}/close", summary="Close a nonconformity", openapi_extra=STEP_EXTRA)
    async def close_nonconformity(
        nonconformity_id: NonconformityPath,
        body: CloseNonconformityIn,
        request: Request,
        response: Response,
        by: Writer,
    ) -> NonconformityDetailOut:
        """Close one about which nothing is left to do; its cases may go on."""
        return await take(nonconformity_id, body, request, response, by)

    return router


def _target(nonconformity_id: str, request: Request) -> NonconformityTarget:
    return NonconformityTarget(reference_of(nonconformity_id), expected_version(request))
