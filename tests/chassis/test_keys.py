import itertools
from pathlib import Path

import pytest

from chassis.auth import Keyring, read_keys
from chassis.keys import create_key, list_keys, main
from chassis.roles import ROLES
from common.actor import Actor
from common.clock import utc_now

PEPPER = "a pepper of the tests"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDRESS_PEPPER", PEPPER)
    return tmp_path / "keys.json"


def new(file: Path, *more: str) -> int:
    return main(
        ["new", "--file", str(file), "--name", "CRM", "--actor", "system:crm-1", "--scope", "a:read", *more]
    )


def test_new_prints_a_working_key_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new(file, "--scope", "a:write", "--source-system", "crm-1", "--expires", "90d") == 0
    token = capsys.readouterr().out.strip()
    principal = Keyring(file, PEPPER).principal(token)
    assert principal.scopes == {"a:read", "a:write"}
    assert principal.source_system == "crm-1"
    (record,) = read_keys(file).values()
    assert record.expires_at is not None
    assert (record.expires_at - record.created_at).days == 90


def test_list_shows_the_state_of_each_key_and_no_secret(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new(file)
    new(file, "--expires", "0h")
    token = capsys.readouterr().out.split()[0]
    assert main(["revoke", "--file", str(file), token.split("_")[2]]) == 0
    capsys.readouterr()
    assert main(["list", "--file", str(file)]) == 0
    shown = capsys.readouterr().out
    assert [line.split()[1] for line in shown.splitlines()] == ["revoked", "expired"]
    assert not any(record.hmac in shown for record in list_keys(file))


def test_revoking_a_key_that_is_not_there_says_so(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new(file)
    assert main(["revoke", "--file", str(file), "nothing"]) == 4
    assert "there is no key nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--expires", "soon"], "90d or 12h"),
        (["--scope", "Everything"], "a scope is written"),
        (["--environment", "LIVE"], "small letters"),
        (["--role", "boss"], "no role 'boss'"),
        (["--role", "crm"], "needs --source-system"),
    ],
)
def test_a_wrong_argument_is_one_line_and_makes_no_key(
    file: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert new(file, *more) == 2
    assert said in capsys.readouterr().err
    assert not file.exists()


def test_a_missing_pepper_is_said(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDRESS_PEPPER")
    assert new(file) == 2
    assert "REDRESS_PEPPER" in capsys.readouterr().err


def test_the_pepper_may_lie_in_a_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDRESS_PEPPER")
    monkeypatch.setenv("REDRESS_SECRETS_DIR", str(tmp_path))
    (tmp_path / "redress_pepper").write_text(f"{PEPPER}\n")
    assert new(file) == 0
    assert Keyring(file, PEPPER).principal(capsys.readouterr().out.strip()).scopes == {"a:read"}


def test_an_actor_is_written_kind_and_id(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["new", "--file", str(file), "--name", "CRM", "--actor", "crm", "--scope", "a:read"]
    assert main(arguments) == 2
    assert "kind:id" in capsys.readouterr().err


def test_keys_made_at_the_same_time_are_all_kept(file: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def make(number: int) -> str:
        actor = Actor("person", f"p{number}")
        return create_key(file, PEPPER, name="P", actor=actor, scopes=["a:read"], at=utc_now())[1].id

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(make, range(24)))
    assert {record.id for record in list_keys(file)} == made


def test_a_role_gives_its_scopes_and_more_may_be_added(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new(file, "--role", "crm", "--source-system", "crm-1") == 0
    principal = Keyring(file, PEPPER).principal(capsys.readouterr().out.strip())
    assert principal.scopes == {"a:read", *ROLES["crm"]}
    assert principal.source_system == "crm-1"


def test_each_role_may_what_the_one_below_it_may() -> None:
    # To have changes posted elsewhere is for a machine, of its own complaints, and for whoever runs Redress.
    rising = [
        set(ROLES["crm"]) - {"webhooks:manage"},
        *(set(ROLES[name]) for name in ("staff", "quality", "admin")),
    ]
    assert "webhooks:manage" in rising[-1]
    assert all(lower < higher for lower, higher in itertools.pairwise(rising))


def test_a_key_without_any_scope_is_not_made(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--file", str(file), "--name", "CRM", "--actor", "system:crm-1"]) == 2
    assert "a key needs a scope" in capsys.readouterr().err
