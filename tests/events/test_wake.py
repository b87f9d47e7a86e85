"""When a loop that waits for a bell looks for work."""

import asyncio
import time

from events.wake import NET_SECONDS, Pace, Wake, rest


async def seconds_kept(pace: Pace) -> float:
    began = time.monotonic()
    await pace.keep(asyncio.Event())
    return time.monotonic() - began


async def test_a_ring_after_the_ticket_was_taken_is_not_slept_through() -> None:
    wake = Wake()
    ticket = wake.ticket()
    wake.ring()
    async with asyncio.timeout(10):
        await rest(asyncio.Event(), ticket, 3_600)


def test_where_the_bell_tells_of_everything_looking_is_a_safety_net() -> None:
    assert (Wake().poll(0.1), Wake(hears_all=True).poll(0.1)) == (0.1, NET_SECONDS)
    assert Wake(hears_all=True).poll(5.0) == 5.0


async def test_the_first_turn_after_a_silence_begins_at_once() -> None:
    pace = Pace(times=4, longest=3_600)
    assert await seconds_kept(pace) < 1
    pace.worked(time.monotonic() - 0.1)
    await asyncio.sleep(0.5)
    assert await seconds_kept(pace) < 0.1


async def test_the_next_turn_waits_as_long_as_the_last_one_took_some_times_over() -> None:
    pace = Pace(times=4, longest=3_600)
    pace.worked(time.monotonic() - 0.1)
    assert 0.25 < await seconds_kept(pace) < 2


async def test_no_turn_waits_longer_than_the_bound() -> None:
    pace = Pace(times=4, longest=0.2)
    pace.worked(time.monotonic())
    pace.works()
    pace.worked(time.monotonic() - 1_000)
    async with asyncio.timeout(10):
        assert await seconds_kept(pace) < 5


async def test_a_turn_that_goes_on_for_long_keeps_others_apart_but_does_not_hold_them_up() -> None:
    pace = Pace(times=4, longest=0.3)
    pace.worked(time.monotonic() - 0.1)
    await pace.keep(asyncio.Event())
    pace.works()
    assert 0.2 < await seconds_kept(pace) < 5


async def test_a_stop_ends_the_waiting() -> None:
    pace, stop = Pace(times=1_000, longest=3_600), asyncio.Event()
    pace.worked(time.monotonic() - 1)
    waiting = asyncio.create_task(pace.keep(stop))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(10):
        await waiting
