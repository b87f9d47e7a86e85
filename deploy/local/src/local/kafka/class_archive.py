"""Makes the class data archive that halves a broker's start."""

import tempfile
from pathlib import Path

from local.kafka.cluster_id import new_cluster_id
from local.kafka.errors import BrokerError
from local.kafka.installation import Installation
from local.kafka.node import Node
from local.kafka.plan import Plan
from local.kafka.ports import free_port


async def archive_classes(plain: Installation, archive: Path) -> bool:
    """Let a throw-away broker write down its loaded classes on its way out; False where this Java cannot."""
    coming = archive.with_suffix(".coming")
    with tempfile.TemporaryDirectory(prefix="redress-kafka-") as folder:
        node = Node(Path(folder), 1, port := free_port(), free_port({port}))
        plan = Plan(new_cluster_id(), (node,))
        try:
            await node.start(plain, plan, attempts=1, options=[f"-XX:ArchiveClassesAtExit={coming}"])
        except BrokerError:
            # Starts are slower without the archive and right all the same. If the broker itself is at fault,
            # the start that follows says so.
            return False
        await node.stop()
    return _put_in_place(coming, archive)


def _put_in_place(coming: Path, archive: Path) -> bool:
    if coming.is_file():
        coming.replace(archive)
    return archive.is_file()
