"""Where the settings of a process come from: variables of its environment, and the files of a folder of secrets."""

import os
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

PREFIX = "REDRESS_"
_LISTS = (list, tuple, set, frozenset)


class CannotStart(Exception):
    """The process cannot go on; the message is one line for the operator that names the fix."""

    exit_code: ClassVar[int] = 2


def variables_of(service: str, name: str) -> tuple[str, str]:
    """Name the two variables of a setting: the service's own, and the one that all services share."""
    return f"{PREFIX}{service.upper()}_{name.upper()}", f"{PREFIX}{name.upper()}"


def variable_of(service: str, name: str) -> str:
    """Name the variable that a setting was read from, or the shared one where neither is set."""
    own, shared = variables_of(service, name)
    return own if os.environ.get(own) else shared


class Variables(PydanticBaseSettingsSource):
    """One prefix of the environment, taken as plain text without JSON decoding."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        text = os.environ.get(f"{self._prefix}{field_name.upper()}", "")
        value = [part.strip() for part in text.split(",") if part.strip()] if _is_list(field) else text
        return value, field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value}


class SecretFiles(PydanticBaseSettingsSource):
    """The secrets of one prefix that lie in files of the folder that `secrets_dir` names."""

    def __init__(self, settings_cls: type[BaseSettings], prefix: str) -> None:
        super().__init__(settings_cls)
        self._prefix = prefix

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        folder = self.current_state.get("secrets_dir")
        if not folder or not holds(field.annotation, SecretStr):
            return "", field_name, False
        return read_secret(f"{self._prefix}{field_name.upper()}", Path(folder)), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value}


def read_secret(variable: str, folder: Path) -> str:
    """Read a variable's file in the folder of secrets: empty where there is none, CannotStart where it cannot be read."""
    file = folder / variable.lower()
    try:
        # An editor ends the line, and no secret has an end of line in it.
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        if folder.is_dir():
            return ""
        raise CannotStart(f"{PREFIX}SECRETS_DIR: {folder} is no folder: correct it.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CannotStart(
            f"{file} cannot be read ({reason}): let this process read it, or set {variable}."
        ) from None


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in _LISTS or field.annotation in _LISTS


def holds(annotation: object, kind: type) -> bool:
    """Whether a field's annotation is this type, or has it among its parts."""
    return annotation is kind or any(holds(part, kind) for part in get_args(annotation))
