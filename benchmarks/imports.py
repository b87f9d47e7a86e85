"""Rows per second of a bulk import, from the upload to the end of the job, against COPY of the same rows."""

import asyncio
import csv
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from benchmarks.machine import environment, free_port, make_key, migrate, postgres, process
from benchmarks.tables import Table, at_least, middle
from local.demo import Source, made_up, real
from local.postgres import Server

TARGET: Final = 0.12
VARIABLE: Final = "REDRESS_COMPLAINTS_CSV"
WITHIN: Final = 600.0
"""Seconds that one import may take."""
_POLL: Final = 0.05

Rows = Sequence[tuple[str, ...]]

_OF_SYSTEM: Final = "JOIN complaint c ON c.id = kept.complaint_id AND c.source_system = $1"
KEPT: Final = {
    "complaint": "WHERE source_system = $1",
    "complainant": _OF_SYSTEM,
    "complaint_history": _OF_SYSTEM,
    "complaint_clock": _OF_SYSTEM,
    "outbox_sequence": "JOIN complaint c ON CAST(c.id AS text) = kept.key AND c.source_system = $1",
    "import_row": "JOIN import_job j ON j.id = kept.import_id AND j.source_system = $1",
}
"""The tables that an import leaves rows in, and which rows are of one source system's import."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file as text, as COPY takes them."""

    columns: tuple[str, ...]
    rows: Rows

    @property
    def identity(self) -> str:
        """The column that holds the source's own id."""
        return "external_id" if "external_id" in self.columns else "Complaint ID"


async def measure(*, quick: bool) -> list[Table]:
    """Import the same rows in each round under another source system, and COPY them into a new table."""
    source = source_of(2_000 if quick else 20_000)
    sheet = sheet_of(source)
    rounds = 1 if quick else 3
    imported: list[float] = []
    copied: list[float] = []
    keyed: list[float] = []
    written: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="redress-bench-") as name,
        postgres() as server,
        _intake(server, Path(name)) as intake,
    ):
        async with intake as client:
            await _import(client, made_up(200, 1), "warm-up")
            await _copy(server.url("bare"), sheet, "warm_up")
            for turn in range(rounds):
                copied.append(source.rows / await _copy(server.url("bare"), sheet, f"round_{turn}"))
                keyed.append(
                    source.rows / await _copy(server.url("bare"), sheet, f"keyed_{turn}", keyed=True)
                )
                imported.append(source.rows / await _import(client, source, f"bench-{turn}"))
                seconds = await _write_alone(server.url("redress_intake"), f"bench-{turn}")
                written.append(source.rows / seconds)
    rates = {
        "COPY": middle(copied),
        "COPY with keys": middle(keyed),
        "PostgreSQL alone": middle(written),
        "import": middle(imported),
    }
    return [_table(source, rounds, rates)]


def source_of(rows: int) -> Source:
    """Take the real file where one is named, else make complaints up."""
    named = os.environ.get(VARIABLE)
    return real(Path(named)) if named else made_up(rows, 7)


def sheet_of(source: Source) -> Sheet:
    """Read the rows of a file as text; nested values stay JSON."""
    text = source.content.decode("utf-8-sig")
    if source.media_type == "text/csv":
        head, *rows = csv.reader(io.StringIO(text))
        return Sheet(tuple(head), [tuple(row) for row in rows])
    records = [json.loads(line) for line in text.splitlines()]
    columns = tuple(records[0])
    return Sheet(columns, [tuple(_text(record[column]) for column in columns) for record in records])


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@contextmanager
def _intake(server: Server, folder: Path) -> Iterator[httpx.AsyncClient]:
    """Run intake whole: API, import job and relay, which writes to the embedded log."""
    for database in ("bare", "redress_intake", "redress_log"):
        server.create_database(database)
    port = free_port()
    variables = environment(
        server,
        folder,
        REDRESS_TRANSPORT="embedded",
        REDRESS_INTAKE_API_PORT=str(port),
        REDRESS_INTAKE_METRICS_PORT=str(free_port()),
    )
    key = make_key(folder, "imports:write", "complaints:write", "complaints:read")
    migrate("intake", variables)
    address = f"http://127.0.0.1:{port}"
    with process(
        ["-m", "intake", "all"], variables, log=folder / "intake.log", ready=f"{address}/health/ready"
    ):
        yield httpx.AsyncClient(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=120, trust_env=False
        )


