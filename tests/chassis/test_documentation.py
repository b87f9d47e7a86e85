import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.chassis import world


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    body: dict[str, Any] = (await client.get("/openapi.json")).json()
    return body


async def test_every_type_that_is_answered_resolves_to_its_page(client: httpx.AsyncClient) -> None:
    types = [
        (await client.get(path)).json()["type"]
        for path in ("/nothing", "/v1/fail/closed", "/v1/fail/crash", "/v1/list?x=1", "/v1/fail/away")
    ]
    for address in types:
        page = await client.get(address)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert address.rsplit("/", 1)[1] in page.text


async def test_a_problem_page_escapes_what_it_shows(client: httpx.AsyncClient) -> None:
    page = await client.get("/problems/already_closed")
    assert "It is &lt;closed&gt;." in page.text


async def test_all_problem_types_are_listed_and_each_link_works(client: httpx.AsyncClient) -> None:
    listed = re.findall(r'href="(problems/[a-z-]+)"', (await client.get("/problems")).text)
    assert "problems/already-closed" in listed
    assert {(await client.get(f"/{link}")).status_code for link in listed} == {200}


async def test_an_unknown_problem_type_is_a_problem(client: httpx.AsyncClient) -> None:
    assert (await client.get("/problems/nothing")).json()["status"] == 404


async def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) == 4
    assert not any("//" in link for link in links)
    assert {(await client.get(f"/{link}")).status_code for link in links} == {200}
    assert "connect-src 'self';" in page.headers["content-security-policy"]


async def test_only_the_pages_own_files_are_served(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs/assets/__init__.py")).status_code == 404
    assert (await client.get("/docs/assets/..%2Fapp.py")).status_code == 404


async def test_the_docs_may_call_the_public_url(tmp_path: Path, registry: CollectorRegistry) -> None:
    app, _ = world.build(tmp_path, registry, public_url="https://intake.example.org/base")
    async with world.asking(app) as client:
        policy = (await client.get("/docs")).headers["content-security-policy"]
        servers = (await client.get("/openapi.json")).json()["servers"]
    assert "connect-src 'self' https://intake.example.org;" in policy
    assert servers[0]["url"] == "https://intake.example.org/base"


async def test_the_home_page_leads_to_the_docs(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).headers["location"] == "/docs"


async def test_every_operation_documents_its_problems_and_none_is_the_frameworks(
    document: dict[str, Any],
) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert document["openapi"] == "3.1.0"
    assert all(
        operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
        for operation in operations
    )
    assert "HTTPValidationError" not in str(document)
    assert all(
        list(response["content"]) == ["application/problem+json"]
        for response in document["components"]["responses"].values()
    )


async def test_what_fits_an_operation_is_documented_for_it(document: dict[str, Any]) -> None:
    def statuses(method: str, path: str) -> set[str]:
        return set(document["paths"][path][method]["responses"])

    assert {"401", "403", "404", "503"} <= statuses("get", "/v1/things/{thing_id}")
    assert {"413", "415", "422"} <= statuses("post", "/v1/things")
    assert not {"401", "404", "422"} & statuses("get", "/v1/list")


async def test_all_references_of_the_document_resolve(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        found: Any = document
        for part in reference.split("/"):
            found = found[part]
        assert found


async def test_security_names_the_scopes_and_operations_are_named_after_their_functions(
    document: dict[str, Any],
) -> None:
    operation = document["paths"]["/v1/things/{thing_id}"]["get"]
    assert operation["operationId"] == "read_thing"
    assert operation["security"] == [
        {scheme: ["things:read"]} for scheme in ("ApiKey", "ApiKeyHeader", "OidcToken")
    ]
    schemes = document["components"]["securitySchemes"]
    assert schemes["ApiKey"]["scheme"] == schemes["OidcToken"]["scheme"] == "bearer"
    assert schemes["OidcToken"]["bearerFormat"] == "JWT"


async def test_the_document_is_completed_once(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    assert (await client.get("/openapi.json")).json() == document
