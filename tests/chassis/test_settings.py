from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, ValidationError

from chassis.settings import (
    CannotStart,
    ServiceSettings,
    describe_settings,
    load_settings,
    load_settings_or_exit,
)

URL = "postgresql://redress@/intake?host=/run/postgresql"


class IntakeSettings(ServiceSettings):
    service: ClassVar[str] = "intake"

    imports: tuple[str, ...] = Field((), description="Profiles to load.")
    batch: int = Field(50, ge=1, description="Rows of one batch.")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("REDRESS_"):
            monkeypatch.delenv(name)


def test_a_services_own_variable_wins_over_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_LOG_LEVEL", "debug")
    monkeypatch.setenv("REDRESS_API_PORT", "8001")
    monkeypatch.setenv("REDRESS_INTAKE_API_PORT", "8101")
    settings = load_settings(IntakeSettings)
    assert (settings.api_port, settings.log_level, settings.database_url.get_secret_value()) == (
        8101,
        "debug",
        URL,
    )


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_PUBLIC_URL", "")
    monkeypatch.setenv("REDRESS_INTAKE_API_PORT", "")
    settings = load_settings(IntakeSettings)
    assert (settings.public_url, settings.api_port) == (None, 8000)


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_INTAKE_IMPORTS", "crm, phone,")
    assert load_settings(IntakeSettings).imports == ("crm", "phone")


def test_text_that_looks_like_json_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_CONFIG_DIR", "{folder}")
    assert load_settings(IntakeSettings).config_dir == Path("{folder}")


def test_a_missing_setting_is_one_line_that_names_the_variable_and_the_fix() -> None:
    with pytest.raises(CannotStart) as stopped:
        load_settings(IntakeSettings)
    line = str(stopped.value)
    assert line.startswith("REDRESS_INTAKE_DATABASE_URL (or REDRESS_DATABASE_URL) is missing: set it.")
    assert "\n" not in line


def test_a_wrong_setting_names_the_variable_it_came_from_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_API_PORT", "seven")
    monkeypatch.setenv("REDRESS_INTAKE_BATCH", "0")
    with pytest.raises(CannotStart) as stopped:
        load_settings(IntakeSettings)
    lines = sorted(str(stopped.value).splitlines())
    assert [line.split(" ", 1)[0] for line in lines] == ["REDRESS_API_PORT", "REDRESS_INTAKE_BATCH"]
    assert "seven" not in lines[0]


def test_a_process_that_cannot_read_its_settings_ends_with_2_and_no_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        load_settings_or_exit(IntakeSettings)
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert "REDRESS_INTAKE_DATABASE_URL" in shown
    assert "Traceback" not in shown


def test_settings_are_frozen_and_hide_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", "postgresql://redress:hunter2@db/intake")
    settings = load_settings(IntakeSettings)
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError, match="frozen"):
        settings.batch = 3  # type: ignore[misc]


def test_every_setting_is_described_with_its_variables_and_default() -> None:
    described = {setting.name: setting for setting in describe_settings(IntakeSettings)}
    assert all(setting.description for setting in described.values())
    assert described["batch"].variables == ("REDRESS_INTAKE_BATCH", "REDRESS_BATCH")
    assert described["batch"].default == "50"
    assert described["database_url"].default is None
    assert {name for name, setting in described.items() if setting.secret} == {
        "database_url",
        "log_database_url",
        "pepper",
    }
