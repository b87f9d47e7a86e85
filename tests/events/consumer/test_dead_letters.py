"""What can never work, or has used up its tries, is a dead letter until somebody decides about it."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from events.catalogue import dead_letter_topic
from events.codec import encode
from events.postgres import dead_letters, parking
from events.postgres.headers import unpack
from events.transport import Received, Record
from tests.events.consumer.service import TOPIC, Service, bug, hopeless, received, story
from tests.support.events import NOON, a_complaint_received


async def test_used_up_tries_make_a_dead_letter_with_the_original_bytes_through_the_outbox(
    service: Service,
) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = bug
    consumer = service.consumer()
    await consumer.handle([received(event, position=17)])
    for _ in range(5):
        service.now += timedelta(hours=2)
        await consumer.drain_one()
    letter = await dead_letter(service.engine)
    original = encode(event, TOPIC)
    headers = dict(letter.headers)
    assert await service.set_aside() == [("sick", "dead", "attempts_used_up")]
    assert (letter.topic, letter.value) == (dead_letter_topic(TOPIC, "capa"), original.value)
    assert letter.headers[: len(original.headers)] == original.headers
    assert (headers["redress-original-position"], headers["redress-group"]) == (b"17", b"capa")


async def dead_letter(engine: AsyncEngine) -> Record:
    async with engine.connect() as connection:
        row = (await connection.execute(sa.text("SELECT topic, key, headers, value FROM outbox"))).one()
    return Record(row.topic, row.key.encode(), unpack(row.headers), row.value)


async def test_what_can_never_work_is_dead_at_once(service: Service) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    await service.consumer().handle([received(event)])
    assert (len(service.tries), await service.set_aside()) == (1, [("sick", "dead", "no_such_product")])


async def test_a_dead_event_keeps_its_key_waiting_until_it_is_retried(service: Service) -> None:
    sick = story("sick", 2)
    service.fails[sick[0].subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    service.now += timedelta(days=3)
    assert not await consumer.drain_one()
    service.fails.clear()
    assert await command(service, "retry", 1) == 0
    while await consumer.drain_one():
        pass
    assert await service.effects() == [("sick", 1), ("sick", 2)]


async def test_a_discarded_event_frees_its_key_and_keeps_its_bytes_and_the_reason(service: Service) -> None:
    sick = story("sick", 2)
    service.fails[sick[0].subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event) for event in sick])
    assert await command(service, "discard", 1) == 0
    service.now += timedelta(minutes=1)
    while await consumer.drain_one():
        pass
    async with service.engine.connect() as connection:
        kept = await parking.shown(connection, "capa", 1)
    assert await service.effects() == [("sick", 2)]
    assert kept is not None
    assert (kept.state, kept.received.record.value) == ("discarded", encode(sick[0], TOPIC).value)
    assert [(entry["by"], entry["reason"]) for entry in kept.log] == [("person:anna", "tested by hand")]


async def command(service: Service, verb: str, parked_id: int) -> int:
    words = [verb, str(parked_id), "--by", "person:anna", "--reason", "tested by hand"]
    return await dead_letters.command(service.engine, "capa", words, service.clock)


async def test_a_discarded_event_that_is_delivered_again_stays_discarded(service: Service) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    consumer = service.consumer()
    await consumer.handle([received(event)])
    await command(service, "discard", 1)
    service.fails.clear()
    await consumer.handle([received(event)])
    assert await service.effects() == []


async def test_the_command_lists_and_shows_what_is_dead(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    event = a_complaint_received("sick")
    service.fails[event.subject] = hopeless
    await service.consumer().handle([received(event)])
    await dead_letters.command(service.engine, "capa", ["list"], service.clock)
    listed = json.loads(capsys.readouterr().out.splitlines()[0])
    await dead_letters.command(service.engine, "capa", ["show", str(listed["id"])], service.clock)
    shown = json.loads(capsys.readouterr().out)
    assert (listed["reason"], listed["type"]) == ("no_such_product", "redress.complaint.received.v1")
    assert json.loads(shown["value"])["product"] == "loans"


async def test_the_command_says_so_when_there_is_no_such_event(service: Service) -> None:
    assert [await command(service, verb, 99) for verb in ("retry", "discard")] == [4, 4]
    assert await dead_letters.command(service.engine, "capa", ["show", "99"], service.clock) == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce_type": b"redress.complaint.received.v9"}, "unknown_version"),
        ({"ce_specversion": b"0.3"}, "undecodable"),
        ({"ce_id": b"\xff\x00"}, "undecodable"),
    ],
)
async def test_a_record_that_was_meant_for_us_and_cannot_be_read_is_dead(
    service: Service, changes: dict[str, bytes], reason: str
) -> None:
    good = encode(a_complaint_received("a"), TOPIC)
    headers = tuple((name, changes.get(name, value)) for name, value in good.headers)
    poison = Received(Record(TOPIC, b"a", headers, good.value), 3, 5, NOON)
    assert await service.consumer().handle([poison, poison]) == 2
    assert await service.set_aside() == [("a", "dead", reason)]


@pytest.mark.parametrize("value", [b"", b"\x00", b"{", b"[]", b"\xff\xfe"])
async def test_poison_bytes_without_any_header_are_dead_and_do_not_stop_other_keys(
    service: Service, value: bytes
) -> None:
    poison = Received(Record(TOPIC, b"\xff\x00", (), value), 3, 5, NOON)
    after = received(a_complaint_received("b"), position=6)
    assert await service.consumer().handle([poison, after]) == 2
    assert await service.effects() == [("b", 1)]
    assert [state for _, state, _ in await service.set_aside()] == ["dead"]
