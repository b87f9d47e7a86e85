"""What a guarded broker asks of its clients: TLS with certificates on both sides, and a login where it is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from events.kafka.brokers import SaslMechanism, Tls

BROKER = "broker"
"""The name that brokers log in to one another with, when there are logins."""

_MECHANISMS: tuple[SaslMechanism, ...] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


@dataclass(frozen=True)
class Guard:
    """Makes a broker's door a guarded one; with `users` a login is asked for, by any of the mechanisms."""

    authority: Path
    """The certificate (PEM) of whoever vouches for broker and clients."""
    certificate: Path
    """The broker's certificate (PEM)."""
    key: Path
    """The key (PEM, PKCS 8) of the broker's certificate."""
    users: Mapping[str, str]
    """Passwords by name; plain words, and the broker's own name is among them."""

    @property
    def protocol(self) -> str:
        """Kafka's word for the door."""
        return "SASL_SSL" if self.users else "SSL"

    @property
    def tls(self) -> Tls:
        """How the launcher itself comes in: as the broker does."""
        return Tls(self.authority, self.certificate, self.key)

    def furnish(self, folder: Path) -> None:
        """Put the files into a node's folder, so that no path stands in its configuration."""
        own = "\n".join(path.read_text(encoding="utf-8") for path in (self.key, self.certificate))
        (folder / "own.pem").touch(mode=0o600)
        (folder / "own.pem").write_text(own, encoding="utf-8")
        (folder / "authority.pem").write_text(self.authority.read_text(encoding="utf-8"), encoding="utf-8")

    def properties(self) -> dict[str, str]:
        """Give the lines of server.properties."""
        door = f"listener.name.{self.protocol.lower()}"
        lines = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": "own.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": "authority.pem",
            f"{door}.ssl.client.auth": "required",
        }
        if self.users:
            own = f'username="{BROKER}" password="{self.users[BROKER]}"'
            known = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
            lines |= {
                "sasl.enabled.mechanisms": ",".join(_MECHANISMS),
                "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
                f"{door}.plain.sasl.jaas.config": f"{_PLAIN} required {own} {known};",
                f"{door}.scram-sha-256.sasl.jaas.config": f"{_SCRAM} required {own};",
                f"{door}.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required {own};",
            }
        return lines

    def registrations(self) -> list[str]:
        """Give the options that make the users known while a folder is formatted."""
        return [
            option
            for mechanism in _MECHANISMS[1:]
            for name, password in self.users.items()
            for option in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]
