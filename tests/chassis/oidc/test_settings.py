"""Whom the claims of a token speak for, and the settings that say so."""

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from chassis.oidc.claims import principal_of
from chassis.oidc.opening import open_bearer_tokens, read_role_mapping
from chassis.problems import ProblemError
from chassis.roles import ROLES
from chassis.settings import CannotStart, ServiceSettings, load_settings
from common.actor import Actor
from tests.chassis.oidc.desk import CONFIG, MAPPING, NAMES
from tests.support.issuer import AUDIENCE, Issuer


def test_a_persons_id_is_taken_from_the_claim_that_the_operator_names() -> None:
    claims = {"sub": "8f3c", "employee": "anna.berg", "azp": "desk"}
    assert principal_of(claims, NAMES, {}).actor == Actor("person", "anna.berg")
    assert principal_of({"sub": "8f3c"}, NAMES, {}).actor == Actor("user", "8f3c")


def test_roles_are_read_from_a_nested_claim_and_an_unmapped_one_gives_nothing() -> None:
    claims = {"sub": "8f3c", "realm_access": {"roles": ["complaint-desk", "admin", "offline_access"]}}
    assert principal_of(claims, NAMES, MAPPING).scopes == set(ROLES["staff"])


def test_a_claim_whose_name_has_dots_is_taken_as_it_is() -> None:
    names = replace(NAMES, role="https://redress.example/roles")
    claims = {"sub": "8f3c", "https://redress.example/roles": ["complaint-desk"]}
    assert principal_of(claims, names, MAPPING).scopes == set(ROLES["staff"])


def test_a_machine_is_bound_to_the_source_system_of_its_token() -> None:
    claims = {
        "sub": "1",
        "client_id": "crm-1",
        "source_system": "crm",
        "realm_access": {"roles": ["crm-systems"]},
    }
    principal = principal_of(claims, NAMES, MAPPING)
    assert (principal.actor, principal.source_system) == (Actor("system", "crm-1"), "crm")
    assert principal.scopes == set(ROLES["crm"])


def test_the_role_of_a_crm_is_worth_nothing_without_its_source_system() -> None:
    claims = {"sub": "1", "realm_access": {"roles": ["crm-systems"]}}
    with pytest.raises(ProblemError, match="source system"):
        principal_of(claims, NAMES, MAPPING)


def test_the_shipped_role_mapping_names_roles_that_there_are() -> None:
    mapping = read_role_mapping(CONFIG / "oidc.toml")
    assert {role for roles in mapping.values() for role in roles} == set(ROLES)


@pytest.mark.parametrize(
    ("text", "said"),
    [("[roles]\na = ['boss']", "no role 'boss'"), ("roles = 3", "roles"), ("[", "cannot be read")],
)
def test_a_role_mapping_that_is_wrong_stops_the_start(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "oidc.toml"
    file.write_text(text)
    with pytest.raises(CannotStart, match=said):
        read_role_mapping(file)


class Settings(ServiceSettings):
    service = "things"


def configure(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", "postgresql://nobody@127.0.0.1/nothing")
    for name, value in values.items():
        monkeypatch.setenv(f"REDRESS_OIDC_{name}", value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ISSUER": "https://login.example"}, "REDRESS_OIDC_AUDIENCES is missing"),
        ({"ISSUER": "http://login.example", "AUDIENCES": "redress"}, "https address"),
        ({"AUDIENCES": "redress"}, "REDRESS_OIDC_ISSUER is not"),
        ({"ROLE_CLAIM": "roles"}, "REDRESS_OIDC_ISSUER is not"),
        ({"ISSUER": "https://l.example", "AUDIENCES": "r", "ALGORITHMS": "HS256"}, "OIDC_ALGORITHMS"),
        ({"ISSUER": "https://l.example", "AUDIENCES": "r", "ALGORITHMS": "none"}, "OIDC_ALGORITHMS"),
    ],
)
def test_settings_that_would_let_anybody_in_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], said: str
) -> None:
    configure(monkeypatch, **values)
    with pytest.raises(CannotStart, match=said):
        load_settings(Settings)


def test_without_an_issuer_there_are_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch)
    assert open_bearer_tokens(load_settings(Settings)) is None


async def test_the_settings_make_a_verifier_and_fetches_of_keys_are_counted(
    monkeypatch: pytest.MonkeyPatch, issuer: Issuer, registry: CollectorRegistry
) -> None:
    configure(
        monkeypatch,
        ISSUER=issuer.url,
        AUDIENCES=f"other,{AUDIENCE}",
        ROLE_CLAIM="groups",
        ROLES_FILE=str(CONFIG / "oidc.toml"),
    )
    bearer = open_bearer_tokens(load_settings(Settings), registry=registry)
    assert bearer is not None
    principal = await bearer.principal(issuer.token(groups=["redress-quality"]))
    assert principal.scopes == {*ROLES["quality"], "things:read"}
    assert registry.get_sample_value("oidc_key_fetches_total", {"outcome": "fetched"}) == 1
