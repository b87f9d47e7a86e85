"""Draws charts as SVG, without scripts and with nothing fetched from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

WIDTH: Final = 860
HEIGHT: Final = 360
_LEFT: Final = 110
_RIGHT: Final = 20
_TOP: Final = 46
_BOTTOM: Final = 96
_MOST_LABELS: Final = 12
_LONGEST_LABEL: Final = 28
_TURNED: Final = -20
"""Degrees by which labels are turned, so that long ones do not cover their neighbours."""

_STYLE: Final = (
    "text{font:12px sans-serif;fill:#333}.title{font-size:14px;font-weight:bold}.axis{stroke:#999}.value{stroke:#1f4e8c;"
    "stroke-width:1.5;fill:none}.limit{stroke:#b3261e;stroke-dasharray:6 4;fill:none}.centre{stroke:#2e7d32;fill:none}"
    ".point{fill:#1f4e8c}.evidence{fill:#b3261e}.bar{fill:#1f4e8c}.rest{fill:#a9bcd6}"
)


def control_chart(title: str, evidence: Mapping[str, Any]) -> str:
    """Draw points with their centre line and limits; those that are evidence are marked."""
    points: Sequence[Mapping[str, Any]] = evidence.get("points", ())
    drawn = [value for point in points for value in (point["value"], point["upper"]) if value is not None]
    top = max(drawn, default=1.0) * 1.05 or 1.0
    across = [_across(nth, len(points)) for nth in range(len(points))]
    parts = [_axes(top, [str(point["label"]) for point in points], across)]
    for name, kind in (("centre", "centre"), ("lower", "limit"), ("upper", "limit")):
        parts.append(
            _steps(
                kind,
                [
                    (x, _up(point[name], top))
                    for x, point in zip(across, points, strict=True)
                    if point[name] is not None
                ],
            )
        )
    values = [(x, _up(point["value"], top)) for x, point in zip(across, points, strict=True)]
    parts.append(_line("value", values))
    for (x, y), point in zip(values, points, strict=True):
        kind, radius = ("evidence", 5) if point["evidence"] else ("point", 3)
        said = escape(f"{point['label']}: {point['value']:.6g}")
        parts.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{said}</title></circle>'
        )
    note = escape(str(evidence.get("unit", "")))
    parts.append(f'<text x="{_LEFT}" y="38">{note}</text>')
    return _document(title, parts)


def bars(title: str, rows: Sequence[tuple[str, float, bool]], unit: str) -> str:
    """Draw a bar for each row, the vital few dark and the rest light."""
    top = max((value for _, value, _ in rows), default=1.0) * 1.05 or 1.0
    across = [_across(nth, len(rows)) for nth in range(len(rows))]
    width = max(4.0, (WIDTH - _LEFT - _RIGHT) / max(len(rows), 1) * 0.7)
    parts = [
        _axes(top, [name for name, _, _ in rows], across),
        f'<text x="{_LEFT}" y="38">{escape(unit)}</text>',
    ]
    for x, (name, value, vital) in zip(across, rows, strict=True):
        y = _up(value, top)
        kind = "bar" if vital else "rest"
        parts.append(
            f'<rect class="{kind}" x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{HEIGHT - _BOTTOM - y:.1f}"><title>{escape(f"{name}: {value:.6g}")}</title></rect>'
        )
    return _document(title, parts)


def _document(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(title, quote=True)}"><style>{_STYLE}</style>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<text class="title" x="{_LEFT}" y="20">{escape(title)}</text>{"".join(parts)}</svg>'
    )


def _axes(top: float, labels: Sequence[str], across: Sequence[float]) -> str:
    floor = HEIGHT - _BOTTOM
    parts = [
        f'<path class="axis" d="M{_LEFT} {_TOP}V{floor}H{WIDTH - _RIGHT}" fill="none"/>',
        *(
            f'<text x="{_LEFT - 6}" y="{_up(top * share, top) + 4:.1f}" text-anchor="end">{top * share:.3g}</text>'
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        ),
    ]
    every = max(1, -(-len(labels) // _MOST_LABELS))
    parts += [
        f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="end" transform="rotate({_TURNED} {x:.1f} {floor + 14})">'
        f"{escape(_short(label))}</text>"
        for nth, (x, label) in enumerate(zip(across, labels, strict=True))
        if nth % every == 0
    ]
    return "".join(parts)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def _across(nth: int, number: int) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (nth + 0.5) / max(number, 1)


def _up(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * min(max(value, 0.0), top) / top


def _line(kind: str, places: Sequence[tuple[float, float]]) -> str:
    return (
        f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'
        if places
        else ""
    )


def _steps(kind: str, places: Sequence[tuple[float, float]]) -> str:
    if not places:
        return ""
    half = (WIDTH - _LEFT - _RIGHT) / len(places) / 2
    return _line(kind, [corner for x, y in places for corner in ((x - half, y), (x + half, y))])
