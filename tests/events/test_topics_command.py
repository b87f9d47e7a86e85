"""`python -m <service> topics` against a real broker."""

import os
import subprocess
import sys

import pytest
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped] # it ships no types

from events.catalogue import topics
from local.kafka import Broker


def run_topics(bootstrap: str, *options: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: text for name, text in os.environ.items() if not name.startswith("REDRESS_")}
    environment |= {
        "REDRESS_TRANSPORT": "kafka",
        "REDRESS_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "REDRESS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    return subprocess.run(
        [sys.executable, "-m", "capa", "topics", *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.kafka
async def test_one_command_makes_every_topic_of_the_catalogue_and_a_second_finds_them(kafka: Broker) -> None:
    made, again = run_topics(kafka.bootstrap_servers), run_topics(kafka.bootstrap_servers)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await admin.start()
    try:
        known = await admin.list_topics()
    finally:
        await admin.close()
    assert (made.returncode, again.returncode) == (0, 0), made.stderr + again.stderr
    assert set(topics()) <= set(known)
    assert "created" not in again.stdout


@pytest.mark.kafka
def test_topics_of_another_size_are_refused_with_the_name(kafka: Broker) -> None:
    run_topics(kafka.bootstrap_servers)
    refused = run_topics(kafka.bootstrap_servers, "--partitions", "3")
    assert refused.returncode == 1
    assert "has 6 partitions, not 3" in refused.stderr


def test_a_broker_that_does_not_answer_ends_the_command_with_a_sentence_and_no_trace() -> None:
    refused = run_topics("127.0.0.1:1")
    assert refused.returncode == 1
    assert "127.0.0.1:1" in refused.stderr
    assert "Traceback" not in refused.stderr
