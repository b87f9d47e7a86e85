"""Finds Java and Maven, and says how to get what is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from local.kafka.jars import cache_folder

OLDEST_JAVA = 17


def missing_tools() -> list[str]:
    """One sentence for each absent tool, with the way to get it; empty when a broker can run."""
    missing = []
    java = find_java()
    if java is None or _java_major(java_version(java)) < OLDEST_JAVA:
        missing.append(
            f"Java {OLDEST_JAVA} or later is missing: install a runtime (Debian, Ubuntu: apt-get install "
            "openjdk-17-jre-headless; macOS: brew install openjdk@17) and have `java` on PATH, or set JAVA_HOME."
        )
    if shutil.which("mvn") is None and not (cache_folder() / "libs").is_dir():
        missing.append(
            "Maven is missing, and the broker's jars are not in the cache: install it "
            "(Debian, Ubuntu: apt-get install maven; macOS: brew install maven)."
        )
    return missing


def find_java() -> str | None:
    """Find the Java of JAVA_HOME, else the one on PATH."""
    if home := os.environ.get("JAVA_HOME"):
        return shutil.which("java", path=str(Path(home) / "bin"))
    return shutil.which("java")


def java_version(java: str) -> str:
    """Ask this Java for its version, as in 17.0.15; empty when it will not say."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r'version "([^"]+)"', said.stderr)
    return found[1] if found else ""


def _java_major(version: str) -> int:
    """17 of 17.0.15, 8 of 1.8.0_402, 0 of what is no version."""
    found = re.match(r"(?:1\.)?(\d+)", version)
    return int(found[1]) if found else 0
