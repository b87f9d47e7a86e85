"""Channels by themselves: signatures, addresses, judgements."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import uuid4

import pytest
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPServerDisconnected,
)
from standardwebhooks.webhooks import Webhook as StandardWebhook

from chassis.webhooks.addresses import AddressGuard, AddressRefused
from chassis.webhooks.signing import new_secret, sign
from notifier.channels import email
from notifier.channels.links import Links
from notifier.channels.webhook import MOST_BYTES, WebhookChannel, outcome_of, webhook_body
from notifier.domain.deadline import Severity
from notifier.domain.ladder import StepKind
from notifier.domain.notice import Item, Message
from notifier.domain.outcomes import GaveUp, Outcome, Sent, TryLater
from notifier.domain.person import Channel, Person, Webhook
from tests.notifier.receiver import Receiver

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
LINKS = Links("https://notifier.example/")


def an_item(title: str = "Contain: loans") -> Item:
    return Item(
        notice_id=uuid4(),
        subject_kind="action",
        subject_id=uuid4(),
        clock="complete",
        step="overdue",
        kind=StepKind.BREACH,
        title=title,
        due_at=NOW,
        severity=Severity.MAJOR,
        owner="anna",
        link="/v1/actions/A-1001",
        why=None,
    )


def a_message(url: str, *items: Item) -> Message:
    person = Person(
        id="anna",
        name="Anna",
        email="anna@example.org",
        webhook=Webhook(url, new_secret()),
        manager=None,
        team=None,
        timezone="UTC",
        active=True,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    told = items or (an_item(),)
    return Message(
        delivery_id=uuid4(),
        person=person,
        channel=Channel.WEBHOOK,
        items=told,
        total=len(told),
        attempt=1,
        written_at=NOW,
    )


def a_channel(guard: AddressGuard) -> WebhookChannel:
    return WebhookChannel(guard, lambda: NOW, LINKS, timeout=timedelta(seconds=5))


def test_a_signature_is_the_one_of_the_standard_library() -> None:
    secret = new_secret()
    body = '{"type":"redress.notice.v1"}'
    ours = sign("id-1", int(NOW.timestamp()), body.encode(), [secret])
    assert ours == StandardWebhook(secret).sign("id-1", NOW, body)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104  (an address that must be refused)
        "224.0.0.1",
        "100.64.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "fe80::1",
        "fd00::1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_an_address_that_is_not_public_is_refused_unless_listed(address: str) -> None:
    assert not AddressGuard().permits(ip_address(address))


def test_public_addresses_and_listed_networks_are_permitted() -> None:
    guard = AddressGuard((ip_network("10.1.0.0/16"),))
    permitted = [
        guard.permits(ip_address(text))
        for text in ("93.184.216.34", "2606:4700::1111", "10.1.2.3", "10.2.0.1")
    ]
    assert permitted == [True, True, True, False]


async def test_a_webhook_to_a_private_address_is_refused_and_nothing_connects(receiver: Receiver) -> None:
    channel = a_channel(AddressGuard())
    outcomes = [
        await channel.send(a_message(url))
        for url in ("http://10.0.0.1/hook", f"http://[::ffff:127.0.0.1]:{receiver.port}/hook", receiver.url)
    ]
    await channel.close()
    assert outcomes == [GaveUp("address_refused")] * 3
    assert not receiver.posts


async def test_a_name_that_leads_to_loopback_is_refused_without_an_allow_list(receiver: Receiver) -> None:
    channel = a_channel(AddressGuard())
    outcome = await channel.send(a_message(f"http://localhost:{receiver.port}/hook"))
    await channel.close()
    assert outcome == GaveUp("address_refused")
    assert not receiver.posts


async def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.1"]

    with pytest.raises(AddressRefused):
        await AddressGuard(resolve=resolve).pin("two-faced.example", 443)


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(receiver: Receiver) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    channel = a_channel(AddressGuard((ip_network("127.0.0.0/8"),), resolve))
    outcome = await channel.send(a_message(f"http://hooks.example:{receiver.port}/hook"))
    await channel.close()
    assert outcome == Sent()
    assert asked == ["hooks.example"]
    assert receiver.posts[0].headers["host"] == f"hooks.example:{receiver.port}"


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Sent()),
        (204, {}, Sent()),
        (301, {}, GaveUp("http_301")),
        (400, {}, GaveUp("http_400")),
        (410, {}, GaveUp("http_410", disable=True)),
        (429, {"retry-after": "7"}, TryLater("http_429", timedelta(seconds=7))),
        (503, {"retry-after": "Mon, 16 Nov 2026 12:01:00 GMT"}, TryLater("http_503", timedelta(minutes=1))),
        (500, {"retry-after": "soon"}, TryLater("http_500")),
    ],
)
def test_an_answer_says_whether_another_try_can_help(
    status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    assert outcome_of(status, headers, NOW) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SMTPRecipientsRefused([SMTPRecipientRefused(550, "no", "a@b")]), GaveUp("smtp_550")),
        (SMTPRecipientsRefused([SMTPRecipientRefused(450, "no", "a@b")]), TryLater("smtp_450")),
        (SMTPRecipientsRefused([SMTPRecipientRefused(552, "full", "a@b")]), TryLater("smtp_552")),
        (SMTPDataError(554, "policy"), TryLater("smtp_554")),
        (SMTPDataError(550, "spam"), GaveUp("smtp_550")),
        (SMTPAuthenticationError(535, "no"), TryLater("smtp_535")),
        (SMTPConnectError("refused"), TryLater("smtp_unreachable")),
        (SMTPServerDisconnected("gone"), TryLater("smtp_interrupted", maybe_delivered=True)),
        (OSError("no route"), TryLater("smtp_unreachable")),
    ],
)
def test_a_failed_mail_says_whether_another_try_can_help(
    error: SMTPException | OSError, outcome: Outcome
) -> None:
    assert email.outcome_of(error) == outcome


def test_a_title_cannot_add_a_header_to_a_mail() -> None:
    channel = email.EmailChannel(
        email.MailServer(host="127.0.0.1", port=25), "redress@quality.example", LINKS
    )
    mail = channel.compose(a_message("https://x.example/", an_item("Fees\r\nBcc: all@example.org")))
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Overdue: Fees Bcc: all@example.org"


def test_a_webhook_body_stays_small_and_says_how_many_there_are() -> None:
    message = a_message("https://x.example/", *(an_item("long " * 400) for _ in range(50)))
    body = webhook_body(message, LINKS)
    assert len(body) < MOST_BYTES + 1_000
    assert b'"total":50' in body
