"""Messages as mail."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import aiosmtplib
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notifier.channels.links import Links
from notifier.domain.ladder import StepKind
from notifier.domain.notice import Item, Message
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater

_SUBJECT: Final = 150
_REFERENCES: Final = 10
_TRANSIENT = range(400, 500)
_PERMANENT: Final = 500
# Mailbox full and policy: the recipient is right, and an operator or time can help.
_CONFIGURATION: Final = frozenset({530, 535, 538, 552, 554})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """How to hand mail over."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: str | None = None
    timeout: timedelta = timedelta(seconds=20)


class EmailChannel:
    """Sends one envelope for each recipient; the Message-ID is the delivery's, so that a repetition shows as one."""

    def __init__(self, server: MailServer, sender: str, links: Links) -> None:
        self._server = server
        self._sender = sender
        self._links = links
        self._templates = _environment()

    async def send(self, message: Message) -> Outcome:
        """Make one attempt; the reason is a code and never repeats what the server said."""
        recipient = message.person.email
        if recipient is None:
            return GaveUp("no_channel")
        mail = self.compose(message)
        server = self._server
        try:
            await aiosmtplib.send(
                mail,
                sender=_address(self._sender),
                recipients=[recipient],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=server.timeout.total_seconds(),
            )
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            return outcome_of(error)
        return Sent()

    def compose(self, message: Message) -> EmailMessage:
        """Write the mail, in text and HTML, with times in the recipient's zone."""
        domain = _address(self._sender).rpartition("@")[2]
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = message.person.email
        mail["Subject"] = subject_of(message)
        mail["Date"] = format_datetime(message.written_at)
        mail["Message-ID"] = f"<{message.delivery_id}@{domain}>"
        mail["References"] = " ".join(f"<{subject_id}@{domain}>" for subject_id in _subjects(message))
        mail["Auto-Submitted"] = "auto-generated"
        values = _values(message, self._links)
        mail.set_content(self._templates.get_template("notice.txt.j2").render(values))
        mail.add_alternative(self._templates.get_template("notice.html.j2").render(values), subtype="html")
        return mail


def outcome_of(  # noqa: PLR0911  (one line for each kind of failure reads best)
    error: aiosmtplib.SMTPException | OSError | UnicodeError,
) -> Outcome:
    """Judge a failure: a refused recipient or content is final, everything that time or an operator can mend is not."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _judge(error.recipients[0].code)
        case (
            aiosmtplib.SMTPAuthenticationError() | aiosmtplib.SMTPSenderRefused() | aiosmtplib.SMTPHeloError()
        ):
            return TryLater(f"smtp_{error.code}")
        case aiosmtplib.SMTPConnectError():
            return TryLater("smtp_unreachable")
        case aiosmtplib.SMTPResponseException():
            return _judge(error.code)
        case aiosmtplib.SMTPNotSupported() | UnicodeError():
            return GaveUp("address_not_supported")
        case aiosmtplib.SMTPReadTimeoutError() | aiosmtplib.SMTPServerDisconnected():
            # It may have happened after the content was handed over.
            return TryLater("smtp_interrupted", maybe_delivered=True)
        case _:
            return TryLater("smtp_unreachable")


def subject_of(message: Message) -> str:
    """Say in one line what the mail is about; control characters of titles are left out."""
    if message.total == 1:
        item = message.items[0]
        return _one_line(f"{_word(item)}: {item.title}")
    return f"{message.total} deadlines need attention, the first: {_one_line(message.items[0].title)}"[
        :_SUBJECT
    ]


def _judge(code: int) -> Outcome:
    if code in _TRANSIENT or code in _CONFIGURATION or code < _PERMANENT:
        return TryLater(f"smtp_{code}")
    return GaveUp(f"smtp_{code}")


def _word(item: Item) -> str:
    match item.kind:
        case StepKind.REMINDER:
            return "Reminder"
        case StepKind.BREACH:
            return "Overdue"
        case StepKind.ESCALATION:
            return "Still overdue"


def _values(message: Message, links: Links) -> Mapping[str, Any]:
    zone = ZoneInfo(message.person.timezone)
    return {
        "name": message.person.name,
        "total": message.total,
        "rest": message.total - len(message.items),
        "zone": message.person.timezone,
        "items": [
            {
                "word": _word(item),
                "title": _printable(item.title),
                "due": _local(item.due_at, zone),
                "severity": str(item.severity),
                "owner": item.owner or "nobody",
                "link": item.link,
                "why": item.why,
                "deadline": links.deadline(item),
                "acknowledge": links.acknowledge(item, message.person),
            }
            for item in message.items
        ],
    }


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%a %d %b %Y %H:%M %Z}"


def _subjects(message: Message) -> list[str]:
    return list(dict.fromkeys(str(item.subject_id) for item in message.items))[:_REFERENCES]


def _address(sender: str) -> str:
    return sender.rpartition("<")[2].removesuffix(">").strip()


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())[:_SUBJECT]


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(letter).startswith("C") else letter for letter in text)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("notifier"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
