"""What a person does from another terminal: stop the system, start afresh, look whether it runs."""

import contextlib
import os
import shutil
import signal
import sys
from asyncio import to_thread
from collections.abc import Callable

from local import processes, supervisor, web
from local.lock import HeldError, held, holder
from local.places import Places, read_json
from local.postgres import PostgresError, Server
from local.speech import complain, say
from local.steps import StepFailedError, run_step

DONE = 0
FAILED = 1
NOT_RUNNING = 3

_DOWN_SECONDS = 20.0
_LEFTOVER_STOP_SECONDS = 6.0


async def down(places: Places) -> int:
    """Stop the system from another terminal, or whatever a killed run left behind; its data stay."""
    running = holder(places.lock)
    if running is not None:
        say(f"Stopping Redress (process {running.pid}) ...")
        with contextlib.suppress(ProcessLookupError):
            if running.alive:
                os.kill(running.pid, signal.SIGTERM)
        if not await to_thread(processes.gone, running, within=_DOWN_SECONDS):
            complain(f"Process {running.pid} does not stop.")
            return FAILED
    try:
        with held(places.lock):
            stopped = await to_thread(_stop_leftovers, places)
    except HeldError:
        complain("Redress was started again meanwhile.")
        return FAILED
    except PostgresError as error:
        complain(str(error))
        return FAILED
    for name in stopped:
        say(f"Stopped {name}, which a killed run had left behind.")
    say("Redress is down." if running or stopped else "Redress was not running.")
    return DONE


async def reset(places: Places, *, agreed: bool, ask: Callable[[str], str] = input) -> int:
    """Stop the system and delete all its data: complaints, mail, keys, logs. Asks first unless it is `agreed`."""
    if not places.home.exists():
        say(f"There is nothing to reset: {places.home} does not exist.")
        return DONE
    if not agreed:
        try:
            answer = ask(f"Delete {places.home} with all complaints, mail and keys in it? [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in {"y", "yes"}:
            say("Nothing was deleted.")
            return FAILED
    if (code := await down(places)) != DONE:
        return code
    kafka = places.home / "kafka"
    if kafka.exists():
        try:
            await run_step("stop Kafka", sys.executable, "-m", "local.kafka", "stop", "--folder", str(kafka))
        except StepFailedError as error:
            complain(str(error))
            return FAILED
    try:
        with held(places.lock):
            await to_thread(_delete, places)
    except HeldError:
        complain("Redress was started again meanwhile; nothing was deleted.")
        return FAILED
    say(f"Deleted {places.home}. The next `make run` starts afresh.")
    return DONE


async def status(places: Places) -> int:
    """Say what runs and whether it is ready: 0 when all is, 1 when something is not, 3 when the system is down."""
    running = holder(places.lock)
    if running is None:
        say(f"Redress is not running. Its data: {places.home}")
        return NOT_RUNNING
    run = read_json(places.run)
    if run is None:
        say(f"Redress is starting or stopping (process {running.pid}).")
        return FAILED
    ready = {
        name: await web.is_ready(f"{entry['url']}/health/ready") for name, entry in run["services"].items()
    }
    say(f"Redress runs (process {running.pid}) since {run['started_at']}, transport {run['transport']}.")
    for name, fine in ready.items():
        say(f"  {name:<10}{'ready' if fine else 'NOT READY':<11}{run['services'][name]['url']}")
    return DONE if all(ready.values()) else FAILED


def _stop_leftovers(places: Places) -> list[str]:
    stopped = supervisor.stop_leftovers(places.processes, within=_LEFTOVER_STOP_SECONDS)
    server = Server(places.postgres)
    if server.pid is not None:
        server.stop()
        stopped.append("PostgreSQL")
    places.run.unlink(missing_ok=True)
    return stopped


def _delete(places: Places) -> None:
    Server(places.postgres).remove()
    for entry in places.home.iterdir():
        if entry == places.lock:
            continue  # it goes last: as long as it is there and held, nobody starts in here
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    places.lock.unlink()
    with contextlib.suppress(OSError):
        places.home.rmdir()
