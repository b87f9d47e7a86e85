import socket

import pytest

from benchmarks.load.loopback import NotLoopbackError, loopback, loopback_database


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "http://127.8.9.1:8001", "http://[::1]:8001"])
def test_this_machines_own_addresses_are_taken(url: str) -> None:
    assert loopback(url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:8001",
        "http://10.0.0.1:8001",
        "http://0.0.0.0:8001",
        "http://[2001:db8::1]:8001",
        "https://127.0.0.1:8001",
        "127.0.0.1:8001",
        "http://:8001",
        "http://127.0.0.1:99999",
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(NotLoopbackError):
        loopback(url)


def test_a_name_is_refused_when_any_of_its_addresses_leads_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", 8001)), (2, 1, 6, "", ("192.0.2.7", 8001))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(NotLoopbackError, match=r"192\.0\.2\.7"):
        loopback("http://intake.example.org:8001")


def test_a_name_that_leads_here_is_kept_as_the_number_it_had() -> None:
    assert loopback("http://localhost:8001").host in {"127.0.0.1", "::1"}


def test_a_database_is_reached_by_a_socket_or_on_loopback_alone() -> None:
    for fine in ("postgresql://u@/d?host=/run/pg&port=5432", "postgresql://u:p@127.0.0.1/d"):
        assert loopback_database(fine) == fine
    for away in ("postgresql://u:p@192.0.2.1/d", "postgresql://u@/d?host=192.0.2.1", "postgresql:///d"):
        with pytest.raises(NotLoopbackError):
            loopback_database(away)
