"""What the demo loads: complaints that it makes up, or a file of real ones."""

import csv
import io
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CHANNELS: Final = ("phone", "phone", "email", "email", "web", "web", "web", "letter", "in_person", "social")
_MONTHS: Final = ("January", "March", "April", "June", "September", "November")
_GIVEN: Final = (
    "Ada",
    "Bruno",
    "Carla",
    "Deniz",
    "Emil",
    "Fatima",
    "Goran",
    "Hanna",
    "Ivo",
    "Jana",
    "Kofi",
    "Lea",
)
_FAMILY: Final = (
    "Arslan",
    "Berg",
    "Costa",
    "Dupont",
    "Eriksen",
    "Fischer",
    "Greco",
    "Horvat",
    "Ito",
    "Jensen",
)
_REMEDIES: Final = ("refund", "correction", "an apology", "a call back", None, None)

_PRODUCTS: Final[dict[str, tuple[str, ...]]] = {
    "credit-card": ("fees", "charged-twice", "no-answer", "card-not-accepted", "fraud"),
    "credit-reporting": ("wrong-data", "no-answer", "slow-correction", "fraud"),
    "mortgage": ("fees", "payment-not-booked", "wrong-amount", "slow-decision"),
    "student-loan": ("payment-not-booked", "wrong-amount", "no-answer"),
    "checking-account": ("fees", "charged-twice", "account-closed", "fraud"),
    "money-transfer": ("payment-not-booked", "slow-transfer", "fraud"),
    "debt-collection": ("wrong-amount", "debt-not-owed", "rude-contact"),
    "mobile-app": ("login-fails", "wrong-data", "no-answer"),
}
_STORIES: Final[dict[str, tuple[str, str]]] = {
    "fees": (
        "Fee that was never agreed",
        "In {month} {amount} euros of fees were taken that nobody had told me of.",
    ),
    "charged-twice": (
        "Charged twice",
        "I was charged {amount} euros twice in {month} and nobody called me back.",
    ),
    "no-answer": ("No answer", "I have asked {times} times since {month} and still have no answer."),
    "card-not-accepted": (
        "Card refused",
        "My card was refused {times} times in {month}, with money on the account.",
    ),
    "fraud": (
        "Payment that is not mine",
        "Somebody took {amount} euros in {month}; I never agreed to that payment.",
    ),
    "wrong-data": (
        "Wrong data",
        "Since {month} you show an address and {amount} euros of debt that are not mine.",
    ),
    "slow-correction": ("Correction takes too long", "The mistake that I reported in {month} still stands."),
    "payment-not-booked": (
        "Payment not booked",
        "The {amount} euros that I paid in {month} were never booked.",
    ),
    "wrong-amount": ("Wrong amount", "You ask for {amount} euros more than what we agreed on in {month}."),
    "slow-decision": (
        "Decision takes too long",
        "I have waited for a decision since {month} and sent it all {times} times.",
    ),
    "account-closed": (
        "Account closed without notice",
        "My account was closed in {month} with {amount} euros on it.",
    ),
    "slow-transfer": (
        "Transfer takes too long",
        "A transfer of {amount} euros took {times} weeks in {month}.",
    ),
    "debt-not-owed": ("Debt that is not owed", "I am asked for {amount} euros that I paid back in {month}."),
    "rude-contact": ("Rude calls", "Your collectors called me {times} times a day in {month}, also at work."),
    "login-fails": ("Login fails", "Since the update in {month} I can log in only after {times} attempts."),
}
# Of a hundred complaints so many are critical, and so many major; the others are minor.
_USUAL: Final = (2, 16)
_GRAVE: Final[dict[str, tuple[int, int]]] = {
    "fraud": (25, 60),
    "account-closed": (10, 60),
    "debt-not-owed": (5, 60),
    "rude-contact": (0, 30),
    "login-fails": (0, 4),
    "slow-transfer": (0, 6),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file to load, how its rows are read, and what to say of it."""

    content: bytes
    rows: int
    media_type: str
    profile: str
    source_system: str
    said: str


def made_up(count: int, seed: int) -> Source:
    """Make plausible complaints; the same seed makes the same ones, and fewer are the first of more."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    lines = [json.dumps(_complaint(chance, number, seed)) for number in range(1, count + 1)]
    return Source(
        content="\n".join(lines).encode(),
        rows=count,
        media_type="application/x-ndjson",
        profile="native",
        source_system="demo",
        said=f"{count:,} complaints that the demo made up (seed {seed}); no real person or company is meant",
    )


def real(path: Path) -> Source:
    """Take a file in the columns of the CFPB's public complaint database; raises OSError or ValueError."""
    content = path.read_bytes()
    try:
        rows = sum(1 for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row) - 1
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8: {error}") from None
    if rows < 1:
        raise ValueError(f"{path} holds no complaints.")
    return Source(
        content=content,
        rows=rows,
        media_type="text/csv",
        profile="cfpb",
        source_system="cfpb",
        said=f"{rows:,} complaints from {path.name}, in the columns of the CFPB's public file",
    )


def _complaint(chance: random.Random, number: int, seed: int) -> dict[str, Any]:
    product = chance.choice(list(_PRODUCTS))
    category = chance.choice(_PRODUCTS[product])
    title, story = _STORIES[category]
    given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
    words = {"month": chance.choice(_MONTHS), "amount": chance.randint(5, 900), "times": chance.randint(2, 6)}
    return {
        "external_id": f"demo-{seed}-{number}",
        "channel": chance.choice(_CHANNELS),
        "reported_severity": _severity(chance.randrange(100), category),
        "product": product,
        "category": category,
        "title": title,
        "description": story.format(**words),
        "remedy_sought": chance.choice(_REMEDIES),
        "complainant": {
            "name": f"{given} {family}",
            "email": f"{given}.{family}.{number}@example.org".lower(),
        },
    }


def _severity(drawn: int, category: str) -> str:
    critical, major = _GRAVE.get(category, _USUAL)
    if drawn < critical:
        return "critical"
    return "major" if drawn < critical + major else "minor"
