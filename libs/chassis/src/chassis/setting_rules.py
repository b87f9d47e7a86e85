"""What settings must be together, beyond what each must be alone: each misfit is one line that names the variables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.addresses import is_safe
from chassis.setting_sources import variable_of

_KAFKA_FILES = ("kafka_ca_file", "kafka_certificate_file", "kafka_key_file")
_KAFKA_LOGIN = (
    "kafka_sasl_mechanism",
    "kafka_sasl_user",
    "kafka_sasl_password",
    "kafka_sasl_password_file",
)


@dataclass(frozen=True, slots=True)
class Given:
    """The values of one service's settings by their names."""

    service: str
    values: Mapping[str, Any]

    def variable(self, name: str) -> str:
        """Name the variable that a setting was read from."""
        return variable_of(self.service, name)

    def set_among(self, names: Sequence[str]) -> list[str]:
        """Say which of these settings have a value."""
        return [name for name in names if self.values[name] is not None]


def oidc_misfits(given: Given) -> Iterator[str]:
    """Say what of OIDC's settings is missing or dangerous."""
    issuer = given.variable("oidc_issuer")
    address: str | None = given.values["oidc_issuer"]
    audiences = given.variable("oidc_audiences")
    if address is None:
        for name in given.set_among(
            ("oidc_role_claim", "oidc_roles_file", "oidc_person_claim", "oidc_ca_file")
        ):
            yield f"{given.variable(name)} is set, but {issuer} is not: set it too, or unset the other."
        if given.values["oidc_audiences"]:
            yield f"{audiences} is set, but {issuer} is not: set it too, or unset the other."
        return
    if not is_safe(address):
        yield f"{issuer} is not valid: its keys would travel unprotected. Name an https address."
    if not given.values["oidc_audiences"]:
        yield f"{audiences} is missing: any token of the issuer would be let in. Name what its tokens for Redress are for."


def kafka_misfits(given: Given) -> Iterator[str]:
    """Say what of Kafka's settings is missing, and what would be ignored: somebody relies on it all the same."""
    protocol = str(given.values["kafka_security_protocol"])
    chosen = f"{given.variable('kafka_security_protocol')} is {protocol}"
    files = {name: given.variable(name) for name in given.set_among(_KAFKA_FILES)}
    login = {name: given.variable(name) for name in given.set_among(_KAFKA_LOGIN)}
    if not protocol.endswith("SSL"):
        for variable in files.values():
            yield f"{variable} is set, but {chosen}, which encrypts nothing: choose SSL or SASL_SSL, or unset it."
    elif len(pair := files.keys() - {"kafka_ca_file"}) == 1:
        (missing,) = {"kafka_certificate_file", "kafka_key_file"} - pair
        yield (
            f"{given.variable(missing)} is missing: a certificate and its key go together, so set it too, or "
            f"unset {files[pair.pop()]}."
        )
    if protocol.startswith("SASL_"):
        yield from _login_misfits(given, login, chosen)
    else:
        for variable in login.values():
            yield f"{variable} is set, but {chosen}, which logs nobody in: choose SASL_SSL, or unset it."


def _login_misfits(given: Given, login: Mapping[str, str], chosen: str) -> Iterator[str]:
    for name in ("kafka_sasl_mechanism", "kafka_sasl_user"):
        if name not in login:
            yield f"{given.variable(name)} is missing: {chosen}, so set it."
    passwords = [variable for name, variable in login.items() if "password" in name]
    if not passwords:
        file, text = (given.variable(f"kafka_sasl_{name}") for name in ("password_file", "password"))
        yield f"{file} is missing: {chosen}, so set it, or {text}."
    elif len(passwords) > 1:
        yield f"{' and '.join(passwords)} are both set: unset one of them."
