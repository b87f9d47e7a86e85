"""What Schemathesis checks besides its own checks; it loads this module."""

import json
import re
from datetime import datetime
from typing import Any, Final

import schemathesis
from hypothesis import strategies as st

FORM: Final = {
    "malformed-request",
    "unknown-parameter",
    "invalid-parameter",
    "invalid-body",
    "unsupported-media-type",
    "not-acceptable",
}
"""Problems of the form of a request, which a schema can say and so has to."""


# Any year from 1 would do for the format, and nearly none of them for the services.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)).map(lambda at: f"{at.isoformat()}Z"),  # noqa: DTZ001 - bounds of the strategy
)


@schemathesis.serializer("application/x-ndjson")
def lines(_: Any, value: Any) -> bytes:
    """Write what was generated as it is sent: an example is the text itself."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _depends_on_the_body(problem: dict[str, Any]) -> bool:
    """Whether only a parameter is missing that the schema calls optional: OpenAPI has no way to tie one to a type of body."""
    errors = problem.get("errors", [])
    return bool(errors) and all("parameter" in error and error["code"] == "missing" for error in errors)


def _headers_fit(response: Any, case: Any) -> bool:
    """Whether each header that was sent has the form that the document says: for one that may be left out, Schemathesis sends 0 too."""
    sent = response.request.headers
    return all(
        re.search(parameter["schema"]["pattern"], sent[parameter["name"]]) is not None
        for parameter in case.operation.definition.raw.get("parameters", ())
        if parameter["in"] == "header" and parameter["name"] in sent and "pattern" in parameter["schema"]
    )


@schemathesis.check
def only_rules_refuse_what_the_schema_allows(_: Any, response: Any, case: Any) -> None:
    """Require that a request which the schema allows is refused, if it is, by a rule and not for its form."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # A method that the document does not have, or a parameter twice, is nothing that the schema allows.
    if str(case.method).lower() not in case.operation.schema[case.operation.path]:
        return
    if "problem" not in str(response.headers.get("content-type")) or not _headers_fit(response, case):
        return
    problem = response.json()
    slug = problem["type"].rpartition("/")[2]
    if slug in FORM and not _depends_on_the_body(problem):
        raise AssertionError(f"The schema allows this request, and it is refused as {slug}: {response.text}")
