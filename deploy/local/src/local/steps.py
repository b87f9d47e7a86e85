"""Runs what has to be done once before the services start, each as a process that ends by itself."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

STEP_SECONDS = 120.0
"""How long one step may take before it is given up."""

_QUOTED_LINES = 20


class StepFailedError(Exception):
    """A step did not succeed; the text has the end of what it said."""


async def run_step(what: str, *command: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; raises StepFailedError "Could not <what>" with its last words otherwise."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=dict(os.environ if environment is None else environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is the supervisor's to hear
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), STEP_SECONDS)
    except TimeoutError:
        raise StepFailedError(f"Could not {what}: it took longer than {STEP_SECONDS:.0f} s.") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        end = "\n".join(f"  {line}" for line in said.decode(errors="replace").splitlines()[-_QUOTED_LINES:])
        raise StepFailedError(f"Could not {what} (exit code {process.returncode}):\n{end}")


async def together(steps: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Take several steps side by side; the first failure ends the others and is raised."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
