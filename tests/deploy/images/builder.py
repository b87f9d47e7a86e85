"""Builds the services' images for real where there is no engine: Debian's buildah, on a base made by mmdebstrap.

The base that the Dockerfile names stands in a registry. Here Debian's own Python of the same version, on the same release
of Debian, takes its name, and every step of the Dockerfile runs on it unchanged.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.images.dockerfile import FILE, ROOT, read_stages
from tests.support.outside_tools import leave_out

TOOLS = ("buildah", "mmdebstrap", "unshare", "chroot")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
WITHIN = 900.0


def need_builder() -> None:
    """Leave the test out, saying how to get what is missing; where CI=true, missing tools are a failure."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not missing and os.geteuid() == 0:
        return
    reason = "Images cannot be built here: "
    reason += (
        f"{', '.join(missing)} missing; Debian, Ubuntu: apt-get install buildah mmdebstrap"
        if missing
        else "run the tests as root"
    )
    leave_out(reason)


class BuildFailedError(Exception):
    """A build did not come to its end; the text is what the builder said last."""


class Builder:
    """A store of images in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        self._extra = (
            ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.exists() else []
        )  # the machine may reach its registry through a proxy that it trusts

    def make_base(self) -> str:
        """Make the image that the Dockerfile starts from, and give its name."""
        name = read_stages({"SERVICE": "intake"})[-1].base
        found = re.fullmatch(r"python:(\d+\.\d+)-slim-(\w+)", name)
        assert found, name
        archive = self._folder / "base.tar"
        _run(
            ["mmdebstrap", "--variant=minbase", "--include=python3,python3-venv", found[2], str(archive)],
            os.environ,
        )
        container = self._buildah("from", "scratch")
        self._buildah("add", container, str(archive), "/")
        self._buildah("run", container, "ln", "-s", "/usr/bin/python3", "/usr/local/bin/python")
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self._buildah("config", "--env", f"PATH={path}", container)
        version = self._buildah("run", container, "python", "--version")
        assert version.startswith(f"Python {found[1]}."), version
        self._buildah("commit", container, f"docker.io/library/{name}")
        self._buildah("rm", container)
        return name

    def build(self, service: str, *, text: str | None = None) -> str:
        """Build a service's image by the Dockerfile, or by a changed text of it; raises BuildFailedError."""
        file = FILE
        if text is not None:
            file = self._folder / "Dockerfile"
            file.write_text(text)
        name = f"redress-{service}:{'tried' if text is not None else 'built'}"
        arguments = ["--build-arg", f"SERVICE={service}", "--build-arg", "COMMIT=abc1234"]
        self._buildah(
            *("build", "--pull=never", "--layers", "--format", "docker", *self._extra, *arguments),
            *("-f", str(file), "-t", name, str(ROOT)),
        )
        return name

    def describe(self, image: str) -> dict[str, Any]:
        """Give the image's configuration."""
        said: dict[str, Any] = json.loads(self._buildah("inspect", "--type", "image", image))
        config: dict[str, Any] = said["Docker"]["config"]
        return config

    def size(self, image: str) -> tuple[int, int]:
        """Give the bytes of the image's tree, and of them those that its base does not have."""
        with self.mounted(image) as whole, self.mounted(read_stages({"SERVICE": "intake"})[-1].base) as base:
            return _bytes(whole), _bytes(whole) - _bytes(base)

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """Lend the tree of a container of the image, thrown away afterwards."""
        container = self._buildah("from", "--pull-never", image)
        try:
            yield Path(self._buildah("mount", container))
        finally:
            self._buildah("rm", container)

    def remove(self) -> None:
        """Give everything back."""
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _buildah(self, *arguments: str) -> str:
        places = ["--root", str(self._folder / "store"), "--runroot", str(self._folder / "run")]
        return _run(["buildah", *places, *arguments], self._environment)


def _run(command: list[str], environment: "os._Environ[str] | dict[str, str]") -> str:
    outcome = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=WITHIN
    )
    if outcome.returncode:
        raise BuildFailedError("\n".join((outcome.stdout + outcome.stderr).splitlines()[-25:]))
    return outcome.stdout.strip()


def _bytes(tree: Path) -> int:
    return sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_symlink() and path.is_file())
