"""What runs on this machine, on which ports, and with which environment: decided before anything is started."""

import errno
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from local import roles, web
from local.places import Places
from local.postgres import Server
from local.supervisor import Program

HOST = "127.0.0.1"
SERVICES = ("intake", "capa", "notifier")
MAILBOX = "mailbox"

DATABASES = {
    "REDRESS_INTAKE_DATABASE_URL": "redress_intake",
    "REDRESS_CAPA_DATABASE_URL": "redress_capa",
    "REDRESS_NOTIFIER_DATABASE_URL": "redress_notifier",
    "REDRESS_LOG_DATABASE_URL": "redress_log",
}

PORTS = {
    "REDRESS_INTAKE_API_PORT": 8001,
    "REDRESS_CAPA_API_PORT": 8002,
    "REDRESS_NOTIFIER_API_PORT": 8003,
    "REDRESS_INTAKE_METRICS_PORT": 9001,
    "REDRESS_CAPA_METRICS_PORT": 9002,
    "REDRESS_NOTIFIER_METRICS_PORT": 9003,
    "REDRESS_NOTIFIER_SMTP_PORT": 8025,
}

SERVICE_STOP_SECONDS = 4
"""How long a service may take to finish what it has begun; the whole system has to be down within ten."""

_LARGEST_PORT = 65_535


