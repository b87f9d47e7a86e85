"""Every operation of the three APIs, called by those who may not: a new one fails here until the table says who may."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from chassis.roles import ROLES
from tests.identity.conftest import Apis, key_maker
from tests.identity.table import OPEN, OPERATIONS, Rule
from tests.intake.crm import publish
from tests.intake.world import PEPPER, World, a_complaint

EVERYTHING = {scope for scopes in ROLES.values() for scope in scopes} | {
    scope for rule in OPERATIONS.values() for scope in rule.scopes
}
ALL = [pytest.param(*place, rule, id=" ".join(place)) for place, rule in OPERATIONS.items()]

CLOSED = [
    pytest.param(*place, rule, id=" ".join(place))
    for place, rule in OPERATIONS.items()
    if rule.foreign == "closed"
]


def having(foreign: str) -> list[Any]:
    """The operations of one class."""
    return [
        pytest.param(operation, rule, id=operation)
        for (_, operation), rule in OPERATIONS.items()
        if rule.foreign == foreign
    ]


def described(app: FastAPI) -> dict[str, dict[str, Any]]:
    """The operations of an application by method and path."""
    paths: Mapping[str, Mapping[str, dict[str, Any]]] = app.openapi()["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


def test_every_operation_is_classified_and_none_besides(apis: Apis) -> None:
    found = {(service, operation) for service, app in apis.apps.items() for operation in described(app)}
    assert found == set(OPERATIONS)


def test_nothing_else_is_served_but_what_anybody_may_see(apis: Apis) -> None:
    for app in apis.apps.values():
        known = {operation.partition(" ")[2] for operation in described(app)}
        served = {context.path_format for context in iter_route_contexts(app.routes)}
        assert served - known == OPEN


@pytest.mark.parametrize(("service", "operation", "rule"), ALL)
def test_the_documents_say_which_scopes_an_operation_needs_and_that_tokens_serve_as_well_as_keys(
    apis: Apis, service: str, operation: str, rule: Rule
) -> None:
    needed = [] if rule.any_scope else list(rule.scopes)
    assert described(apis.apps[service])[operation]["security"] == [
        {scheme: needed} for scheme in ("ApiKey", "ApiKeyHeader", "OidcToken")
    ]


@pytest.mark.parametrize(("service", "operation", "rule"), ALL)
async def test_without_a_key_nothing_opens(apis: Apis, service: str, operation: str, rule: Rule) -> None:
    answer = await apis.ask(service, operation, None, rule.request)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="redress"')


@pytest.mark.parametrize(("service", "operation", "rule"), ALL)
async def test_all_other_scopes_together_do_not_open_it(
    apis: Apis, service: str, operation: str, rule: Rule
) -> None:
    for missing in [rule.scopes] if rule.any_scope else [(scope,) for scope in rule.scopes]:
        key = apis.key(*sorted(EVERYTHING - set(missing)))
        answer = await apis.ask(service, operation, key, rule.request)
        assert (answer.status_code, code(answer)) == (403, "forbidden")
        assert answer.json()["missing_scopes"] == [missing[0]]


@pytest.mark.parametrize(("service", "operation", "rule"), ALL)
async def test_its_own_scopes_alone_open_it(apis: Apis, service: str, operation: str, rule: Rule) -> None:
    for enough in [(scope,) for scope in rule.scopes] if rule.any_scope else [rule.scopes]:
        answer = await apis.ask(service, operation, apis.key(*enough), rule.request)
        # There is no database: whoever is let in comes as far as that.
        assert (answer.status_code, code(answer)) == (503, "database-away"), answer.text


@pytest.mark.parametrize(("service", "operation", "rule"), ALL)
def test_some_role_opens_it(service: str, operation: str, rule: Rule) -> None:
    assert any(set(rule.scopes) <= set(scopes) or rule.any_scope for scopes in ROLES.values()), service
    assert operation


@pytest.mark.parametrize(("service", "operation", "rule"), CLOSED)
async def test_where_nothing_belongs_to_a_source_its_key_does_not_get_in(
    apis: Apis, service: str, operation: str, rule: Rule
) -> None:
    key = apis.key(*sorted(EVERYTHING), source_system="crm")
    answer = await apis.ask(service, operation, key, rule.request)
    assert (answer.status_code, code(answer)) == (403, "source-system-bound")


class Two:
    """Two source systems with every scope, and what the first has."""

    def __init__(self, world: World, keys: Mapping[str, str]) -> None:
        self._world = world
        self._keys = keys
        self.belongings: dict[str, str] = {}

    async def ask(self, who: str, operation: str, request: Mapping[str, Any]) -> httpx.Response:
        method, _, path = operation.partition(" ")
        for name, value in self.belongings.items():
            path = path.replace(f"{{{name}}}", value)
        assert "{" not in path, f"make what {path} names, in `two`"
        transport = httpx.ASGITransport(app=self._world.app)
        headers = {"Authorization": f"Bearer {self._keys[who]}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://intake.test", headers=headers
        ) as client:
            return await client.request(method, path, **request)


@pytest.fixture
async def two(world: World) -> Two:
    make = key_maker(world.intake.settings.keys_file, PEPPER)
    keys = {who: make(*sorted(EVERYTHING), source_system=who) for who in ("crm", "shop")}
    two = Two(world, keys)
    received = await two.ask("crm", "POST /v1/complaints", {"json": a_complaint(external_id="1")})
    imported = await two.ask("crm", "POST /v1/imports", OPERATIONS["intake", "POST /v1/imports"].request)
    assert (received.status_code, imported.status_code) == (201, 202)
    number = two.belongings["reference"] = received.json()["number"]
    attaching = "POST /v1/complaints/{reference}/attachments"
    attached = await two.ask("crm", attaching, OPERATIONS["intake", attaching].request)
    assert attached.status_code == 201, attached.text
    hook = await two.ask(
        "crm", "POST /v1/webhooks", {"json": {"url": "http://127.0.0.1:9/", "description": number}}
    )
    await publish(world)
    deliveries = await two.ask("crm", f"GET /v1/webhooks/{hook.json()['id']}/deliveries", {})
    two.belongings |= {
        "webhook_id": hook.json()["id"],
        "delivery_id": deliveries.json()["items"][0]["id"],
        "source_system": "crm",
        "external_id": "1",
        "attachment_id": attached.json()["id"],
        "import_id": imported.json()["id"],
        "complaint_id": received.json()["id"],
    }
    return two


@pytest.mark.parametrize(("operation", "rule"), having("hidden"))
async def test_what_is_another_sources_is_as_if_it_were_not_there(
    two: Two, operation: str, rule: Rule
) -> None:
    foreign = await two.ask("shop", operation, rule.request)
    own = await two.ask("crm", operation, rule.request)
    # A step that its state does not allow shows its own source all the same that it is there.
    is_shown = own.is_success or code(own) == "step-refused"
    assert (is_shown, foreign.status_code) == (True, 404), (own.text, foreign.text)
    # By its id as by its number, and in the very words that are used of what there is not.
    two.belongings["reference"] = two.belongings["complaint_id"]
    assert (await two.ask("shop", operation, rule.request)).status_code == 404
    absent_id = "0199f0c2-d5a1-7c3e-8f4b-2a6d9c1e7f30"
    two.belongings = dict.fromkeys(two.belongings, absent_id) | {"source_system": "shop"}
    absent = await two.ask("shop", operation, rule.request)
    assert (absent.status_code, code(absent), absent.json()["detail"]) == (
        404,
        code(foreign),
        foreign.json()["detail"],
    )


@pytest.mark.parametrize(("operation", "rule"), having("filtered"))
async def test_what_is_another_sources_is_in_no_list(two: Two, operation: str, rule: Rule) -> None:
    number = two.belongings["reference"]
    assert number in (await two.ask("crm", operation, rule.request)).text
    foreign = await two.ask("shop", operation, rule.request)
    assert (foreign.status_code, number in foreign.text) == (200, False)


@pytest.mark.parametrize(("operation", "rule"), having("uncounted"))
async def test_what_is_another_sources_is_in_no_number(two: Two, operation: str, rule: Rule) -> None:
    own, foreign = [await two.ask(key, operation, rule.request) for key in ("crm", "shop")]
    assert (own.json()["complaints"] > 0, foreign.json()["complaints"]) == (True, 0)


@pytest.mark.parametrize(("operation", "rule"), having("names_its_own"))
async def test_nobody_speaks_for_another_source(two: Two, operation: str, rule: Rule) -> None:
    own = await two.ask("crm", operation, rule.request)
    foreign = await two.ask("shop", operation, rule.request)
    assert (own.is_success, foreign.status_code) == (True, 403), (own.text, foreign.text)
    assert code(foreign) == "foreign-source-system"
