import smtplib
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from local.mailbox import Mailbox

AT = datetime(2026, 11, 22, 9, 30, 15, 250_000, tzinfo=UTC)


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[int]:
    server = await Mailbox(folder, clock=lambda: AT).listen("127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def a_mail(
    subject: str = "Overdue: A-1001", to: str = "anna.berg@example.org", body: str = "Dear Anna"
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "redress@example.org"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<delivery-1@example.org>"
    mail.set_content(body)
    return mail


def mails_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def send(port: int, *mails: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        for mail in mails:
            client.send_message(mail)


async def test_a_mail_that_was_sent_by_smtp_can_be_opened_as_a_file(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await to_thread(send, port, a_mail(body="Grüße, the action is late.\n.starts with a dot\n"))

    (kept,) = mails_in(tmp_path)
    mail = message_from_bytes(kept.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "Overdue: A-1001"
    assert mail["Message-ID"] == "<delivery-1@example.org>"
    assert mail["X-Envelope-To"] == "anna.berg@example.org"
    assert mail.get_content().splitlines() == ["Grüße, the action is late.", ".starts with a dot"]


async def test_the_name_of_the_file_tells_time_recipient_and_subject(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await to_thread(send, port, a_mail(subject="Überfällig: 2 actions / “A-1001”"))

    (kept,) = mails_in(tmp_path)
    assert kept.name == "2026-11-22T09-30-15.250000Z--anna.berg@example.org--uberfallig-2-actions-a-1001.eml"


async def test_equal_mails_of_the_same_moment_are_all_kept(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await to_thread(send, port, a_mail(), a_mail(), a_mail())

    assert len(mails_in(tmp_path)) == 3


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a b/c@example.org", "a_b_c@example.org"),
        ("x" * 300, "x" * 60),
    ],
)
def test_no_address_leads_out_of_the_folder(tmp_path: Path, recipient: str, shown: str) -> None:
    kept = Mailbox(tmp_path / "mail").keep("redress@example.org", [recipient], bytes(a_mail()), AT)

    assert kept.parent == tmp_path / "mail"
    assert kept.name.split("--")[1] == shown


async def test_a_mail_that_cannot_be_kept_is_refused_for_now_so_that_it_is_sent_again(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    async with listening(folder) as port:
        folder.rmdir()
        folder.write_text("in the way")

        with pytest.raises(smtplib.SMTPDataError) as refused:
            await to_thread(send, port, a_mail())

    assert refused.value.smtp_code == 452


async def test_nothing_half_written_is_left_beside_the_mails(tmp_path: Path) -> None:
    async with listening(tmp_path) as port:
        await to_thread(send, port, a_mail(), a_mail(subject="Another"))

    assert [file.suffix for file in mails_in(tmp_path)] == [".eml", ".eml"]
