"""Every error as RFC 9457 `application/problem+json`, each with a type that explains itself.

A rule raises a `common.refusals.Refusal`, code at the edge raises `ProblemError`; both name a code. The code's status,
title and explanation stand once, in a `ProblemType`: those below belong to all services, a service hands its own to
`create_app`. On the wire a code is written with hyphens: `stale_version` has the type `<base>/problems/stale-version`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from common.refusals import FieldError, Refusal

MEDIA_TYPE = "application/problem+json"
# What may be sent again as it is, and how soon, in seconds.
_RETRY_AFTER = {"idempotency_key_in_use": "1", "database_away": "2", "busy": "1", "issuer_away": "5"}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its stable code, status, title, what it means and what the caller can do."""

    code: str
    title: str
    status: int
    explanation: str
    fix: str
    uri: str | None = None
    """The registered type that it is known by everywhere; else its page here."""

    @property
    def slug(self) -> str:
        """The code as it stands in URLs, with hyphens."""
        return self.code.replace("_", "-")


class ProblemError(HTTPException):
    """An answer that code at the edge gives on purpose; `code` names its ProblemType.

    It is an HTTPException so that FastAPI lets it pass where it would replace other errors, as while a body is read.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        status = _BY_CODE[code].status if code in _BY_CODE else HTTPStatus.INTERNAL_SERVER_ERROR
        super().__init__(status_code=status, detail=detail, headers=dict(headers or {}))
        self.code = code
        self.errors = tuple(dict(error) for error in errors)
        self.extensions = dict(extensions or {})


def at_pointer(pointer: str, code: str, detail: str, fix: str = "") -> dict[str, str]:
    """Write one entry of `errors` about a value in the body, by its JSON pointer."""
    return {"pointer": pointer, "code": code, "detail": detail} | ({"fix": fix} if fix else {})


def at_parameter(parameter: str, code: str, detail: str, fix: str = "") -> dict[str, str]:
    """Write one entry of `errors` about a query, path or header parameter."""
    return {"parameter": parameter, "code": code, "detail": detail} | ({"fix": fix} if fix else {})


def from_field(error: FieldError) -> dict[str, str]:
    """Write a rule's FieldError as one entry of `errors`; what is no JSON pointer names a parameter."""
    place = at_pointer if error.pointer == "" or error.pointer.startswith("/") else at_parameter
    return place(error.pointer, error.code, error.detail, error.fix)


