"""Access tokens of a real issuer that runs in this process, and what must not be taken for one."""

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from prometheus_client import CollectorRegistry

from chassis.auth import Keyring
from tests.chassis import world
from tests.chassis.oidc.desk import THING, Desk, a_desk
from tests.support.issuer import AUDIENCE, Issuer, ec_key, encoded, public_jwk, rsa_key


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
