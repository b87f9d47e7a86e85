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
        "kafka_sasl_password",
        "pepper",
    }


def kafka(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_TRANSPORT", "kafka")
    for name, value in values.items():
        monkeypatch.setenv(f"REDRESS_{name}", value)


LOGIN = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USER": "redress",
    "KAFKA_SASL_PASSWORD": "hunter2",
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        LOGIN,
        {"KAFKA_SECURITY_PROTOCOL": "SSL"},
        {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CERTIFICATE_FILE": "c", "KAFKA_KEY_FILE": "k"},
        LOGIN | {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"},
        LOGIN | {"KAFKA_SASL_PASSWORD": "", "KAFKA_SASL_PASSWORD_FILE": "p", "KAFKA_CA_FILE": "ca"},
    ],
)
def test_settings_of_kafka_that_fit_together_are_taken(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> None:
    kafka(monkeypatch, **values)
    settings = load_settings(IntakeSettings)
    assert settings.kafka_security_protocol == values.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (
            {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
            [
                "KAFKA_SASL_MECHANISM is missing: REDRESS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, so set it.",
                "KAFKA_SASL_USER is missing: REDRESS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, so set it.",
                (
                    "KAFKA_SASL_PASSWORD_FILE is missing: REDRESS_KAFKA_SECURITY_PROTOCOL is SASL_SSL, so set it, or "
                    "REDRESS_KAFKA_SASL_PASSWORD."
                ),
            ],
        ),
        (
            LOGIN | {"KAFKA_SASL_PASSWORD_FILE": "p"},
            ["KAFKA_SASL_PASSWORD and REDRESS_KAFKA_SASL_PASSWORD_FILE are both set: unset one of them."],
        ),
        (
            {"KAFKA_CA_FILE": "ca", "KAFKA_SASL_PASSWORD": "hunter2"},
            [
                (
                    "KAFKA_CA_FILE is set, but REDRESS_KAFKA_SECURITY_PROTOCOL is PLAINTEXT, which encrypts nothing: "
                    "choose SSL or SASL_SSL, or unset it."
                ),
                (
                    "KAFKA_SASL_PASSWORD is set, but REDRESS_KAFKA_SECURITY_PROTOCOL is PLAINTEXT, which logs nobody in: "
                    "choose SASL_SSL, or unset it."
                ),
            ],
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CERTIFICATE_FILE": "c"},
            [
                (
                    "KAFKA_KEY_FILE is missing: a certificate and its key go together, so set it too, or unset "
                    "REDRESS_KAFKA_CERTIFICATE_FILE."
                )
            ],
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_KEY_FILE": "k"},
            [
                (
                    "KAFKA_CERTIFICATE_FILE is missing: a certificate and its key go together, so set it too, or unset "
                    "REDRESS_KAFKA_KEY_FILE."
                )
            ],
        ),
    ],
)
def test_settings_of_kafka_that_do_not_fit_together_are_a_line_each_with_the_fix_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], lines: list[str]
) -> None:
    kafka(monkeypatch, **values)
    with pytest.raises(CannotStart) as stopped:
        load_settings(IntakeSettings)
    assert str(stopped.value).splitlines() == [f"REDRESS_{line}" for line in lines]


def test_a_misfit_names_the_variable_that_was_used(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka(monkeypatch, INTAKE_KAFKA_CA_FILE="ca", INTAKE_KAFKA_SECURITY_PROTOCOL="PLAINTEXT")
    with pytest.raises(CannotStart) as stopped:
        load_settings(IntakeSettings)
    assert str(stopped.value).startswith(
        "REDRESS_INTAKE_KAFKA_CA_FILE is set, but REDRESS_INTAKE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT"
    )


def test_settings_of_kafka_do_not_matter_where_events_take_another_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka(monkeypatch, TRANSPORT="embedded", KAFKA_SASL_USER="redress")
    assert load_settings(IntakeSettings).transport == "embedded"


def in_file(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_a_secret_that_no_variable_holds_is_read_from_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDRESS_SECRETS_DIR", str(tmp_path))
    in_file(tmp_path, "redress_database_url", "postgresql://shared@/shared\n")
    in_file(tmp_path, "redress_intake_database_url", f"{URL}\n")
    in_file(tmp_path, "redress_pepper", "file pepper\n")
    monkeypatch.setenv("REDRESS_PEPPER", "variable pepper")
    settings = load_settings(IntakeSettings)
    assert (settings.database_url.get_secret_value(), settings.pepper.get_secret_value()) == (
        URL,
        "variable pepper",
    )


def test_only_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDRESS_DATABASE_URL", URL)
    monkeypatch.setenv("REDRESS_SECRETS_DIR", str(tmp_path))
    in_file(tmp_path, "redress_log_level", "debug")
    assert load_settings(IntakeSettings).log_level == "info"


def test_a_secret_file_that_cannot_be_read_ends_the_start_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDRESS_SECRETS_DIR", str(tmp_path))
    (tmp_path / "redress_intake_database_url").mkdir()
    with pytest.raises(
        CannotStart, match=r"redress_intake_database_url cannot be read .*or set REDRESS_INTAKE"
    ):
        load_settings(IntakeSettings)


def test_a_folder_of_secrets_that_is_none_ends_the_start_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDRESS_SECRETS_DIR", str(tmp_path / "absent"))
    with pytest.raises(CannotStart, match=r"^REDRESS_SECRETS_DIR: .*absent is no folder: correct it"):
        load_settings(IntakeSettings)