COMMON_PROBLEMS: tuple[ProblemType, ...] = (
    ProblemType(
        "malformed_request",
        "The request cannot be read",
        400,
        "The request is not well-formed: its body is no JSON, is not UTF-8, or holds text that cannot be stored, such as "
        "the character U+0000 or half of a surrogate pair.",
        "Correct the place that `errors` names and send the request again.",
    ),
    ProblemType(
        "unknown_parameter",
        "Unknown query parameter",
        400,
        "The query has a parameter that this operation does not know. It is refused rather than ignored, since an ignored "
        "filter would answer another question than the one asked.",
        "Remove the parameter or correct its spelling; `errors` names it and those that are known.",
    ),
    ProblemType(
        "invalid_parameter",
        "A parameter is not valid",
        400,
        "A value in the path, the query or a header has the wrong form.",
        "Correct the parameters that `errors` names.",
    ),
    ProblemType(
        "invalid_cursor",
        "The cursor is not valid",
        400,
        "The cursor was not made by this service, belongs to a list with other filters, or is of an older release.",
        "Start again without a cursor, and use `next_cursor` only with the filters it was given for.",
    ),
    ProblemType(
        "unauthenticated",
        "No valid credentials",
        401,
        "The request has no API key and no access token, or one that is unknown, mistyped, expired or revoked.",
        "Send `Authorization: Bearer <key>` with a valid key, or with an access token of the identity provider.",
    ),
    ProblemType(
        "forbidden",
        "Not allowed",
        403,
        "The credentials are valid but lack a scope that this operation needs.",
        "Ask the operator for a key or a role with the scope that `detail` names.",
    ),
    ProblemType(
        "source_system_bound",
        "Not for a source system",
        403,
        "The credentials speak for one source system, such as a CRM, and this service has nothing that belongs to one: what it "
        "keeps is made from the complaints of all of them.",
        "Read the complaint in intake, which shows its nonconformity and actions, or use a key of a person.",
    ),
    ProblemType(
        "not_found",
        "Not found",
        404,
        "There is nothing at this address, or nothing that this caller may see.",
        "Check the address and the identifier in it.",
    ),
    ProblemType(
        "method_not_allowed",
        "Method not allowed",
        405,
        "The address exists, but not with this method.",
        "Use one of the methods that the `Allow` header lists.",
    ),
    ProblemType(
        "not_acceptable",
        "No acceptable representation",
        406,
        "The service cannot answer in a form that the `Accept` header allows.",
        "Accept application/json.",
    ),
    ProblemType(
        "conflict",
        "The current state does not allow this",
        409,
        "The thing is in a state in which this step is not possible.",
        "Read the thing again and take a step that its state allows.",
    ),
    ProblemType(
        "idempotency_key_in_use",
        "A request with this Idempotency-Key is under way",
        409,
        "Another request with the same Idempotency-Key has not been answered yet.",
        "Wait for the time in `Retry-After`, then send the same request again.",
    ),
    ProblemType(
        "stale_version",
        "Somebody else changed it first",
        412,
        "The version in If-Match is not the current one.",
        "Read the thing again, look at what changed, and send the change with the ETag that the answer carries.",
    ),
    ProblemType(
        "body_too_large",
        "The body is too large",
        413,
        "The request body has more bytes than this operation reads.",
        "Send less, or split it over several requests.",
    ),
    ProblemType(
        "unsupported_media_type",
        "Unsupported media type",
        415,
        "The body is of a type that this operation does not read.",
        "Send JSON with `Content-Type: application/json`, unless the operation documents another type.",
    ),
    ProblemType(
        "invalid_body",
        "The body is not valid",
        422,
        "The body is JSON, but values in it are missing, unknown or of the wrong form.",
        "Correct the values that `errors` points at.",
    ),
    ProblemType(
        "unacceptable",
        "The values break a rule",
        422,
        "Every value has the right form, but together they break a rule.",
        "Correct the values that `errors` points at, or what `detail` says.",
    ),
    ProblemType(
        "refused",
        "A rule says no",
        422,
        "A rule refuses the request as it stands.",
        "Do what `detail` says.",
    ),
    ProblemType(
        "idempotency_key_reused",
        "The Idempotency-Key belongs to another request",
        422,
        "The same Idempotency-Key came before with another body, query or address.",
        "Use a new key for a new request, and the same key only to repeat the same request.",
    ),
    ProblemType(
        "precondition_required",
        "If-Match is required",
        428,
        "This operation changes something that others change too, so it must say which version it changes.",
        "Read the thing first and send its ETag as `If-Match`.",
    ),
    ProblemType(
        "too_many_requests",
        "Too many requests",
        429,
        "This key has used up what it may ask in a period.",
        "Wait for the time in `Retry-After`, then go on more slowly.",
        uri="https://iana.org/assignments/http-problem-types#quota-exceeded",
    ),
    ProblemType(
        "internal_error",
        "An error of the service",
        500,
        "The service failed in a way that nobody foresaw. It is logged under the `trace_id`.",
        "Send the request again once; if it fails again, give the operator the `trace_id`.",
    ),
    ProblemType(
        "database_away",
        "The service cannot store or read just now",
        503,
        "The database cannot be reached or has no free connection. Nothing was changed, or the change is complete: a repeat "
        "with the same Idempotency-Key does no harm.",
        "Wait for the time in `Retry-After`, then send the same request again.",
    ),
    ProblemType(
        "busy",
        "Others hold what this request needs",
        503,
        "The request waited for a lock or computed for longer than it may, and was undone.",
        "Wait for the time in `Retry-After`, then send the same request again.",
    ),
    ProblemType(
        "issuer_away",
        "The identity provider does not answer",
        503,
        "The access token may be valid, but its issuer's keys are not known here, and the issuer cannot be reached. API keys "
        "work all the same.",
        "Wait for the time in `Retry-After`, then send the same request again.",
    ),
    ProblemType(
        "http_error",
        "The request was refused",
        400,
        "The request was refused with the status that the answer carries.",
        "Do what `detail` says.",
    ),
)

