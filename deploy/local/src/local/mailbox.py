"""An SMTP server that keeps each mail as one `.eml` file that a person can open, and sends nothing on."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

LARGEST_MAIL = 25_000_000
"""Bytes; a larger mail is refused, as most providers would."""

_SLUG_LENGTH = 60


def _now() -> datetime:
    return datetime.now(UTC)


class Mailbox:
    """Takes mail by SMTP and keeps it in a folder, one file for each mail, newest name last."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self.folder = folder
        self._clock = clock

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Take mail on this address until the returned server is closed; raises OSError when the port is busy."""
        self.folder.mkdir(parents=True, exist_ok=True)

        def conversation() -> SMTP:
            return SMTP(self, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, ident="Redress mailbox")

        return await asyncio.get_running_loop().create_server(conversation, host, port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep one mail, then say so; a mail that cannot be kept is answered as a passing failure, to be sent again."""
        content = envelope.content
        mail = content if isinstance(content, bytes) else (content or "").encode()
        try:
            kept = await asyncio.to_thread(
                self.keep, envelope.mail_from or "", envelope.rcpt_tos, mail, self._clock()
            )
        except OSError as error:
            print(f"A mail could not be kept: {error}", file=sys.stderr, flush=True)
            return "452 The mail could not be stored"
        print(f"Kept {kept.name}", flush=True)
        return "250 Kept"

    def keep(self, sender: str, recipients: list[str], mail: bytes, at: datetime) -> Path:
        """Write the mail whole or not at all, with its envelope as the first headers, and return its file."""
        envelope = [
            f"X-Envelope-From: {_plain(sender)}",
            *(f"X-Envelope-To: {_plain(to)}" for to in recipients),
        ]
        whole = "\r\n".join([*envelope, f"X-Received-At: {at.isoformat()}", ""]).encode() + mail
        when = at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
        stem = "--".join([when, _address(recipients), _slug(_subject(mail))])
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{stem}.{os.getpid()}.{id(mail)}"
        try:
            with draft.open("xb") as file:
                file.write(whole)
                file.flush()
                os.fsync(file.fileno())
            return _linked(draft, self.folder, stem)
        finally:
            draft.unlink(missing_ok=True)


async def run(folder: Path, host: str, port: int) -> None:
    """Take mail until SIGTERM or SIGINT, then let conversations under way end for a moment."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await Mailbox(folder).listen(host, port)
    print(f"Taking mail on {host}:{port} into {folder}", flush=True)
    await stop.wait()
    server.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 2)


def _linked(draft: Path, folder: Path, stem: str) -> Path:
    """Give the draft its name; a number tells apart mails of the same moment, recipient and subject."""
    number = 1
    while True:
        place = folder / (f"{stem}.eml" if number == 1 else f"{stem}-{number}.eml")
        try:
            os.link(draft, place)
        except FileExistsError:
            number += 1
        else:
            return place


def _subject(mail: bytes) -> str:
    try:
        subject: Any = message_from_bytes(mail, policy=policy.default)["Subject"]
    except (LookupError, ValueError, UnicodeError):
        return ""  # a broken header is no reason to lose a mail
    return str(subject or "")


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LENGTH].rstrip("-") or "no-subject"


def _address(recipients: list[str]) -> str:
    first = re.sub(r"[^A-Za-z0-9@._+-]", "_", recipients[0] if recipients else "nobody")[:_SLUG_LENGTH]
    return first if len(recipients) < 2 else f"{first}-and-{len(recipients) - 1}-more"  # noqa: PLR2004 - one is alone


def _plain(header: str) -> str:
    return re.sub(r"[\r\n\0]", " ", header)
