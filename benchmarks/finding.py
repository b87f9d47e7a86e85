"""List, search, similar and export on 10,000 and on 1,000,000 complaints, side by side, through intake's own API.

Beside the times stand the plans: by which indexes each question was answered, and how many rows were read for it.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.machine import environment, free_port, make_key, migrate, postgres, process
from benchmarks.many_complaints import fill
from benchmarks.plans import heard, plans, summary
from benchmarks.tables import Table, middle, percentile
from chassis.database import open_engine
from intake.db.candidates import PostgresCandidates
from intake.db.views import PostgresViews
from intake.usecases.views import Filters
from local.postgres import Server

SIZES: Final = (10_000, 1_000_000)
QUICK_SIZES: Final = (2_000, 10_000)
SIZES_VARIABLE: Final = "REDRESS_BENCH_SIZES"
"""Other sizes, such as 10000,200000."""
ROUNDS: Final = 15
EXPORTED: Final = 20_000
_LIST: Final = "/v1/complaints"
_MANY: Final = 120.0

Question = tuple[str, Mapping[str, Any]]

QUESTIONS: Final[Mapping[str, Callable[[int], Question]]] = {
    "list, latest first": lambda _turn: (_LIST, {}),
    "list of one product and category": lambda turn: (
        _LIST,
        {"product": f"product-{100 + turn}", "category": f"category-{turn}"},
    ),
    "list of one lot": lambda turn: (_LIST, {"lot": f"L-{turn}-{turn}"}),
    "list of what waits for triage": lambda _turn: (_LIST, {"triage": "pending"}),
    "list of what waits for triage, by number": lambda _turn: (
        _LIST,
        {"triage": "pending", "sort": "number"},
    ),
    "list of what has a nonconformity": lambda _turn: (_LIST, {"has_nonconformity": "true"}),
    "search, a word in one of ten": lambda turn: (_LIST, {"q": f"word{1 + turn}"}),
    "search, a rarer word": lambda turn: (_LIST, {"q": f"word{800 + turn * 10}"}),
    "search, a rarer word of one channel": lambda turn: (
        _LIST,
        {"q": f"word{800 + turn * 10}", "channel": "phone"},
    ),
    "search, two words": lambda turn: (_LIST, {"q": f"word{900 + turn} word{60 + turn}"}),
    "search, a rare word": lambda turn: (_LIST, {"q": f"word{28_000 + turn * 100}"}),
    "search, nothing found": lambda turn: (_LIST, {"q": f"nothing{turn}"}),
    "search, a number": lambda turn: (_LIST, {"q": f"C-{10_100 + turn}"}),
    "similar": lambda turn: (f"{_LIST}/C-{10_001 + turn}/similar", {}),
}


@dataclass(slots=True)
class Found:
    """What was measured on one size: milliseconds by question, and complaints exported in a second by format."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    exported: dict[str, float] = field(default_factory=dict)
    plans: dict[str, tuple[float, tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)


async def measure(*, quick: bool) -> list[Table]:
    """Fill a database of each size, ask each question of both in turn, and export from each."""
    sizes = _sizes(quick=quick)
    found = {size: Found() for size in sizes}
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as name, postgres() as server:
        folder = Path(name)
        key = make_key(folder, "complaints:read")
        async with _clients(server, folder, key, sizes) as clients:
            for turn in range(-2, 3 if quick else ROUNDS):  # the first turns only warm up
                for question, write in QUESTIONS.items():
                    for size, client in clients.items():
                        took = await _ask(client, write(abs(turn)))
                        if turn >= 0:
                            found[size].milliseconds.setdefault(question, []).append(took)
            for size, client in clients.items():
                for file_format in ("csv", "ndjson"):
                    found[size].exported[file_format] = await _export(client, file_format)
        for size, of in found.items():
            await _explain(server.url(_database(size)), of)
    return [_table(found), _plan_table(found), _export_table(found)]


@asynccontextmanager
async def _clients(
    server: Server, folder: Path, key: str, sizes: Sequence[int]
) -> AsyncIterator[dict[int, httpx.AsyncClient]]:
    clients: dict[int, httpx.AsyncClient] = {}
    with _services(server, folder, sizes) as ports:
        for size, port in ports.items():
            engine = open_engine(server.url(_database(size)), name="bench", statement_timeout_seconds=3_600)
            await fill(engine, size)
            await engine.dispose()
            clients[size] = httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {key}"},
                timeout=_MANY,
                trust_env=False,
            )
        try:
            yield clients
        finally:
            for client in clients.values():
                await client.aclose()


