"""A broker that asks for certificates and logins, and what is asked of the files that lead to it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.settings import ServiceSettings
from common.clock import utc_now
from events.failures import CannotOpen, TransportAway
from events.kafka.brokers import Brokers, Login, SaslMechanism, SecurityProtocol, Tls
from events.kafka.transport import KafkaTransport
from events.opening import open_transport
from local.kafka import Broker, Guard, ensure_topics
from tests.ports.carriers import QUICK
from tests.ports.reading import Reader, publish, reading, records
from tests.support.certificates import HOST, Authority, Pair, encrypted, need_openssl
from tests.support.kafka_fixture import need_kafka
from tests.support.waiting import until

TOPIC = "redress.intake"
PASSWORD = "correct-horse"
USERS = {"broker": "between-brokers", "redress": PASSWORD}
HASTY = replace(QUICK, start=5.0, ask=5.0, close=1.0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_openssl()
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="session")
def authority(folder: Path) -> Authority:
    return Authority(folder, "authority")


@pytest.fixture(scope="session")
def mine(authority: Authority) -> Pair:
    return authority.vouch("redress")


@pytest.fixture(scope="session")
def tls(authority: Authority, mine: Pair) -> Tls:
    return Tls(authority.certificate, mine.certificate, mine.key)


def guard(authority: Authority, users: dict[str, str]) -> Guard:
    pair = authority.vouch("broker", address=HOST)
    return Guard(authority.certificate, pair.certificate, pair.key, users)


@pytest.fixture(scope="session")
async def guarded(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority, tls: Tls
) -> AsyncIterator[Brokers]:
    """A broker that asks for a certificate and a login, and the way in."""
    need_kafka()
    async with Broker(tmp_path_factory.mktemp("guarded"), guard=guard(authority, USERS)) as broker:
        brokers = Brokers(broker.bootstrap_servers, tls, Login("SCRAM-SHA-512", "redress", PASSWORD))
        await ensure_topics(brokers, {TOPIC: 6})
        yield brokers


async def carry(brokers: Brokers, group: str) -> list[int]:
    """Publish, read, and ask for positions: everything that a service does with Kafka."""
    transport, reader = KafkaTransport(brokers, QUICK), Reader()
    before = sum((await transport.ends([TOPIC])).values())
    await publish(transport, records(TOPIC, 20))
    async with reading(transport, TOPIC, group, reader.handle):
        await until(lambda: len(reader.seen) >= before + 20)
    assert sum((await transport.committed([TOPIC], group)).values()) == before + 20
    await transport.close()
    return sorted(reader.numbers)[-20:]


async def nothing_opens(brokers: Brokers) -> None:
    transport = KafkaTransport(brokers, HASTY)
    with pytest.raises(TransportAway):
        await transport.open_publisher()
    with pytest.raises(TransportAway):
        await transport.ends([TOPIC])
    with pytest.raises(TransportAway):
        await transport.subscribe([TOPIC], "g").run(Reader().handle, asyncio.Event())
    await transport.close()


@pytest.mark.kafka
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_records_go_through_tls_and_a_login(guarded: Brokers, mechanism: SaslMechanism) -> None:
    brokers = replace(guarded, login=Login(mechanism, "redress", PASSWORD))
    assert len(await carry(brokers, mechanism)) == 20


@pytest.mark.kafka
async def test_certificates_on_both_sides_are_enough_where_no_login_is_asked_for(
    tmp_path: Path, authority: Authority, tls: Tls
) -> None:
    need_kafka()
    async with Broker(tmp_path, guard=guard(authority, {})) as broker:
        brokers = Brokers(broker.bootstrap_servers, tls)
        await ensure_topics(brokers, {TOPIC: 6})
        assert await carry(brokers, "g") == list(range(20))
        await nothing_opens(replace(brokers, tls=Tls(authority.certificate)))


@pytest.mark.kafka
async def test_a_wrong_password_is_an_absence_and_never_logged(
    guarded: Brokers, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await nothing_opens(replace(guarded, login=Login("SCRAM-SHA-256", "redress", "battery-staple")))
        await carry(replace(guarded, login=Login("PLAIN", "redress", PASSWORD)), "logged")
    assert "aiokafka" in caplog.text
    assert "battery-staple" not in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.kafka
async def test_a_broker_that_nobody_trusted_vouches_for_gets_no_login(guarded: Brokers, folder: Path) -> None:
    assert guarded.tls is not None
    stranger = Authority(folder, "stranger")
    await nothing_opens(replace(guarded, tls=replace(guarded.tls, ca_file=stranger.certificate)))


@pytest.mark.kafka
async def test_a_broker_under_another_name_than_its_certificates_gets_no_login(guarded: Brokers) -> None:
    elsewhere = guarded.bootstrap_servers.replace(HOST, "localhost")
    await nothing_opens(replace(guarded, bootstrap_servers=elsewhere))


@pytest.mark.kafka
async def test_a_client_without_the_certificate_that_is_asked_for_does_not_come_in(
    guarded: Brokers, authority: Authority
) -> None:
    await nothing_opens(replace(guarded, tls=Tls(authority.certificate)))


@pytest.mark.kafka
async def test_a_password_that_changes_in_its_file_needs_no_restart(guarded: Brokers, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("the-old-one\n")
    transport = KafkaTransport(
        replace(guarded, login=Login("SCRAM-SHA-256", "redress", password_file=file)), HASTY
    )
    with pytest.raises(TransportAway):
        await transport.open_publisher()
    file.unlink()
    with pytest.raises(TransportAway, match="cannot be read"):
        await transport.open_publisher()
    file.write_text(f"{PASSWORD}\n")
    publisher = await transport.open_publisher()
    assert await publisher.publish(records(TOPIC, 5)) == {}
    await publisher.close()
    await transport.close()


@pytest.mark.kafka
async def test_a_services_settings_lead_to_a_guarded_broker(
    guarded: Brokers, authority: Authority, mine: Pair, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1/nothing"),
        transport="kafka",
        kafka_bootstrap_servers=guarded.bootstrap_servers,
        kafka_security_protocol="SASL_SSL",
        kafka_ca_file=authority.certificate,
        kafka_certificate_file=mine.certificate,
        kafka_key_file=mine.key,
        kafka_sasl_mechanism="SCRAM-SHA-256",
        kafka_sasl_user="redress",
        kafka_sasl_password_file=file,
    )
    transport = open_transport(settings, log_engine=None, clock=utc_now)
    assert len(await transport.ends([TOPIC])) == 6
    await publish(transport, records(TOPIC, 1))
    await transport.close()


@pytest.mark.parametrize(
    ("protocol", "encrypted", "logs_in"),
    [
        ("PLAINTEXT", False, False),
        ("SSL", True, False),
        ("SASL_PLAINTEXT", False, True),
        ("SASL_SSL", True, True),
    ],
)
def test_the_protocol_alone_decides_on_encryption_and_login(
    protocol: SecurityProtocol, *, encrypted: bool, logs_in: bool
) -> None:
    settings = ServiceSettings(
        database_url=SecretStr("postgresql://nobody@127.0.0.1/nothing"),
        kafka_security_protocol=protocol,
        kafka_sasl_mechanism="PLAIN",
        kafka_sasl_user="redress",
        kafka_sasl_password=SecretStr(PASSWORD),
    )
    brokers = Brokers.of(settings)
    assert (brokers.tls is not None, brokers.login is not None) == (encrypted, logs_in)
    assert brokers.arguments()["security_protocol"] == protocol


def test_whatever_shows_a_login_shows_no_password() -> None:
    brokers = Brokers("127.0.0.1:9092", None, Login("PLAIN", "redress", PASSWORD))
    assert PASSWORD not in repr(brokers)


def test_a_file_that_is_absent_is_named_with_its_setting(mine: Pair, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    for tls, setting in (
        (Tls(absent), "REDRESS_KAFKA_CA_FILE"),
        (Tls(None, absent, mine.key), "REDRESS_KAFKA_CERTIFICATE_FILE"),
        (Tls(None, mine.certificate, absent), "REDRESS_KAFKA_KEY_FILE"),
    ):
        with pytest.raises(CannotOpen, match=rf"^{setting}: .*absent cannot be read \(No such file"):
            Brokers("127.0.0.1:9092", tls).check()
    with pytest.raises(CannotOpen, match=r"^REDRESS_KAFKA_SASL_PASSWORD_FILE: .*absent cannot be read"):
        Brokers("127.0.0.1:9092", None, Login("PLAIN", "redress", password_file=absent)).check()


def test_a_file_with_something_else_in_it_is_named_with_what_it_should_be(
    authority: Authority, mine: Pair, tmp_path: Path
) -> None:
    letter = tmp_path / "letter"
    letter.write_text("Dear all")
    with pytest.raises(CannotOpen, match=r"CA_FILE: .* holds no certificate: name a PEM file"):
        Tls(letter).context()
    with pytest.raises(CannotOpen, match=r"CERTIFICATE_FILE and REDRESS_KAFKA_KEY_FILE: .*belong together"):
        Tls(None, mine.certificate, authority.pair.key).context()
    with pytest.raises(CannotOpen, match=r"KEY_FILE: .* is encrypted: store the key without a passphrase"):
        Tls(None, mine.certificate, encrypted(mine)).context()
    letter.write_text("\n")
    with pytest.raises(CannotOpen, match=r"PASSWORD_FILE: .* is empty"):
        Login("PLAIN", "redress", password_file=letter).secret()
