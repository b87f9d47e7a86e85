"""A real S3-compatible server: S3Proxy, which checks signatures and keeps objects in memory.

It needs Java 17 and Maven, as Kafka does; the first run on a machine fetches its jars.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from intake.storage.s3 import Bucket
from tests.support.outside_tools import need_tool
from tests.support.waiting import until

BUCKET = "complaints"
IDENTITY = "tests"
CREDENTIAL = "a credential of tests"
_POM = Path(__file__).parent / "s3proxy" / "pom.xml"
_FETCH_SECONDS = 600


@dataclass(frozen=True)
class S3Server:
    """A server that runs, and its process."""

    endpoint: str
    process: subprocess.Popen[bytes]

    def bucket(self, *, prefix: str = "", credential: str = CREDENTIAL) -> Bucket:
        return Bucket(
            name=BUCKET,
            region="us-east-1",
            endpoint=self.endpoint,
            access_key_id=SecretStr(IDENTITY),
            secret_access_key=SecretStr(credential),
            prefix=prefix,
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server with one bucket, and stop it; without Java or Maven the test is left out loudly."""
    java, maven = need_tool("java", "openjdk-17-jre-headless"), need_tool("mvn", "maven")
    libs = _jars(maven)
    (folder / BUCKET).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "s3proxy.endpoint": endpoint,
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": IDENTITY,
        "s3proxy.credential": CREDENTIAL,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": str(folder),
        "jclouds.identity": IDENTITY,
        "jclouds.credential": CREDENTIAL,
    }
    file = folder.with_suffix(".properties")
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    quiet = folder.with_suffix(".logback.xml")
    quiet.write_text("<configuration><root level='ERROR'/></configuration>", encoding="utf-8")
    log = folder.with_suffix(".log")
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [
                java,
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                f"-Dlogback.configurationFile={quiet}",
                *("-cp", f"{libs}/*", "org.gaul.s3proxy.Main", "--properties", str(file)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
        )
    try:
        yield S3Server(endpoint, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


async def answers(server: S3Server) -> None:
    """Wait until the server answers."""

    async def reached() -> bool:
        assert server.process.poll() is None, "the S3 server ended"
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(server.endpoint)).status_code < 500
            except httpx.TransportError:
                return False

    await until(reached, seconds=60, what="the S3 server answers")


def _jars(maven: str) -> Path:
    version = re.search(r"<s3proxy\.version>([^<]+)<", _POM.read_text(encoding="utf-8"))
    assert version is not None
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    libs = root / f"s3proxy-{version[1]}"
    if libs.is_dir():
        return libs
    coming = libs.with_name(f"{libs.name}.{os.getpid()}")
    shutil.rmtree(coming, ignore_errors=True)
    done = subprocess.run(
        [
            *(maven, "--quiet", "--batch-mode", "--strict-checksums", "--file", str(_POM)),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={coming}"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_FETCH_SECONDS,
    )
    if done.returncode != 0:
        pytest.fail(f"Maven could not fetch the S3 server's jars:\n{done.stdout[-2000:]}", pytrace=False)
    try:
        coming.rename(libs)
    except OSError:  # another process of this run was first
        shutil.rmtree(coming)
    return libs
