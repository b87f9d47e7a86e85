"""Access tokens of a real issuer that runs in this process, and what must not be taken for one."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from chassis.auth import Keyring
from chassis.oidc import provider
from chassis.oidc.claims import ClaimNames, principal_of
from chassis.oidc.opening import open_bearer_tokens, read_role_mapping
from chassis.oidc.provider import CannotFetch, Provider
from chassis.oidc.signing_keys import Freshness, SigningKeys
from chassis.oidc.tokens import BearerTokens, Expected
from chassis.problems import ProblemError
from chassis.roles import ROLES
from chassis.settings import CannotStart, ServiceSettings, load_settings
from common.actor import Actor
from tests.chassis import world
from tests.support.issuer import AUDIENCE, Issuer, ec_key, encoded, issuing, public_jwk, rsa_key

CONFIG = Path(__file__).parents[2] / "config"
THING = f"/v1/things/{world.THING}"
NAMES = ClaimNames(scope="scope", role="realm_access.roles", person="employee", source_system="source_system")
MAPPING = {"complaint-desk": ["staff"], "crm-systems": ["crm"]}
EXPECTED = Expected(
    issuer="", audiences=(AUDIENCE,), algorithms=("RS256", "ES256", "EdDSA"), leeway=30, required_claims=()
)


@dataclass
class Desk:
    """An API that takes tokens of the issuer, with a clock for its keys that tests move."""

    issuer: Issuer
    registry: CollectorRegistry
    app: FastAPI
    client: httpx.AsyncClient
    now: list[float] = field(default_factory=lambda: [1000.0])

    async def ask(self, token: str, path: str = THING) -> httpx.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    async def refused(self, token: str, reason: str, status: int = 401) -> str:
        """The detail of a refusal, which must be counted under the reason."""
        before = self.counted(reason)
        answer = await self.ask(token)
        assert (answer.status_code, self.counted(reason) - before) == (status, 1), answer.text
        if status == 401:
            assert answer.headers["www-authenticate"] == 'Bearer realm="redress", error="invalid_token"'
        return str(answer.json()["detail"])

    def counted(self, reason: str) -> float:
        return self.registry.get_sample_value("auth_refusals_total", {"reason": reason}) or 0.0


@asynccontextmanager
async def a_desk(
    issuer: Issuer, folder: Path, registry: CollectorRegistry, **expected: Any
) -> AsyncIterator[Desk]:
    now = [1000.0]
    keys = SigningKeys(
        Provider(issuer.url, timeout_seconds=5).keys,
        Freshness(ttl=600, stale=3600, cooldown=30),
        told=lambda _: None,
        seconds=lambda: now[0],
    )
    wanted = replace(EXPECTED, issuer=issuer.url, **expected)
    bearer = BearerTokens(keys, wanted, NAMES, MAPPING)
    app, _ = world.build(folder, registry, bearer=bearer)
    async with world.asking(app) as client:
        yield Desk(issuer, registry, app, client, now)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
async def desk(issuer: Issuer, tmp_path: Path, registry: CollectorRegistry) -> AsyncIterator[Desk]:
    async with a_desk(issuer, tmp_path, registry) as desk:
        yield desk


async def test_a_token_of_the_issuer_opens_what_its_scopes_say(desk: Desk) -> None:
    answer = await desk.ask(desk.issuer.token())
    assert (answer.status_code, answer.json()["name"]) == (200, f"{world.THING} for user:8f3c-ada")


async def test_api_keys_go_on_working_beside_tokens(
    issuer: Issuer, tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with a_desk(issuer, tmp_path, registry) as desk:
        _, key = world.build(tmp_path, CollectorRegistry())
        issuer.mood = "down"
        assert (await desk.ask(key("things:read"))).status_code == 200
        header = {"X-API-Key": key("things:read")}
        assert (await desk.client.get(THING, headers=header)).status_code == 200
    assert issuer.asked == []


async def test_a_token_in_the_header_of_api_keys_is_no_key(desk: Desk) -> None:
    answer = await desk.client.get(THING, headers={"X-API-Key": desk.issuer.token()})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("key", "key_id", "algorithm"),
    [(ec_key(), "ec-1", "ES256"), (ed25519.Ed25519PrivateKey.generate(), "ed-1", "EdDSA")],
)
async def test_elliptic_keys_are_taken_as_rsa_is(desk: Desk, key: Any, key_id: str, algorithm: str) -> None:
    desk.issuer.add_key(key, key_id, algorithm)
    assert (await desk.ask(desk.issuer.token(key_id))).status_code == 200


async def test_a_token_without_the_scope_is_told_which_one_is_missing(desk: Desk) -> None:
    answer = await desk.ask(desk.issuer.token(scope="openid"))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="redress", error="insufficient_scope", scope="things:read"'
    )
    assert answer.json()["missing_scopes"] == ["things:read"]
    assert desk.counted("scope") == 1


@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"exp": int(time.time()) - 31}, "expired", "expired"),
        ({"nbf": int(time.time()) + 3600}, "not_yet_valid", "not valid yet"),
        ({"iat": int(time.time()) + 3600}, "not_yet_valid", "not valid yet"),
        ({"iss": "https://elsewhere.example"}, "issuer", "another issuer"),
        ({"aud": "another-api"}, "audience", "another audience"),
        ({"aud": ["another-api", "third"]}, "audience", "another audience"),
        ({"aud": None}, "claims", "no aud"),
        ({"exp": None}, "claims", "no exp"),
        ({"sub": None}, "claims", "no sub"),
        ({"iss": None}, "claims", "no iss"),
        ({"sub": "with blanks"}, "claims", "sub"),
        ({"scope": {"things:read": True}}, "claims", "scope"),
        ({"source_system": ["crm"]}, "claims", "source_system"),
        ({"source_system": ""}, "claims", "source_system"),
    ],
)
async def test_a_token_whose_claims_do_not_fit_is_refused(
    desk: Desk, changes: dict[str, Any], reason: str, said: str
) -> None:
    assert said in await desk.refused(desk.issuer.token(**changes), reason)


async def test_clocks_may_differ_by_the_leeway_and_no_more(desk: Desk) -> None:
    now = int(time.time())
    assert (await desk.ask(desk.issuer.token(exp=now - 20))).status_code == 200
    assert (await desk.ask(desk.issuer.token(nbf=now + 20))).status_code == 200
    await desk.refused(desk.issuer.token(exp=now - 40), "expired")
    await desk.refused(desk.issuer.token(nbf=now + 60), "not_yet_valid")


async def test_one_of_several_audiences_is_enough(desk: Desk) -> None:
    assert (await desk.ask(desk.issuer.token(aud=["another-api", AUDIENCE]))).status_code == 200


async def test_a_claim_that_the_operator_requires_must_be_there(
    issuer: Issuer, tmp_path: Path, registry: CollectorRegistry
) -> None:
    async with a_desk(issuer, tmp_path, registry, required_claims=("tenant",)) as desk:
        assert "tenant" in await desk.refused(issuer.token(), "claims")
        assert (await desk.ask(issuer.token(tenant="acme"))).status_code == 200


async def test_an_unsigned_token_is_refused(desk: Desk) -> None:
    for name in ("none", "None", "NONE", ""):
        header = encoded({"alg": name, "typ": "JWT", "kid": "rsa-1"})
        await desk.refused(f"{header}.{encoded(desk.issuer.claims())}.", "algorithm")


async def test_a_public_key_is_never_taken_for_a_shared_secret(desk: Desk) -> None:
    public = rsa_key().public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        signed = f"{encoded({'alg': name, 'kid': 'rsa-1'})}.{encoded(desk.issuer.claims())}"
        signature = hmac.new(pem, signed.encode(), digest).digest()
        await desk.refused(f"{signed}.{encoded(signature)}", "algorithm")


async def test_a_shared_secret_in_the_key_set_is_no_key(
    issuer: Issuer, tmp_path: Path, registry: CollectorRegistry
) -> None:
    issuer.published.append({"kty": "oct", "kid": "oct-1", "k": encoded(b"s" * 32)})
    async with a_desk(issuer, tmp_path, registry) as desk:
        token = issuer.token(headers={"kid": "oct-1"})
        await desk.refused(token, "unknown")


async def test_a_token_is_verified_by_the_key_it_names_alone(desk: Desk) -> None:
    desk.issuer.add_key(ec_key(), "ec-1", "ES256")
    await desk.refused(desk.issuer.token(headers={"kid": "ec-1"}), "algorithm")
    desk.issuer.keys["rsa-2"] = rsa_key(other=True), "RS256"
    await desk.refused(desk.issuer.token("rsa-2", headers={"kid": "rsa-1"}), "signature")


async def test_a_key_for_another_algorithm_purpose_curve_or_length_is_not_used(
    issuer: Issuer, tmp_path: Path, registry: CollectorRegistry
) -> None:
    issuer.add_key(rsa_key(other=True), "pss", "RS256", alg="PS256")
    issuer.add_key(rsa_key(other=True), "enc", "RS256", use="enc")
    issuer.published.append(public_jwk(ec_key(ec.SECP384R1()), "p-384"))
    issuer.keys["p-384"] = ec_key(), "ES256"
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it must be refused
    issuer.published.append(public_jwk(short, "short"))
    async with a_desk(issuer, tmp_path, registry) as desk:
        await desk.refused(issuer.token("pss"), "algorithm")
        await desk.refused(issuer.token("enc"), "unknown")
        await desk.refused(issuer.token("p-384"), "algorithm")
        await desk.refused(issuer.token(headers={"kid": "short"}), "algorithm")


async def test_keys_that_a_token_brings_along_are_not_looked_at(desk: Desk) -> None:
    stranger = rsa_key(other=True)
    desk.issuer.keys["stranger"] = stranger, "RS256"
    more = {"jwk": public_jwk(stranger, "stranger"), "jku": f"{desk.issuer.url}/elsewhere"}
    await desk.refused(desk.issuer.token("stranger", headers=more), "unknown")
    assert "/elsewhere" not in desk.issuer.asked


async def test_a_changed_token_is_refused(desk: Desk) -> None:
    header, _, signature = desk.issuer.token().split(".")
    forged = encoded(desk.issuer.claims(scope="things:read things:write"))
    await desk.refused(f"{header}.{forged}.{signature}", "signature")


@pytest.mark.parametrize(
    "junk",
    [
        "junk",
        "a.b.c",
        "..",
        "é.é.é",
        f"{encoded(b'[' * 6000)}.e30.e30",
        f"{encoded(b'[]')}.e30.e30",
        f"{encoded({'alg': 'RS256', 'kid': 7})}.e30.e30",
        f"{encoded({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['exp']})}.e30.e30",
        f"{encoded({'alg': 'RS256', 'kid': 'x' * 20_000})}.e30.e30",
    ],
)
async def test_what_is_no_token_is_refused_before_the_issuer_is_asked(desk: Desk, junk: str) -> None:
    answer = await desk.client.get(THING, headers={b"Authorization": f"Bearer {junk}".encode()})
    assert answer.status_code == 401, answer.text
    assert desk.counted("malformed") == 1
    assert desk.issuer.asked == []


async def test_made_up_key_ids_cannot_be_turned_into_a_flood_at_the_issuer(desk: Desk) -> None:
    assert (await desk.ask(desk.issuer.token())).status_code == 200
    tokens = [desk.issuer.token(headers={"kid": f"made-up-{number}"}) for number in range(200)]
    answers = await asyncio.gather(*(desk.ask(token) for token in tokens))
    assert {answer.status_code for answer in answers} == {401}
    assert desk.issuer.key_questions == 1
    desk.now[0] += 30
    await asyncio.gather(*(desk.ask(token) for token in tokens))
    assert desk.issuer.key_questions == 2


async def test_all_who_come_first_wait_for_one_answer(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.ask(desk.issuer.token()) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(desk.issuer.asked) == 2


async def test_a_new_key_is_known_once_the_cooldown_has_passed(desk: Desk) -> None:
    assert (await desk.ask(desk.issuer.token())).status_code == 200
    desk.issuer.add_key(rsa_key(other=True), "rsa-2", "RS256")
    await desk.refused(desk.issuer.token("rsa-2"), "unknown")
    desk.now[0] += 30
    assert (await desk.ask(desk.issuer.token("rsa-2"))).status_code == 200
    assert (await desk.ask(desk.issuer.token("rsa-1"))).status_code == 200


async def test_a_key_that_the_issuer_took_back_opens_nothing_after_its_time(desk: Desk) -> None:
    assert (await desk.ask(desk.issuer.token())).status_code == 200
    desk.issuer.add_key(ec_key(), "ec-1", "ES256")
    desk.issuer.drop_key("rsa-1")
    desk.now[0] += 600
    await desk.refused(desk.issuer.token(), "unknown")
    assert (await desk.ask(desk.issuer.token("ec-1"))).status_code == 200


async def test_while_the_issuer_is_away_known_keys_serve_and_unknown_ones_are_503(desk: Desk) -> None:
    assert (await desk.ask(desk.issuer.token())).status_code == 200
    desk.issuer.mood = "down"
    desk.now[0] += 700
    assert (await desk.ask(desk.issuer.token())).status_code == 200
    desk.issuer.keys["rsa-2"] = rsa_key(other=True), "RS256"
    assert "does not answer" in await desk.refused(desk.issuer.token("rsa-2"), "issuer_away", 503)
    desk.now[0] += 3600
    await desk.refused(desk.issuer.token(), "issuer_away", 503)
    desk.issuer.mood = "well"
    desk.now[0] += 30
    assert (await desk.ask(desk.issuer.token())).status_code == 200


async def test_while_the_issuer_is_away_it_is_asked_once_in_a_cooldown(desk: Desk) -> None:
    desk.issuer.mood = "down"
    for _ in range(20):
        answer = await desk.ask(desk.issuer.token())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len(desk.issuer.asked) == 1


@pytest.mark.parametrize(
    ("mood", "said"),
    [("moved", "answered 307"), ("endless", "more than"), ("nonsense", "no JSON"), ("down", "answered 500")],
)
async def test_an_issuer_that_answers_wrongly_is_not_believed(issuer: Issuer, mood: str, said: str) -> None:
    issuer.mood = mood
    with pytest.raises(CannotFetch, match=said):
        await Provider(issuer.url, timeout_seconds=5).keys()
    assert "/elsewhere" not in issuer.asked


async def test_an_issuer_that_says_nothing_is_given_up_within_the_bound(issuer: Issuer) -> None:
    issuer.mood = "silent"
    started = time.monotonic()
    with pytest.raises(CannotFetch, match=r"no answer within 0\.2 s|Timeout"):
        await Provider(issuer.url, timeout_seconds=0.2).keys()
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("discovery", "said"),
    [
        ({"issuer": "https://elsewhere.example"}, "another issuer"),
        ({"jwks_uri": "http://keys.example/keys"}, "no https"),
        ({"jwks_uri": "file:///etc/passwd"}, "no https"),
        ({"jwks_uri": 7}, "no https"),
    ],
)
async def test_a_discovery_document_cannot_lead_elsewhere(
    issuer: Issuer, discovery: dict[str, Any], said: str
) -> None:
    issuer.discovery = discovery
    with pytest.raises(CannotFetch, match=said):
        await Provider(issuer.url, timeout_seconds=5).keys()
    assert issuer.key_questions == 0


async def test_a_key_set_without_end_is_not_kept(issuer: Issuer) -> None:
    issuer.published = issuer.published * (provider.MAX_KEYS + 1)
    with pytest.raises(CannotFetch, match="at most 100"):
        await Provider(issuer.url, timeout_seconds=5).keys()


async def test_a_refusal_is_logged_once_without_what_was_presented(desk: Desk) -> None:
    token = desk.issuer.token(exp=int(time.time()) - 3600)
    with world.captured_logs() as events:
        await desk.ask(token)
        await desk.ask(desk.issuer.token(scope="openid"))
        await desk.client.get(THING)
    refusals = [event for event in events if event["event"] == "caller_refused"]
    assert [(event["reason"], event["status"], event["key_id"]) for event in refusals] == [
        ("expired", 401, None),
        ("scope", 403, "oidc:desk"),
        ("missing", 401, None),
    ]
    assert {event["route"] for event in refusals} == {"/v1/things/{thing_id}"}
    assert token.split(".")[1] not in str(events)


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


async def test_a_source_systems_key_is_refused_where_nothing_belongs_to_one(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    app, key = world.build(tmp_path, registry)
    headers = {"Authorization": f"Bearer {key('things:read', source_system='crm')}"}
    async with world.asking(app) as client:
        answer = await client.get(THING, headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "source-system-bound")
    open_app, _ = world.build(tmp_path, CollectorRegistry(), by_source=True)
    open_app.state.keyring = Keyring(tmp_path / "keys.json", world.PEPPER)
    async with world.asking(open_app) as client:
        assert (await client.get(THING, headers=headers)).status_code == 200
