"""The secrets of people's webhooks, sealed in the database."""

from argparse import Namespace
from typing import Final

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

from chassis.webhooks.sealing import Sealer, sealer_of
from chassis.webhooks.sealing_anew import command
from chassis.webhooks.signing import PREFIX, new_secret
from notifier.__main__ import _seal_secrets
from notifier.db.person_rows import SECRETS
from notifier.domain.person import Details
from notifier.settings import Settings
from tests.notifier.receiver import Receiver
from tests.notifier.test_delivering import a_webhook_owner, an_overdue_notice
from tests.notifier.world import PEPPER, World

NEW_KEY: Final = "a new key of tests, long enough to be one"
NONE: Final = SecretStr("")


async def kept(world: World) -> list[str]:
    """What the database holds of the secrets of `hook`."""
    (row,) = await world.rows("SELECT webhook_secret, webhook_previous_secret FROM person WHERE id = 'hook'")
    return [text for text in row if text is not None]


async def keep(world: World, text: str) -> None:
    async with world.engine.begin() as connection:
        statement = sa.text("UPDATE person SET webhook_secret = :text WHERE id = 'hook'")
        await connection.execute(statement, {"text": text})


def sealer(*, key: str = "", former: str = "", pepper: str = PEPPER) -> Sealer:
    """What a service that is set up so seals with."""
    return sealer_of(
        key=SecretStr(key),
        former=SecretStr(former),
        pepper=SecretStr(pepper),
        purpose="person-webhook-secrets",
    )


async def test_a_secret_lies_sealed_under_the_pepper_where_no_other_key_is_set(
    world: World, receiver: Receiver
) -> None:
    shown = await a_webhook_owner(world, receiver)
    (text,) = await kept(world)
    assert shown.removeprefix(PREFIX) not in text
    assert sealer().open(text, place="person/hook") == shown
    await world.client().post("/v1/people/hook/rotate-webhook-secret", headers={"If-Match": "*"})
    assert sealer().open((await kept(world))[1], place="person/hook") == shown


async def test_a_secret_from_before_signs_on_and_the_next_write_seals_it(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    secret = new_secret()
    await keep(world, secret)
    await an_overdue_notice(world, "hook")
    await world.sends()
    assert receiver.posts[0].verified(secret)
    await world.people(Details(id="hook", name="Hook of Q", webhook_url=receiver.url, manager="mo"))
    (text,) = await kept(world)
    assert sealer().open(text, place="person/hook") == secret


async def test_the_command_seals_under_the_new_key_so_that_the_former_can_go_and_undoes_it_on_request(
    world: World, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = await a_webhook_owner(world, receiver)
    await world.people(Details(id="plain", name="Plain", webhook_url=receiver.url))
    async with world.engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE person SET webhook_secret = 'whsec_cGxhaW4=' WHERE id = 'plain'")
        )
    both = sealer(key=NEW_KEY, former=PEPPER, pepper="")
    for said in ("2 secrets sealed, 0 were so already", "0 secrets sealed, 2 were so already"):
        assert await command(world.engine, both, SECRETS) == 0
        assert said in capsys.readouterr().out
    (text,) = await kept(world)
    assert sealer(key=NEW_KEY, pepper="").open(text, place="person/hook") == shown
    assert await command(world.engine, both, SECRETS, unseal=True) == 0
    assert await kept(world) == [shown]


async def test_the_command_names_the_person_whose_secret_no_key_opens(
    world: World, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    await a_webhook_owner(world, receiver)
    before = await kept(world)
    without = {"webhook_key": SecretStr(NEW_KEY), "pepper": NONE}
    assert await _seal_secrets(world.settings.model_copy(update=without), Namespace(undo=False)) == 1
    assert "person/hook" in capsys.readouterr().err
    assert await kept(world) == before


async def test_what_no_key_opens_is_tried_again_and_goes_out_once_the_secret_is_rotated(
    world: World, receiver: Receiver
) -> None:
    await a_webhook_owner(world, receiver)
    await keep(world, sealer(key=NEW_KEY).seal(new_secret(), place="person/hook"))
    await an_overdue_notice(world, "hook")
    await world.sends()
    (waiting,) = await world.rows("SELECT state, reason FROM delivery")
    assert (waiting.state, waiting.reason) == ("failed", "secret_unreadable")
    rotated = await world.client().post("/v1/people/hook/rotate-webhook-secret", headers={"If-Match": "*"})
    assert rotated.json()["webhook"]["former_secret_until"] is None
    world.clock.move(minutes=1)
    await world.sends()
    assert receiver.posts[0].verified(rotated.json()["webhook_secret"])


def test_a_key_that_is_too_short_is_refused_at_start_by_its_name() -> None:
    with pytest.raises(ValidationError, match="webhook_key"):
        Settings(database_url=SecretStr("postgresql://x"), webhook_key=SecretStr("short"))
