"""Makes Kafka ready to run on this machine."""

import asyncio
from dataclasses import replace

from local.kafka.class_archive import archive_classes
from local.kafka.errors import ToolsMissingError
from local.kafka.installation import Installation
from local.kafka.jars import cache_folder, fetched_jars
from local.kafka.lock import locked
from local.kafka.tools import find_java, java_version, missing_tools


async def install() -> Installation:
    """Fetch the jars and make the class data archive unless the cache has them, and say where they are.

    Raises ToolsMissingError without Java or Maven, BrokerError when Maven cannot fetch.
    """
    if missing := missing_tools():
        raise ToolsMissingError("\n".join(missing))
    java = find_java()
    assert java is not None  # noqa: S101 - missing_tools has just found it; this tells the type checker
    home = cache_folder()
    async with locked(home / ".lock"):
        jars = await asyncio.to_thread(fetched_jars, home / "libs")
        plain = Installation(java, jars)
        archive = home / f"classes-java-{java_version(java)}.jsa"
        if not archive.is_file() and not await archive_classes(plain, archive):
            return plain
        return replace(plain, archive=archive)
