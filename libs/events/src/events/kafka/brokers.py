"""Where Kafka's brokers are, how a client makes sure that it talks to them, and how it says who it is."""

import logging
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import SecretStr

from events.failures import CannotOpen

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

_REQUESTS = logging.getLogger("aiokafka.conn")
"""Writes each request whole where debugging is on, the one that logs in and its password too."""

_CA, _CERTIFICATE, _KEY, _PASSWORD = (
    f"REDRESS_KAFKA_{name}_FILE" for name in ("CA", "CERTIFICATE", "KEY", "SASL_PASSWORD")
)


class BrokerSettings(Protocol):
    """What a service's settings say about its brokers, checked to fit together."""

    @property
    def kafka_bootstrap_servers(self) -> str:
        """Brokers as host:port, separated by commas."""
        ...

    @property
    def kafka_security_protocol(self) -> SecurityProtocol:
        """Whether connections are encrypted, and whether clients log in."""
        ...

    @property
    def kafka_ca_file(self) -> Path | None:
        """Certificates (PEM) of the authorities that are trusted; None trusts the system's."""
        ...

    @property
    def kafka_certificate_file(self) -> Path | None:
        """The client's own certificate (PEM)."""
        ...

    @property
    def kafka_key_file(self) -> Path | None:
        """The key (PEM) of the client's certificate."""
        ...

    @property
    def kafka_sasl_mechanism(self) -> SaslMechanism | None:
        """How the client logs in."""
        ...

    @property
    def kafka_sasl_user(self) -> str | None:
        """The name that it logs in with."""
        ...

    @property
    def kafka_sasl_password(self) -> SecretStr | None:
        """The password itself."""
        ...

    @property
    def kafka_sasl_password_file(self) -> Path | None:
        """A file that holds the password."""
        ...


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom a client trusts, and the certificate that it shows where it has one."""

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Read the files anew, so that a renewed certificate needs no restart; raises CannotOpen.

        The broker's name is always compared with its certificate.
        """
        if self.ca_file is not None:
            _text(self.ca_file, _CA)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except ssl.SSLError:
            raise CannotOpen(f"{_CA}: {self.ca_file} holds no certificate: name a PEM file.") from None
        if self.certificate_file is not None:
            self._show_own(context, self.certificate_file)
        return context

    def _show_own(self, context: ssl.SSLContext, certificate: Path) -> None:
        _text(certificate, _CERTIFICATE)
        if self.key_file is not None:
            _text(self.key_file, _KEY)

        def passphrase() -> str:
            raise CannotOpen(f"{_KEY}: {self.key_file} is encrypted: store the key without a passphrase.")

        try:
            context.load_cert_chain(certificate, self.key_file, password=passphrase)
        except ssl.SSLError as error:
            raise CannotOpen(
                f"{_CERTIFICATE} and {_KEY}: {certificate} and {self.key_file} are no certificate with its key "
                f"({error.reason or 'not PEM'}): name two PEM files that belong together."
            ) from None


@dataclass(frozen=True, slots=True)
class Login:
    """Who a client is; the password stands here or in a file."""

    mechanism: SaslMechanism
    user: str
    password: str = field(default="", repr=False)
    password_file: Path | None = None

    def secret(self) -> str:
        """Give the password, from its file as it is now; raises CannotOpen."""
        if self.password_file is None:
            return self.password
        # An editor ends the line, and no password has an end of line in it.
        secret = _text(self.password_file, _PASSWORD).rstrip("\r\n")
        if not secret:
            raise CannotOpen(f"{_PASSWORD}: {self.password_file} is empty: write the password into it.")
        return secret


@dataclass(frozen=True, slots=True)
class Brokers:
    """How to reach a cluster; without `tls` nothing is encrypted, without `login` nobody says who it is."""

    bootstrap_servers: str
    tls: Tls | None = None
    login: Login | None = None

    @classmethod
    def of(cls, settings: BrokerSettings) -> "Brokers":
        """Take what settings say that fit together."""
        protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
        tls = Tls(settings.kafka_ca_file, settings.kafka_certificate_file, settings.kafka_key_file)
        login = None
        if protocol.startswith("SASL_") and mechanism is not None:
            password = settings.kafka_sasl_password
            login = Login(
                mechanism,
                settings.kafka_sasl_user or "",
                password.get_secret_value() if password else "",
                settings.kafka_sasl_password_file,
            )
        return cls(settings.kafka_bootstrap_servers, tls if protocol.endswith("SSL") else None, login)

    def check(self) -> None:
        """Read every file once; raises CannotOpen, which names the setting and what to do."""
        self.arguments()

    def arguments(self) -> dict[str, Any]:
        """Give what every client of aiokafka is built with; raises CannotOpen where a file cannot be used."""
        given: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": "redress",
            "security_protocol": ("SASL_" if self.login else "") + ("SSL" if self.tls else "PLAINTEXT"),
        }
        if self.tls:
            given["ssl_context"] = self.tls.context()
        if self.login:
            _REQUESTS.setLevel(max(_REQUESTS.getEffectiveLevel(), logging.WARNING))
            given["sasl_mechanism"] = self.login.mechanism
            given["sasl_plain_username"] = self.login.user
            given["sasl_plain_password"] = self.login.secret()
        return given


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CannotOpen(
            f"{setting}: {path} cannot be read ({reason}): name a file that this process may read."
        ) from None
