"""Drawings as SVG: without anything outside it, and with a title and a description for those who do not see it."""

from collections.abc import Mapping
from html import escape
from typing import Final

from capa.domain.report.figure import LINE, PAD, SIZE, WIDTH, Bar, Dot, Figure, Label, Shape, Stroke, Style

_FRAMES: Final[Mapping[Style, tuple[str, str]]] = {
    "plain": ("#ffffff", "#4a5a6a"),
    "strong": ("#e3ecf5", "#1f4e79"),
    "muted": ("#f3f4f5", "#8a949e"),
    "end": ("#fdf1dc", "#9a5b00"),
    "none": ("none", "none"),
}
"""The colours of a box and of its edge; they differ in lightness too, for those who print in grey."""

_INK: Final = "#1b2733"
_LINE: Final = "#4a5a6a"


def svg(figure: Figure, *, font: str, name: str) -> str:
    """Write a drawing; `font` is a list of families, and `name` tells it from the others of a page."""
    shapes = "".join(_shape(each) for each in figure.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(WIDTH)} {_n(figure.height)}" width="{_n(WIDTH)}" '
        f'height="{_n(figure.height)}" role="img" aria-labelledby="{name}-title {name}-desc" '
        f'font-family="{escape(font)}" font-size="{_n(SIZE)}">'
        f'<title id="{name}-title">{_text(figure.title)}</title><desc id="{name}-desc">{_text(figure.description)}</desc>'
        f"{shapes}</svg>"
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Label():
            return _label(shape)
        case Stroke(points=points, heavy=heavy, dashed=dashed):
            path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            dashes = ' stroke-dasharray="5 4"' if dashed else ""
            return (
                f'<polyline{_class(shape.name)} points="{path}" fill="none" stroke="{_LINE}" '
                f'stroke-width="{2.5 if heavy else 1.2}"{dashes}/>'
            )
        case Bar():
            fill = "#1f4e79" if shape.strong else "#9db4c9"
            return (
                f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
                f'fill="{fill}"/>'
            )
        case Dot(x=x, y=y, radius=radius):
            fill = "#b3261e" if shape.marked else "#1f4e79"
            return f'<circle{_class(shape.name)} cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"/>'


def _label(label: Label) -> str:
    fill, edge = _FRAMES[label.style]
    frame = (
        ""
        if label.style == "none"
        else f'<rect x="{_n(label.x)}" y="{_n(label.y)}" width="{_n(label.width)}" height="{_n(label.height)}" rx="3" '
        f'fill="{fill}" stroke="{edge}" stroke-width="1.2"/>'
    )
    middle = label.align == "middle"
    x = label.x + (label.width / 2 if middle else PAD)
    top = label.y + (label.height - len(label.lines) * LINE) / 2 + LINE * 0.76
    anchor = ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="bold"' if label.style == "strong" else ""
    lines = "".join(
        f'<text x="{_n(x)}" y="{_n(top + nth * LINE)}" fill="{_INK}"{anchor}{weight}>{_text(line)}</text>'
        for nth, line in enumerate(label.lines)
    )
    return frame + lines


def _class(name: str) -> str:
    return f' class="{escape(name)}"' if name else ""


def _text(text: str) -> str:
    return escape("".join(each if each.isprintable() or each == "\n" else " " for each in text))


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