async def _import(client: httpx.AsyncClient, source: Source, system: str) -> float:
    """Import once; gives the seconds from the upload's first byte to the end of the job."""
    began = time.perf_counter()
    posted = await client.post(
        "/v1/imports",
        params={"profile": source.profile, "source_system": system},
        content=source.content,
        headers={"Content-Type": source.media_type},
    )
    posted.raise_for_status()
    async with asyncio.timeout(WITHIN):
        while True:
            answer = await client.get(f"/v1/imports/{posted.json()['id']}")
            found = answer.raise_for_status().json()
            if found["state"] == "finished":
                break
            if found["state"] in {"failed", "aborted"}:
                raise RuntimeError(f"the import ended: {found}")
            await asyncio.sleep(_POLL)
    seconds = time.perf_counter() - began
    if found["created"] != source.rows:
        raise RuntimeError(f"not every row became a complaint: {found}")
    return seconds


async def _copy(url: str, sheet: Sheet, table: str, *, keyed: bool = False) -> float:
    """COPY the rows into a table of text columns of its own; gives the seconds until it is committed.

    Where `keyed`, each row gets an id, a number and a place in the index of what its source calls it, as a complaint does.
    """
    connection = await asyncpg.connect(url)
    try:
        names = ", ".join(f'"{column}" text' for column in sheet.columns)
        keys = (
            ", id uuid PRIMARY KEY DEFAULT uuidv7(), number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,"
            f" source_system text DEFAULT 'bench', UNIQUE (source_system, \"{sheet.identity}\")"
        )
        await connection.execute(f"CREATE TABLE {table} ({names}{keys if keyed else ''})")
        began = time.perf_counter()
        await connection.copy_records_to_table(table, records=sheet.rows, columns=list(sheet.columns))
        return time.perf_counter() - began
    finally:
        await connection.close()


async def _write_alone(url: str, system: str) -> float:
    """Have PostgreSQL write what an import left once more, into tables of the same shape; gives the seconds it takes.

    It is what no import can be faster than: nothing is read, checked, staged, told or sent to a client.
    """
    connection = await asyncpg.connect(url)
    try:
        for name in KEPT:
            await connection.execute(f"CREATE TABLE again_{name} (LIKE {name} INCLUDING ALL)")
        began = time.perf_counter()
        async with connection.transaction():
            for name, which in KEPT.items():
                await connection.execute(
                    f"INSERT INTO again_{name} OVERRIDING SYSTEM VALUE SELECT kept.* FROM {name} kept {which}",  # noqa: S608 - names of our own
                    system,
                )
        return time.perf_counter() - began
    finally:
        for name in KEPT:
            await connection.execute(f"DROP TABLE IF EXISTS again_{name}")
        await connection.close()


def _table(source: Source, rounds: int, rates: Mapping[str, float]) -> Table:
    copied, imported = rates["COPY"], rates["import"]
    return Table(
        "Import",
        f"{source.rows:,} rows ({'made up' if source.profile == 'native' else 'real complaints'},"
        f" {len(source.content) / source.rows:,.0f} bytes each), from the upload to the end of the job, relay and embedded"
        f" log running; median of {rounds} rounds after a warm-up. COPY: the same rows as text into one table, same"
        " PostgreSQL, without index, and with the keys that a complaint has (id, number, source and its id). PostgreSQL"
        " alone: what the import leaves, moved inside PostgreSQL into tables of the same shape by one transaction.",
        ("", "rows per second", "against COPY", "target"),
        (
            *(
                (name, f"{rate:,.0f}", f"{rate / copied:.2f}", "")
                for name, rate in rates.items()
                if name != "import"
            ),
            ("import", f"{imported:,.0f}", *at_least(imported / copied, TARGET)),
        ),
    )
