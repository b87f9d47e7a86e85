import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.places import Places
from local.plan import CannotRunError, Plan, make_plan, refuse_busy_ports
from local.postgres import Server
from tests.local.ports import free_ports


def plan(home: Path, **given: str) -> Plan:
    return make_plan(Places(home, Path("config")), given, Server(home / "postgres"), pepper="p" * 43)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_each_service_gets_a_database_and_a_port_of_its_own(tmp_path: Path) -> None:
    environment = plan(tmp_path).environment

    assert environment["REDRESS_INTAKE_DATABASE_URL"].startswith("postgresql://redress@/redress_intake?host=")
    assert environment["REDRESS_LOG_DATABASE_URL"].startswith("postgresql://redress@/redress_log?host=")
    assert environment["REDRESS_CAPA_PUBLIC_URL"] == "http://127.0.0.1:8002"
    assert environment["REDRESS_NOTIFIER_SMTP_PORT"] == "8025"


def test_what_the_user_has_set_wins(tmp_path: Path) -> None:
    mine = plan(
        tmp_path, REDRESS_CAPA_API_PORT="18002", REDRESS_CAPA_DATABASE_URL="postgresql://db.example.org/capa"
    )

    assert mine.environment["REDRESS_CAPA_DATABASE_URL"] == "postgresql://db.example.org/capa"
    assert "REDRESS_CAPA_DATABASE_URL" not in mine.own_databases
    assert mine.url("capa") == mine.environment["REDRESS_CAPA_PUBLIC_URL"] == "http://127.0.0.1:18002"


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert plan(tmp_path, REDRESS_INTAKE_API_PORT="").url("intake") == "http://127.0.0.1:8001"


def test_a_mail_server_that_the_user_names_takes_the_place_of_the_mailbox(tmp_path: Path) -> None:
    mine = plan(tmp_path, REDRESS_NOTIFIER_SMTP_HOST="mail.example.org", REDRESS_NOTIFIER_SMTP_PORT="25")

    assert [program.name for program in mine.programs()] == ["intake", "capa", "notifier"]
    assert "REDRESS_NOTIFIER_SMTP_PORT" not in mine.listeners()


def test_with_kafka_no_database_is_made_for_the_log(tmp_path: Path) -> None:
    mine = plan(tmp_path, REDRESS_TRANSPORT="kafka", REDRESS_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:19092")

    assert "redress_log" not in mine.own_databases.values()
    assert mine.environment["REDRESS_KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19092"


def test_keys_of_the_users_own_are_not_replaced(tmp_path: Path) -> None:
    mine = plan(tmp_path, REDRESS_KEYS_FILE="/etc/redress/keys.json", REDRESS_PEPPER="q" * 43)

    assert not mine.own_keys
    assert mine.environment["REDRESS_PEPPER"] == "q" * 43


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "80 01"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotRunError, match="REDRESS_CAPA_API_PORT is "):
        plan(tmp_path, REDRESS_CAPA_API_PORT=text)


def test_an_unknown_transport_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="choose embedded or kafka"):
        plan(tmp_path, REDRESS_TRANSPORT="pigeon")


def test_free_ports_are_no_hindrance(tmp_path: Path) -> None:
    refuse_busy_ports(plan(tmp_path, **free_ports()))


def test_every_busy_port_is_named_with_the_variable_that_moves_it(tmp_path: Path, taken: int) -> None:
    ports = free_ports() | {"REDRESS_NOTIFIER_SMTP_PORT": str(taken)}

    with pytest.raises(CannotRunError, match=rf"Port {taken} is busy.*REDRESS_NOTIFIER_SMTP_PORT=<port>"):
        refuse_busy_ports(plan(tmp_path, **ports))


def test_one_port_for_two_is_refused(tmp_path: Path) -> None:
    ports = free_ports()
    ports["REDRESS_CAPA_API_PORT"] = ports["REDRESS_INTAKE_API_PORT"]

    with pytest.raises(CannotRunError, match="REDRESS_CAPA_API_PORT and REDRESS_INTAKE_API_PORT both say"):
        refuse_busy_ports(plan(tmp_path, **ports))
