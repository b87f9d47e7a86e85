"""Writes a revision from what the tables in code have and the last revision has not: `migration.py SERVICE NAME`.

The comparison runs on a PostgreSQL of its own, made for it and removed afterwards.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from chassis.migrations import make_revision, migrate
from local.postgres import Server


async def revise(url: str, service: str, name: str) -> Path:
    """Bring a database to head, then write what is missing."""
    await migrate(url, service)
    return await make_revision(url, service, name)


def main(service: str, name: str) -> int:
    """Write the revision and print its file."""
    with tempfile.TemporaryDirectory(prefix="redress-migration-") as folder:
        Path(folder).chmod(0o711)
        server = Server(Path(folder) / "postgres", durable=False)
        server.start()
        try:
            server.create_database("revision")
            print(asyncio.run(revise(server.url("revision"), service, name)))
        finally:
            server.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
