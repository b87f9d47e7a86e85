"""A drawing as plain shapes, and text that is measured so that it fits its box whatever font shows it."""

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

WIDTH: Final = 690.0
"""How wide drawings are, in units of which a printed page is so wide; text of size 11 then prints at 8 points."""

TALLEST: Final = 880.0
"""How tall a drawing may be, so that it stands on one page of A4 at full width."""

SIZE: Final = 11.0
"""The size of text in a drawing."""

LINE: Final = 14.0
"""The height of a line of such text."""

PAD: Final = 6.0
"""The space between a box and its text."""

ELLIPSIS: Final = "…"

Style = Literal["plain", "strong", "muted", "end", "none"]
"""How a label is framed: `none` has no frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A box with lines of text in it; nothing else may be drawn there."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    style: Style = "plain"
    align: Literal["left", "middle"] = "left"

    def overlaps(self, other: "Label") -> bool:
        """Tell whether two boxes share more than an edge."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line from point to point; `name` is what it stands for, for whoever looks for it."""

    points: tuple[tuple[float, float], ...]
    heavy: bool = False
    dashed: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A filled rectangle of a chart."""

    x: float
    y: float
    width: float
    height: float
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A filled circle of a chart, in another colour and larger where it is `marked`; `name` is what it stands for."""

    x: float
    y: float
    radius: float = 4.0
    marked: bool = False
    name: str = ""


Shape = Label | Stroke | Bar | Dot


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing `WIDTH` wide; `description` says in words what it shows. `clipped` where a label has not all of its text."""

    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]
    clipped: bool = False

    @property
    def labels(self) -> tuple[Label, ...]:
        """The boxes of text."""
        return tuple(shape for shape in self.shapes if isinstance(shape, Label))


def width_of(text: str, size: float = SIZE) -> float:
    """Estimate how wide a text is, rather too wide than too narrow for usual fonts."""
    return size * sum(map(_share, text))


def wrapped(text: str, width: float, most: int, size: float = SIZE) -> tuple[tuple[str, ...], bool]:
    """Break a text into at most so many lines of a width; tells whether something had to be left out."""
    lines: list[str] = []
    line = ""
    for word in " ".join(text.split()).split(" "):
        for piece in _pieces(word, width, size):
            joined = f"{line} {piece}" if line else piece
            if line and width_of(joined, size) > width:
                lines.append(line)
                joined = piece
            line = joined
    lines.append(line)
    if len(lines) <= most:
        return tuple(lines), False
    last = lines[most - 1]
    while last and width_of(last + ELLIPSIS, size) > width:
        last = last[:-1]
    return (*lines[: most - 1], last.rstrip() + ELLIPSIS), True


_NARROW: Final = frozenset("iljtfIr.,;:'|!()[] -/")
_WIDE: Final = frozenset("mwMW@%&")


def _share(character: str) -> float:
    if character in _NARROW:
        return 0.42
    if character in _WIDE or unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.05
    return 0.78 if character.isupper() else 0.64


_JOINTS: Final = "-/_."
"""Where a word that is too long is cut, if it has any of them."""


def _pieces(word: str, width: float, size: float) -> list[str]:
    pieces: list[str] = []
    rest, room = "", 0.0
    for character in word:
        share = size * _share(character)
        if rest and room + share > width:
            cut = max(map(rest.rfind, _JOINTS)) + 1 or len(rest)
            pieces.append(rest[:cut])
            rest = rest[cut:]
            room = width_of(rest, size)
        rest += character
        room += share
    return [*pieces, rest]