class CannotRunError(Exception):
    """Something that a person has to put right first; the text says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The environment of all processes, with what the user has set already winning over the defaults."""

    places: Places
    environment: Mapping[str, str]
    own_databases: Mapping[str, str]
    own_keys: bool

    @property
    def transport(self) -> str:
        """How events travel: `embedded` or `kafka`."""
        return self.environment["REDRESS_TRANSPORT"]

    @property
    def kafka(self) -> str:
        """Where Kafka's brokers are."""
        return self.environment["REDRESS_KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def own_mailbox(self) -> bool:
        """Whether mail goes to the mailbox of this machine and not to a server that the user named."""
        return self.environment["REDRESS_NOTIFIER_SMTP_HOST"] == HOST

    def port(self, variable: str) -> int:
        """Return the port that this variable sets."""
        return int(self.environment[variable])

    def host(self, service: str, kind: str) -> str:
        """Return the address that a service's `api` or `metrics` listens on."""
        own, shared = f"REDRESS_{service.upper()}_{kind.upper()}_HOST", f"REDRESS_{kind.upper()}_HOST"
        return self.environment.get(own) or self.environment.get(shared) or HOST

    def url(self, service: str, kind: str = "api") -> str:
        """Return the address at which this machine reaches a service's `api` or `metrics`."""
        host = self.host(service, kind)
        # A service that listens everywhere is reached at loopback.
        shown = HOST if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
        return f"http://{shown}:{self.port(f'REDRESS_{service.upper()}_{kind.upper()}_PORT')}"

    def listeners(self) -> dict[str, tuple[str, int]]:
        """Return the address behind each variable that sets a port this system will listen on."""
        taken = {
            f"REDRESS_{service.upper()}_{kind.upper()}_PORT": self.host(service, kind)
            for service in SERVICES
            for kind in ("api", "metrics")
        }
        if self.own_mailbox:
            taken["REDRESS_NOTIFIER_SMTP_PORT"] = HOST
        return {variable: (host, self.port(variable)) for variable, host in taken.items()}

    def programs(self) -> list[Program]:
        """List what the supervisor keeps running, the mailbox first."""
        programs = [self._service(name) for name in SERVICES]
        return [self._mailbox(), *programs] if self.own_mailbox else programs

    def _service(self, name: str) -> Program:
        return Program(
            name=name,
            command=(sys.executable, "-m", name, "all"),
            environment=self.environment,
            log=self.places.logs / f"{name}.log",
            ready=lambda: web.is_ready(f"{self.url(name)}/health/ready"),
        )

    def _mailbox(self) -> Program:
        port = self.port("REDRESS_NOTIFIER_SMTP_PORT")
        options = ("--host", HOST, "--port", str(port), "--folder", str(self.places.mail))
        return Program(
            name=MAILBOX,
            command=(sys.executable, "-m", "local", "mailbox", *options),
            environment=self.environment,
            log=self.places.logs / f"{MAILBOX}.log",
            ready=lambda: web.listens(HOST, port),
        )


def make_plan(places: Places, given: Mapping[str, str], server: Server, pepper: str) -> Plan:
    """Complete the environment that the user has `given`; an empty variable counts as unset."""
    mine = {name: value for name, value in given.items() if value or not name.startswith("REDRESS_")}
    transport = mine.get("REDRESS_TRANSPORT", "embedded")
    if transport not in {"embedded", "kafka"}:
        raise CannotRunError(f"REDRESS_TRANSPORT is {transport!r}: choose embedded or kafka.")
    databases = {
        variable: name
        for variable, name in DATABASES.items()
        if variable not in mine and not (transport == "kafka" and name == "redress_log")
    }
    environment = {
        "REDRESS_TRANSPORT": transport,
        "REDRESS_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "REDRESS_KEYS_FILE": str(places.secrets / roles.KEYS),
        "REDRESS_PEPPER": pepper,
        "REDRESS_CONFIG_DIR": str(places.config),
        "REDRESS_STOP_TIMEOUT_SECONDS": str(SERVICE_STOP_SECONDS),
        "REDRESS_INTAKE_ATTACHMENT_STORE": "folder",
        "REDRESS_INTAKE_ATTACHMENT_FOLDER": str(places.attachments),
        "REDRESS_NOTIFIER_SMTP_HOST": HOST,
        "REDRESS_NOTIFIER_MAIL_FROM": "redress@example.org",
        # On one machine the receivers of webhooks are private addresses too.
        "REDRESS_NOTIFIER_WEBHOOK_ALLOW": "127.0.0.0/8",
        "REDRESS_INTAKE_WEBHOOK_ALLOW": "127.0.0.0/8",
        # One key does here what many do elsewhere, and load generators measure what the machine can do.
        "REDRESS_RATE_LIMIT_READ": "6000000",
        "REDRESS_RATE_LIMIT_WRITE": "6000000",
        "REDRESS_RATE_LIMIT_EXPORT": "6000",
        "REDRESS_RATE_LIMIT_BULK": "6000",
        "PYTHONUNBUFFERED": "1",
    }
    environment |= {variable: server.url(name) for variable, name in databases.items()}
    environment |= {variable: str(port) for variable, port in PORTS.items()}
    environment |= mine
    _check_ports(environment)
    own_keys = not {"REDRESS_KEYS_FILE", "REDRESS_PEPPER"} & mine.keys()
    plan = Plan(places, environment, databases, own_keys)
    public = {f"REDRESS_{name.upper()}_PUBLIC_URL": plan.url(name) for name in SERVICES}
    return Plan(places, public | environment, databases, own_keys)


def refuse_busy_ports(plan: Plan) -> None:
    """Raise CannotRunError that names each port which somebody else holds, and the variable that moves it."""
    lines: list[str] = []
    seen: dict[int, str] = {}
    for variable, (host, port) in plan.listeners().items():
        if port in seen:
            lines.append(f"{variable} and {seen[port]} both say {port}: give each a port of its own.")
        elif hindrance := _hindrance(host, port):
            lines.append(f"Port {port} {hindrance}, or choose another one: {variable}=<port>.")
        seen.setdefault(port, variable)
    if lines:
        raise CannotRunError("\n".join(lines))


def _check_ports(environment: Mapping[str, str]) -> None:
    for variable in PORTS:
        text = environment[variable]
        if not (text.isdecimal() and 0 < int(text) <= _LARGEST_PORT):
            raise CannotRunError(f"{variable} is {text!r}: it must be a port from 1 to {_LARGEST_PORT}.")


def _hindrance(host: str, port: int) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As the services do it: a connection that is still fading away is no hindrance, a listener is.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is busy: end what uses it"
            return f"cannot be used on {host} ({error.strerror}): allow it"
    return ""
