import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.auth import Keyring, checksum, new_token, write_keys
from chassis.keys import create_key, revoke_key
from chassis.problems import ProblemError
from chassis.settings import CannotStart
from common.actor import Actor

PEPPER = "a pepper of the tests"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def made(file: Path, *scopes: str, expires_at: datetime | None = None) -> str:
    token, _ = create_key(
        file,
        PEPPER,
        name="CRM",
        actor=Actor("system", "crm-1"),
        scopes=scopes or ["complaints:write"],
        at=NOW,
        source_system="crm-1",
        expires_at=expires_at,
    )
    return token


def refusal(keyring: Keyring, token: str) -> str:
    with pytest.raises(ProblemError) as refused:
        keyring.principal(token)
    assert refused.value.status_code == 401
    assert refused.value.headers is not None
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer realm="redress", error="invalid_token"'
    return refused.value.detail


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "keys.json"


def test_a_key_tells_whom_it_stands_for(file: Path) -> None:
    token = made(file, "complaints:write", "complaints:read")
    principal = Keyring(file, PEPPER).principal(token)
    assert (principal.actor, principal.name, principal.source_system) == (
        Actor("system", "crm-1"),
        "CRM",
        "crm-1",
    )
    assert principal.scopes == {"complaints:write", "complaints:read"}
    assert principal.key_id == token.split("_")[2]


def test_a_key_has_the_form_that_secret_scanners_and_double_clicks_like(file: Path) -> None:
    token = made(file)
    product, environment, key_id, rest = token.split("_")
    assert (product, environment, len(key_id), len(rest)) == ("redress", "live", 10, 49)
    assert rest[-6:] == checksum(token[:-6])


def test_the_file_never_holds_a_key_and_is_readable_by_its_owner_alone(file: Path) -> None:
    token = made(file)
    text = file.read_text()
    assert token.split("_")[3][:43] not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob(".keys.json.[0-9a-f]*"))


def test_a_mistyped_key_is_refused_without_looking_it_up(file: Path) -> None:
    token = made(file)
    keyring = Keyring(file, PEPPER)
    mistyped = token[:-8] + ("a" if token[-8] != "a" else "b") + token[-7:]
    file.unlink()
    assert "checksum" in refusal(keyring, mistyped)
    assert "checksum" in refusal(keyring, "junk")


def test_a_key_that_was_never_made_here_is_refused(file: Path) -> None:
    made(file)
    assert "not known" in refusal(Keyring(file, PEPPER), new_token()[0])


def test_a_known_id_with_another_secret_is_refused(file: Path) -> None:
    token = made(file)
    forged = "_".join([*token.split("_")[:3], new_token()[0].split("_")[3][:43]])
    assert "not known" in refusal(Keyring(file, PEPPER), forged + checksum(forged))


def test_another_pepper_knows_no_key(file: Path) -> None:
    token = made(file)
    assert "not known" in refusal(Keyring(file, PEPPER + "!"), token)


def test_a_key_expires_at_its_instant(file: Path) -> None:
    token = made(file, expires_at=NOW + timedelta(days=1))
    now = [NOW]
    keyring = Keyring(file, PEPPER, clock=lambda: now[0])
    assert keyring.principal(token).name == "CRM"
    now[0] = NOW + timedelta(days=1)
    assert "expired" in refusal(keyring, token)


def test_a_revocation_holds_at_once_for_a_process_that_runs(file: Path) -> None:
    token = made(file)
    keyring = Keyring(file, PEPPER)
    assert keyring.principal(token).name == "CRM"
    revoke_key(file, token.split("_")[2], at=NOW)
    assert "revoked" in refusal(keyring, token)


def test_a_new_key_is_known_at_once_to_a_process_that_runs(file: Path) -> None:
    made(file)
    keyring = Keyring(file, PEPPER)
    assert keyring.principal(made(file)).name == "CRM"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"keys": [{"id": "x"}]}', '{"keys": 3}'])
def test_a_file_that_is_damaged_while_a_process_runs_leaves_the_last_good_keys(
    file: Path, damage: str
) -> None:
    token = made(file)
    keyring = Keyring(file, PEPPER)
    file.write_text(damage)
    with capture_logs() as logs:
        assert {keyring.principal(token).name for _ in range(5)} == {"CRM"}
        file.unlink()
        assert {keyring.principal(token).name for _ in range(5)} == {"CRM"}
    assert [event["event"] for event in logs] == ["keys_file_unreadable"] * 2


def test_a_missing_or_damaged_file_stops_the_start_with_the_fix(file: Path) -> None:
    with pytest.raises(CannotStart, match=r"REDRESS_KEYS_FILE.*python -m chassis\.keys new"):
        Keyring(file, PEPPER)
    made(file)
    file.write_text("{")
    with pytest.raises(CannotStart, match="damaged"):
        Keyring(file, PEPPER)


def test_a_missing_pepper_stops_the_start(file: Path) -> None:
    made(file)
    with pytest.raises(CannotStart, match="REDRESS_PEPPER"):
        Keyring(file, "")


def test_a_file_is_replaced_whole_or_not_at_all(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(file)
    before = file.read_text()

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_keys(file, [])
    assert file.read_text() == before
    assert json.loads(before)["version"] == 1
    assert {path.name for path in file.parent.iterdir()} == {"keys.json", ".keys.json.lock"}
