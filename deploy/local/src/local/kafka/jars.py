"""Has Maven fetch the broker's jars, once, into a cache outside the clone."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from local.kafka.errors import BrokerError
from local.kafka.last_lines import last_lines

POM = Path(__file__).parents[3] / "kafka" / "pom.xml"
FETCH_WITHIN = 900.0  # seconds for Maven


def kafka_version() -> str:
    """Read the Kafka version that the POM names."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", POM.read_text(encoding="utf-8"))
    if found is None:
        raise BrokerError(f"{POM} names no kafka.version")
    return found[1]


def cache_folder() -> Path:
    """Where this Kafka version is kept: below REDRESS_KAFKA_CACHE, or `redress` in the user's cache folder."""
    if chosen := os.environ.get("REDRESS_KAFKA_CACHE"):
        root = Path(chosen)
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redress"
    return root.absolute() / f"kafka-{kafka_version()}"


def fetched_jars(libs: Path) -> tuple[Path, ...]:
    """List the jars in a fixed order, fetched first if the folder is not there."""
    if not libs.is_dir():
        # The folder gets its name only when it is whole, so a fetch that was cut short leaves nothing to trust.
        shutil.rmtree(coming := libs.with_name("libs.coming"), ignore_errors=True)
        _fetch(coming)
        coming.rename(libs)
    return tuple(sorted(libs.glob("*.jar")))


def _fetch(folder: Path) -> None:
    """Have Maven copy the broker's jars into the folder, checksums compared."""
    command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", str(POM)]
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            [*command, *goal],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=FETCH_WITHIN,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerError(f"Maven did not fetch Kafka's jars within {FETCH_WITHIN:.0f} s") from error
    if done.returncode != 0:
        raise BrokerError(f"Maven could not fetch Kafka's jars:\n{last_lines(done.stdout)}")
