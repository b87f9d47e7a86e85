"""The keys of an issuer: when it is asked, and what happens when it is away or answers wrongly."""

import asyncio
import time
from typing import Any

import pytest

from chassis.oidc import provider
from chassis.oidc.provider import CannotFetch, Provider
from tests.chassis.oidc.desk import Desk
from tests.support.issuer import Issuer, ec_key, rsa_key


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
