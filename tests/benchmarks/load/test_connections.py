import asyncio

from benchmarks.load.connections import LOST, SHED, TIMEOUT, UNSENT, Connections
from benchmarks.load.loopback import Address
from benchmarks.load.story import get
from benchmarks.machine import free_port
from tests.benchmarks.load.slow_server import slow_server

GET = get("/v1/complaints")


async def test_never_more_connections_are_open_than_allowed_and_each_is_used_again() -> None:
    async with slow_server(after=0.01) as server, Connections([server.address], 3) as connections:
        answers = await asyncio.gather(*(connections.call(GET) for _ in range(12)))
        assert [answer.status for answer in answers] == [201] * 12
        assert server.most_connections == 3


async def test_what_finds_no_free_connection_waits_in_order() -> None:
    async with slow_server(after=0.02) as server, Connections([server.address], 1) as connections:
        answers = await asyncio.gather(*(connections.call(get(f"/{number}")) for number in range(4)))
        assert [request.split()[1] for request in server.requests] == [b"/0", b"/1", b"/2", b"/3"]
        assert [answer.ended_at for answer in answers] == sorted(answer.ended_at for answer in answers)


async def test_what_is_not_answered_ends_within_the_timeout_sent_or_not() -> None:
    async with (
        slow_server(silent=True) as server,
        Connections([server.address], 1, timeout=0.2) as connections,
    ):
        answers = await asyncio.gather(connections.call(GET), connections.call(GET))
        assert [answer.fault for answer in answers] in ([TIMEOUT, UNSENT], [TIMEOUT, TIMEOUT])


async def test_beyond_the_queues_bound_a_request_is_shed_at_once() -> None:
    nowhere = [Address("127.0.0.1", free_port())]
    async with Connections(nowhere, 1, timeout=0.2, most_waiting=2) as connections:
        answers = await asyncio.gather(*(connections.call(GET) for _ in range(3)))
        assert [answer.fault for answer in answers] == [UNSENT, UNSENT, SHED]


async def test_a_connection_that_ends_is_made_anew_and_its_request_told_as_lost() -> None:
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if closing.is_set():
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        closing.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Connections([Address("127.0.0.1", port)], 1) as connections:
        assert [(await connections.call(GET)).fault, (await connections.call(GET)).status] == [LOST, 200]