_BY_CODE = {kind.code: kind for kind in COMMON_PROBLEMS}
_CODE_OF_STATUS = {
    400: "malformed_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "stale_version",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "unacceptable",
    428: "precondition_required",
    429: "too_many_requests",
    500: "internal_error",
    503: "database_away",
}


class Problems:
    """The types that one service answers with, its own beside the common ones; writes the bodies."""

    def __init__(self, own: Iterable[ProblemType] = (), *, public_url: str | None = None) -> None:
        self._types: dict[str, ProblemType] = {kind.code: kind for kind in (*COMMON_PROBLEMS, *own)}
        self._public_url = public_url.rstrip("/") if public_url else None

    def __iter__(self) -> Iterator[ProblemType]:
        return iter(sorted(self._types.values(), key=lambda kind: (kind.status, kind.code)))

    def find(self, code: str) -> ProblemType | None:
        """Look a type up by its code, written with hyphens or underscores."""
        return self._types.get(code) or self._types.get(code.replace("-", "_"))

    def code_of(self, status: int) -> str:
        """Name the common code for a status that a framework raised by itself."""
        return _CODE_OF_STATUS.get(status, "http_error")

    def base(self, request_base: str) -> str:
        """Give the base of links: the public URL where one is set, else the request's own."""
        return self._public_url or request_base.rstrip("/")

    def respond(
        self,
        code: str,
        detail: str,
        *,
        request_base: str,
        instance: str,
        trace_id: str | None,
        status: int | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Response:
        """Answer with one problem; a code without a type is the service's own mistake and becomes a 500."""
        body = self.body(
            code,
            detail,
            request_base=request_base,
            instance=instance,
            trace_id=trace_id,
            status=status,
            errors=errors,
            extensions=extensions,
        )
        sent = dict(headers or {})
        if code in _RETRY_AFTER:
            sent.setdefault("Retry-After", _RETRY_AFTER[code])
        return Response(orjson.dumps(body, default=str), body["status"], sent, MEDIA_TYPE)

    def body(
        self,
        code: str,
        detail: str,
        *,
        request_base: str,
        instance: str,
        trace_id: str | None,
        status: int | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        extensions: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write the body of one problem, as `respond` sends it."""
        kind = self.find(code)
        if kind is None:
            kind, detail, errors, extensions = _BY_CODE["internal_error"], INTERNAL_DETAIL, (), None
        body: dict[str, Any] = {
            "type": kind.uri or f"{self.base(request_base)}/problems/{kind.slug}",
            "title": kind.title,
            "status": kind.status if status is None else status,
            "detail": detail,
            "instance": instance,
        }
        if errors:
            body["errors"] = [dict(error) for error in errors]
        if trace_id:
            body["trace_id"] = trace_id
        return body | dict(extensions or {})


INTERNAL_DETAIL = "The service failed in a way that nobody foresaw; the operator finds it by the trace_id."


def missing_problem_types(own: Iterable[ProblemType], package: str) -> set[str]:
    """Name the codes without a type among a package's refusals and the shared ones: a service's test asserts none.

    Only refusals of modules that were imported are known, so the test imports what raises them.
    """
    known = {kind.code for kind in (*COMMON_PROBLEMS, *own)}
    homes = (package, "common", "chassis")
    refusals: list[type[Refusal]] = [Refusal, *_subclasses(Refusal)]
    return {
        refusal.code
        for refusal in refusals
        if refusal.__module__ in homes or refusal.__module__.startswith(tuple(f"{home}." for home in homes))
    } - known


def _subclasses(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in refusal.__subclasses__():
        yield child
        yield from _subclasses(child)
