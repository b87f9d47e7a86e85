"""What routes say about themselves in the OpenAPI document where FastAPI cannot know it."""

from typing import Any, Final

from pydantic import BaseModel

from intake.api.schemas import inlined

IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "ETag of the version that was read.",
    "schema": {"type": "string", "maxLength": 300},
}


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Describe the body of a route that reads it by itself."""
    return {"required": True, "content": {"application/json": {"schema": inlined(model)}}}


def etag_of(thing: str) -> dict[str, Any]:
    """Describe the header with the version of what is answered."""
    return {"ETag": {"description": f"Version of the {thing}, for If-Match.", "schema": {"type": "string"}}}