@contextmanager
def _services(server: Server, folder: Path, sizes: Sequence[int]) -> Iterator[dict[int, int]]:
    ports: dict[int, int] = {}
    server.create_database("redress_log")
    with ExitStack() as stack:
        for size in sizes:
            server.create_database(_database(size))
            ports[size] = free_port()
            variables = environment(
                server,
                folder,
                REDRESS_INTAKE_DATABASE_URL=server.url(_database(size)),
                REDRESS_INTAKE_API_PORT=str(ports[size]),
                REDRESS_INTAKE_METRICS_PORT=str(free_port()),
            )
            migrate("intake", variables)
            ready = f"http://127.0.0.1:{ports[size]}/health/ready"
            log = folder / f"intake-{size}.log"
            stack.enter_context(process(["-m", "intake", "api"], variables, log=log, ready=ready))
        yield ports


def _database(size: int) -> str:
    return f"redress_intake_{size}"


def _sizes(*, quick: bool) -> Sequence[int]:
    chosen = os.environ.get(SIZES_VARIABLE)
    if chosen:
        return tuple(sorted({int(size) for size in chosen.split(",")}))
    return QUICK_SIZES if quick else SIZES


async def _ask(client: httpx.AsyncClient, question: Question) -> float:
    path, query = question
    began = time.perf_counter()
    answer = await client.get(path, params=query)
    took = (time.perf_counter() - began) * 1000
    answer.raise_for_status()
    return took


async def _export(client: httpx.AsyncClient, file_format: str) -> float:
    query = {"format": file_format, "limit": EXPORTED}
    began, size = time.perf_counter(), 0
    async with client.stream("GET", f"{_LIST}/export", params=query) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_bytes():
            size += chunk.count(b"\n")
    return min(size, EXPORTED) / (time.perf_counter() - began)


async def _explain(url: str, found: Found) -> None:
    """Ask each question once more, past the API, and have PostgreSQL explain every statement of it."""
    engine = open_engine(url, name="bench", statement_timeout_seconds=_MANY)
    views, candidates = PostgresViews(engine), PostgresCandidates(engine)
    try:
        for question, write in QUESTIONS.items():
            path, query = write(1)
            async with heard(engine) as asked:
                if path == _LIST:
                    filters = {name: _typed(name, value) for name, value in query.items() if name != "sort"}
                    sort = query.get("sort", "-received_at")
                    await views.page(Filters(**filters), sort=sort, after=None, limit=25)
                else:
                    await candidates.of(path.split("/")[-2], within=None, personal=True)
            found.plans[question] = summary(await plans(engine, asked))
    finally:
        await engine.dispose()


def _typed(name: str, value: str) -> Any:
    return {"q": value, "has_nonconformity": value == "true"}.get(name, [value])


def _plan_table(found: Mapping[int, Found]) -> Table:
    largest = found[max(found)]

    def row(question: str) -> tuple[str, ...]:
        _, indexes, scanned = largest.plans[question]
        read = [f"{of.plans[question][0]:,.0f}" for of in found.values()]
        return question, *read, ", ".join(indexes), ", ".join(scanned) or "none"

    return Table(
        "How complaints are found",
        "EXPLAIN ANALYZE of every statement that answers a question once: rows looked at in complaint, complaint_search and"
        " triage, and, of the largest database, the indexes used and which of these tables were read whole.",
        ("", *[f"{size:,} rows read" for size in found], "indexes", "read whole"),
        tuple(row(question) for question in QUESTIONS),
    )


def _table(found: Mapping[int, Found]) -> Table:
    smallest = min(found)

    def row(question: str) -> tuple[str, ...]:
        times = {size: of.milliseconds[question] for size, of in found.items()}
        cells = [
            f"{share(values):.1f}"
            for values in times.values()
            for share in (middle, lambda given: percentile(given, 0.95))
        ]
        return question, *cells, f"{middle(times[max(found)]) / middle(times[smallest]):.1f}"

    columns = [f"{size:,} {name} ms" for size in found for name in ("p50", "p95")]
    return Table(
        "Finding complaints",
        "One request at a time through intake's API, 25 items a page, other words and codes each time.",
        ("", *columns, "p50 ratio"),
        tuple(row(question) for question in QUESTIONS),
    )


def _export_table(found: Mapping[int, Found]) -> Table:
    return Table(
        "Exporting complaints",
        f"Complaints per second of one export of at most {EXPORTED:,}.",
        ("", *[f"{size:,}" for size in found]),
        tuple((name, *[f"{of.exported[name]:,.0f}" for of in found.values()]) for name in ("csv", "ndjson")),
    )


if __name__ == "__main__":
    for table in asyncio.run(measure(quick=False)):
        print(table.text())
