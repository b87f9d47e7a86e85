"""Builds the command line that runs one of Kafka's classes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installation:
    """A broker's jars, and the class data archive that halves its start where this Java could make one."""

    java: str
    jars: tuple[Path, ...]
    archive: Path | None = None

    def command(self, main_class: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        """Give the command line that runs one of Kafka's classes, with the options that every run shares."""
        # Class data sharing wants the same class path, in the same order, and the same collector each time.
        shared = (f"-XX:SharedArchiveFile={self.archive}",) if self.archive else ()
        return [
            self.java,
            *("-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            *("-XX:+ExitOnOutOfMemoryError", "-Xshare:auto", *shared, *options),
            *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"),
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
            *("-cp", os.pathsep.join(map(str, self.jars)), main_class, *arguments),
        ]
