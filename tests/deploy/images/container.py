"""Runs an image's tree as an engine would: as process 1 of its own, its user, without rights, on a tree that cannot be written."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What an engine does before it starts the process, with Debian's own programs: the tree made read-only, /tmp in memory,
# and /proc of the new process namespace. chroot gives up root, and with it every capability.
_ENTER = """
set -eu
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount -t proc proc "$ROOT/proc"
mount --bind /dev "$ROOT/dev"
for folder in $MOUNTS; do mount --bind "${folder%%:*}" "$ROOT${folder##*:}"; done
mount -o remount,bind,ro "$ROOT"
exec chroot --userspec="$USER_ID" --groups= "$ROOT" /usr/bin/env -i "$@"
"""


@dataclass(frozen=True, slots=True)
class Image:
    """A mounted tree and the configuration that belongs to it."""

    tree: Path
    config: Mapping[str, Any]

    def command(
        self, arguments: Sequence[str], variables: Mapping[str, str], entrypoint: Sequence[str] = ()
    ) -> list[str]:
        environment = dict(each.split("=", 1) for each in self.config["Env"]) | dict(variables)
        named = [f"{name}={text}" for name, text in environment.items()]
        start = list(entrypoint or self.config["Entrypoint"])
        given = list(arguments or self.config["Cmd"])
        return [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            _ENTER,
            "sh",
            *named,
            *start,
            *given,
        ]

    def surroundings(self, mounts: Mapping[Path, str]) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "ROOT": str(self.tree),
            "USER_ID": self.config["User"],
            "MOUNTS": " ".join(f"{source}:{target}" for source, target in mounts.items()),
        }

    def run(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        mounts: Mapping[Path, str] | None = None,
        entrypoint: Sequence[str] = (),
    ) -> "subprocess.CompletedProcess[str]":
        """Run to the end, within a minute."""
        return subprocess.run(
            self.command(arguments, variables or {}, entrypoint),
            env=self.surroundings(mounts or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @contextmanager
    def started(
        self, *arguments: str, variables: Mapping[str, str], mounts: Mapping[Path, str], output: Path
    ) -> Iterator["Started"]:
        """Start it, and end it whatever happens."""
        with output.open("wb") as said:
            process = subprocess.Popen(
                self.command(arguments, variables),
                env=self.surroundings(mounts),
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        started = Started(process, output)
        try:
            yield started
        finally:
            if process.poll() is None:
                process.kill()  # and with it, by --kill-child, the process inside
                process.wait(timeout=10)


@dataclass(frozen=True, slots=True)
class Started:
    """A process in its own namespace, seen from outside."""

    process: "subprocess.Popen[bytes]"
    output: Path

    @property
    def inside(self) -> int:
        """The id, out here, of the process that is number 1 in there."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0])

    def status(self, name: str) -> str:
        """A line of what the kernel says of the process inside, such as NSpid or CapEff."""
        lines = Path(f"/proc/{self.inside}/status").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))

    def stop(self, within: float) -> int:
        """Ask it to stop as an engine does, and give its exit code."""
        os.kill(self.inside, signal.SIGTERM)
        return self.process.wait(timeout=within)

    def said(self) -> str:
        return self.output.read_text(errors="replace")
