"""Certificates for tests, made by openssl: an authority, whom it vouches for, and a stranger."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.outside_tools import need_tool

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: Path
    key: Path


def need_openssl() -> None:
    """Leave the test out, saying how to get openssl; where CI=true, its absence is a failure."""
    need_tool("openssl", "openssl")


class Authority:
    """Vouches for others."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        _openssl(
            *_request(name), "-x509", "-days", "2", "-keyout", self.pair.key, "-out", self.pair.certificate
        )

    @property
    def certificate(self) -> Path:
        """What those who trust it hold."""
        return self.pair.certificate

    def vouch(self, name: str, *, address: str | None = None) -> Pair:
        """Make a certificate, for an address where it is a server's."""
        made = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        signed = ("-CA", self.pair.certificate, "-CAkey", self.pair.key, "-days", "2")
        named = ("-addext", f"subjectAltName=IP:{address}") if address else ()
        _openssl(*_request(name), "-x509", *signed, *named, "-keyout", made.key, "-out", made.certificate)
        return made


def encrypted(pair: Pair) -> Path:
    """Copy a key so that it asks for a passphrase."""
    made = pair.key.with_suffix(".encrypted")
    _openssl("pkcs8", "-topk8", "-in", pair.key, "-out", made, "-passout", "pass:secret")
    return made


def _request(name: str) -> tuple[str, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return ("req", *curve, "-nodes", "-subj", f"/CN={name}")


def _openssl(*arguments: str | Path) -> None:
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
