import json
import stat
from pathlib import Path

import pytest

from chassis.auth import Keyring
from chassis.problems import ProblemError
from chassis.roles import ROLES as SCOPES
from local.keys import make
from local.roles import KEYS, PEPPER, ROLES, ROLES_KNOWN, read_pepper, read_roles


def keyring(folder: Path) -> Keyring:
    return Keyring(folder / KEYS, read_pepper(folder))


def test_each_role_gets_a_key_with_the_rights_of_the_role(tmp_path: Path) -> None:
    make(tmp_path)

    keys, ring = read_roles(tmp_path), keyring(tmp_path)
    assert {name: ring.principal(key).scopes for name, key in keys.items()} == {
        role.name: frozenset(SCOPES[role.name]) for role in ROLES_KNOWN
    }


def test_only_the_crm_speaks_for_a_source_system(tmp_path: Path) -> None:
    make(tmp_path)

    keys, ring = read_roles(tmp_path), keyring(tmp_path)
    sources = {name: ring.principal(key).source_system for name, key in keys.items()}
    assert sources == {"crm": "crm", "staff": None, "quality": None, "admin": None}


def test_the_keys_stay_the_same_from_run_to_run(tmp_path: Path) -> None:
    make(tmp_path)
    first = read_roles(tmp_path)

    make(tmp_path)

    assert read_roles(tmp_path) == first


def test_a_role_whose_rights_have_changed_gets_a_new_key_and_the_old_one_opens_nothing(
    tmp_path: Path,
) -> None:
    make(tmp_path)
    old = read_roles(tmp_path)
    kept = json.loads((tmp_path / KEYS).read_text())
    for record in kept["keys"]:
        if record["name"] == "staff":
            record["scopes"] = ["complaints:read"]
    (tmp_path / KEYS).write_text(json.dumps(kept))

    make(tmp_path)

    new = read_roles(tmp_path)
    assert [name for name in new if new[name] != old[name]] == ["staff"]
    with pytest.raises(ProblemError):
        keyring(tmp_path).principal(old["staff"])


def test_after_the_pepper_was_lost_all_keys_are_made_anew(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / PEPPER).unlink()

    make(tmp_path)

    ring = keyring(tmp_path)
    assert all(ring.principal(key) for key in read_roles(tmp_path).values())


def test_nobody_but_the_owner_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in (PEPPER, KEYS, ROLES)} == {0o600}
