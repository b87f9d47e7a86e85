"""A report as sections of blocks, which HTML and PDF are written from alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from capa.domain.report.figure import Figure


class Kind(StrEnum):
    """What is reported."""

    EIGHT_D = "eight_d"
    MANAGEMENT_REVIEW = "management_review"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, as it was written; its line breaks count."""

    text: str


@dataclass(frozen=True, slots=True)
class Pending:
    """What is not on record yet, said so that nobody takes its absence for an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with what they are."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `widths` are the columns' shares of the width, and columns from `numbers` on hold numbers, None without any."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numbers: int | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with its caption."""

    figure: Figure
    caption: str


Block = Paragraph | Pending | Heading | Facts | Table | Drawing


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report, such as D4."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report.

    `number`, `version` and `record_hash` name the record that it was made from: the hash is the SHA-256, in hexadecimal, of
    all that is reported as canonical JSON, of a case with its actions and its nonconformities. What is gathered from many
    records has no version. `made` is the line that says when; it alone changes when the same record is reported again, until a
    due time passes. `file` is the name to keep it under, without what says the format.
    """

    kind: Kind
    file: str
    title: str
    subtitle: str
    number: str
    version: int | None
    record_hash: str
    made_at: datetime
    made: str
    head: Facts
    sections: tuple[Section, ...]

    @property
    def record(self) -> str:
        """The line that names what it was made from."""
        version = "" if self.version is None else f", version {self.version}"
        return f"{self.number}{version}, SHA-256 {self.record_hash}"

    def texts(self) -> Iterator[str]:
        """Give every text in order but when it was made, and without what is written in drawings."""
        yield from (self.title, self.subtitle)
        for blocks in ((self.head,), *(section.blocks for section in self.sections)):
            for block in blocks:
                yield from _texts(block)


def _texts(block: Block) -> Sequence[str]:
    match block:
        case Paragraph(text) | Pending(text) | Heading(text):
            return (text,)
        case Facts(rows):
            return tuple(text for row in rows for text in row)
        case Table(head, rows):
            return (*head, *(text for row in rows for text in row))
        case Drawing(figure, caption):
            return (figure.title, figure.description, caption)
