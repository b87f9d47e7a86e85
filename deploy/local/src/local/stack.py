"""The whole system on this machine: brings it up, keeps it up, takes it down."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from local import roles
from local.lock import HeldError, held
from local.people import load_samples
from local.places import Places, write_json, write_whole
from local.plan import SERVICES, CannotRunError, Plan, make_plan, refuse_busy_ports
from local.postgres import PostgresError, Server
from local.speech import complain, say, short
from local.steps import StepFailedError, run_step, together
from local.supervisor import StartFailedError, Supervisor, stop_leftovers
from local.web import CallError
from local.welcome import first_complaint, run_file, welcome

DONE = 0
FAILED = 1
CANNOT_RUN = 2
RUNS_ALREADY = 3

READY_SECONDS = 60.0
"""How long the services may take until all of them are ready."""

# Together below ten seconds, the bound within which everything is down.
_SERVICES_STOP_SECONDS = 5.0
_MAILBOX_STOP_SECONDS = 1.0
_POSTGRES_STOP_SECONDS = 2.0

_LEFTOVER_STOP_SECONDS = 6.0
_POSTGRES_LOOK_SECONDS = 1.0
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0


async def up(places: Places, given: dict[str, str]) -> int:
    """Bring everything up, keep it up until told to stop, and return the exit code.

    0 after a stop that was asked for, 1 when something could not be started, 2 when a port is busy or a setting is
    wrong, 3 when the system runs already.
    """
    try:
        with held(places.lock) as crashed:
            if crashed:
                say("The last run was killed before it could stop; this one goes on with its data.")
            places.run.unlink(missing_ok=True)  # no tool may take a killed run for this one
            left = await asyncio.to_thread(stop_leftovers, places.processes, within=_LEFTOVER_STOP_SECONDS)
            for name in left:
                say(f"Stopped {name}, which that run had left behind.")
            return await _Stack(places, given).run()
    except HeldError as error:
        who = f" (process {error.holder.pid})" if error.holder else ""
        complain(f"Redress runs already from {places.home}{who}. `make down` stops it.")
        return RUNS_ALREADY
    except CannotRunError as error:
        complain(str(error))
        return CANNOT_RUN
    except (StartFailedError, StepFailedError, PostgresError) as error:
        complain(str(error))
        return FAILED


class _Stack:
    """One run of the system, from its first process to its last."""

    def __init__(self, places: Places, given: Mapping[str, str]) -> None:
        self._places = places
        self._given = given
        self._server = Server(places.postgres)
        self._postgres_start: asyncio.Task[bool] | None = None
        self._postgres_watch: asyncio.Task[None] | None = None
        self._children: Supervisor | None = None
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> int:
        """Start, stay until a signal comes, stop; a second signal cuts the stop short."""
        began = asyncio.get_running_loop().time()
        with self._signals():
            starting = asyncio.create_task(self._start(), name="start")
            stopping = asyncio.create_task(self._stop.wait(), name="wait for a signal")
            try:
                await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if starting.done():
                    plan = starting.result()
                    say(welcome(plan, _keys(plan), seconds=asyncio.get_running_loop().time() - began))
                    await stopping
                say("\nStopping ...")
            finally:
                for task in (starting, stopping):
                    task.cancel()
                await asyncio.gather(starting, stopping, return_exceptions=True)
                await self._end()
        say(f"Stopped. The data stay in {short(self._places.home)}; `make run` goes on with them.")
        return DONE

    async def _start(self) -> Plan:
        places = self._places
        plan = make_plan(places, self._given, self._server, pepper="")
        refuse_busy_ports(plan)
        say("Starting Redress ...")
        preparations = []
        if plan.own_keys:
            preparations.append(
                run_step("make the keys", sys.executable, "-m", "local.keys", str(places.secrets))
            )
        if plan.own_databases:
            preparations.append(self._databases(plan))
        await together(preparations)
        if plan.own_keys:
            plan = make_plan(places, self._given, self._server, pepper=roles.read_pepper(places.secrets))
        steps = [_migrate(service, plan) for service in SERVICES]
        if plan.transport == "kafka":
            steps.append(_make_topics(plan))
        await together(steps)
        self._children = Supervisor(plan.programs(), record=places.processes, say=say)
        await self._children.start(within=READY_SECONDS)
        keys = _keys(plan)
        await _introduce_people(plan, keys)
        write_json(places.run, run_file(plan, keys, pid=os.getpid(), at=datetime.now(UTC)))
        write_whole(places.curl, first_complaint(plan, keys) + "\n")
        return plan

    async def _databases(self, plan: Plan) -> None:
        await self._start_postgres()
        for name in plan.own_databases.values():
            await asyncio.to_thread(self._server.create_database, name)
        self._postgres_watch = asyncio.create_task(self._keep_postgres(), name="keep PostgreSQL")

    async def _start_postgres(self) -> None:
        # A thread cannot be cancelled; `_end` waits for it, so that a stop never overtakes a start.
        self._postgres_start = asyncio.create_task(
            asyncio.to_thread(self._server.start), name="start PostgreSQL"
        )
        await asyncio.shield(self._postgres_start)

    async def _keep_postgres(self) -> None:
        delay = _FIRST_DELAY
        while True:
            await asyncio.sleep(_POSTGRES_LOOK_SECONDS)
            if self._server.pid is not None:
                delay = _FIRST_DELAY
                continue
            say(f"PostgreSQL ended; it is started again. Its log: {short(self._server.log)}")
            try:
                await self._start_postgres()
            except PostgresError as error:
                say(f"{error}\nPostgreSQL is tried again in {delay:g} s.")
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_DELAY)

    async def _end(self) -> None:
        """Stop the services first, then the mailbox that takes their last mails, and PostgreSQL last."""
        self._places.run.unlink(missing_ok=True)
        if self._postgres_watch is not None:
            self._postgres_watch.cancel()
            await asyncio.gather(self._postgres_watch, return_exceptions=True)
        if self._children is not None:
            await self._children.stop(SERVICES, within=_SERVICES_STOP_SECONDS, hurry=self._hurry)
            others = [name for name in self._children.names if name not in SERVICES]
            await self._children.stop(others, within=_MAILBOX_STOP_SECONDS, hurry=self._hurry)
        if self._postgres_start is not None:
            await asyncio.gather(self._postgres_start, return_exceptions=True)
            within = 0.0 if self._hurry.is_set() else _POSTGRES_STOP_SECONDS
            await asyncio.to_thread(self._server.stop, within=within)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def asked() -> None:
            if self._stop.is_set():
                self._hurry.set()
            self._stop.set()

        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, asked)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


async def _migrate(service: str, plan: Plan) -> None:
    """Bring a service's database to its newest schema, and the log's with it."""
    command = (sys.executable, "-m", service, "migrate")
    await run_step(f"migrate the database of {service}", *command, environment=plan.environment)


async def _make_topics(plan: Plan) -> None:
    """Create Kafka's topics; while Kafka is away the system runs all the same, and complaints wait in the outbox."""
    try:
        await run_step(
            "reach Kafka", sys.executable, "-m", "local.kafka", "topics", "--bootstrap", plan.kafka
        )
    except StepFailedError as error:
        say(f"{error}\nRedress goes on without: complaints are taken and wait. `make kafka` starts one.")


async def _introduce_people(plan: Plan, keys: Mapping[str, str]) -> None:
    """Load the sample people where there are none, so that the owners in the policies can be reached."""
    if "admin" not in keys:
        return
    file = plan.places.config / "people.example.json"
    try:
        loaded = await asyncio.to_thread(load_samples, plan.url("notifier"), keys["admin"], file)
    except (CallError, OSError, ValueError, KeyError) as error:
        say(f"The sample people could not be loaded, so overdue notices reach nobody yet: {error}")
        return
    if loaded.taken:
        say(f"Loaded {loaded.taken} sample people from {short(file)}.")
    for refused in loaded.refused:
        say(f"Notifier refused one of {short(file)}, who is not told of anything: {refused}")


def _keys(plan: Plan) -> dict[str, str]:
    return roles.read_roles(plan.places.secrets) if plan.own_keys else {}
