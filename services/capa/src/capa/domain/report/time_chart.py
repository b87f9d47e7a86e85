"""Charts over time: numbers of periods as columns, and control charts with their limits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from capa.domain.report.axis import caption, step_of
from capa.domain.report.figure import LINE, WIDTH, Bar, Dot, Figure, Label, Shape, Stroke, width_of, wrapped
from quality.words import number

_LEFT: Final = 66.0
_RIGHT: Final = WIDTH - 30.0
_TOP: Final = 40.0
_FLOOR: Final = 240.0
_TICKS: Final = 5
_ROOM: Final = 1.08
"""How much higher than its greatest value a chart is."""

_LABEL: Final = 84.0
"""The room that the name of a period needs."""

_WIDEST: Final = 60.0


def columns_chart(title: str, unit: str, rows: Sequence[tuple[str, int]]) -> Figure:
    """Draw a column for each period; the names of some stand below where all have no room."""
    most = max((value for _, value in rows), default=0) * _ROOM or 1.0
    slot = (_RIGHT - _LEFT) / max(len(rows), 1)
    width = min(slot * 0.7, _WIDEST)
    across = [_LEFT + (nth + 0.5) * slot for nth in range(len(rows))]
    shapes = [*_frame(unit, most, whole=True), *_names([name for name, _ in rows], across)]
    for x, (_, value) in zip(across, rows, strict=True):
        y = _y(value, most)
        shapes.append(Bar(x=x - width / 2, y=y, width=width, height=_FLOOR - y, strong=True))
    if all(width_of(str(value)) < slot - 1.0 for _, value in rows):
        shapes += [
            caption(str(value), x - slot / 2 + 0.5, _y(value, most) - LINE, slot - 1.0)
            for x, (_, value) in zip(across, rows, strict=True)
        ]
    said = "; ".join(f"{name}: {value}" for name, value in rows)
    return Figure(height=_FLOOR + 28.0, title=title, description=f"{said}.", shapes=tuple(shapes))


def control_chart(title: str, evidence: Mapping[str, Any]) -> Figure:
    """Draw the chart of a signal: its points with centre line and limits, those marked that are evidence."""
    points: Sequence[Mapping[str, Any]] = evidence.get("points", ())
    drawn = [value for point in points for value in (point["value"], point["upper"]) if value is not None]
    most = max(drawn, default=0.0) * _ROOM or 1.0
    slot = (_RIGHT - _LEFT) / max(len(points), 1)
    across = [_LEFT + (nth + 0.5) * slot for nth in range(len(points))]
    shapes = _frame(str(evidence.get("unit", "")), most)
    shapes += _names([str(point["label"]) for point in points], across)
    for name, kind in (("centre", "centre"), ("lower", "limit"), ("upper", "limit")):
        shapes += _steps(
            kind, [(x, point[name]) for x, point in zip(across, points, strict=True)], slot, most
        )
    places = [(x, _y(point["value"], most)) for x, point in zip(across, points, strict=True)]
    if len(places) > 1:
        shapes.append(Stroke(points=tuple(places), heavy=True, name="value"))
    for (x, y), point in zip(places, points, strict=True):
        marked = bool(point["evidence"])
        name, radius = ("evidence", 5.5) if marked else ("point", 3.0)
        shapes.append(Dot(x=x, y=y, radius=radius, marked=marked, name=name))
    return Figure(
        height=_FLOOR + 28.0, title=title, description=_described(evidence, points), shapes=tuple(shapes)
    )


def _frame(unit: str, most: float, *, whole: bool = False) -> list[Shape]:
    shapes: list[Shape] = [Stroke(points=((_LEFT, _TOP), (_LEFT, _FLOOR), (_RIGHT, _FLOOR)))]
    lines, _ = wrapped(unit, WIDTH - 20.0, 1)
    shapes.append(Label(x=0.0, y=2.0, width=WIDTH, height=LINE, lines=lines, style="none"))
    step = step_of(most, _TICKS)
    if whole:
        step = max(step, 1.0)
    for nth in range(int(most / step) + 1):
        y = _y(nth * step, most)
        shapes.append(Stroke(points=((_LEFT - 4.0, y), (_LEFT, y))))
        shapes.append(caption(number(nth * step), 0.0, y - LINE / 2, _LEFT - 6.0))
    return shapes


def _names(names: Sequence[str], across: Sequence[float]) -> list[Shape]:
    every = max(1, -(-round(_LABEL * len(names)) // round(_RIGHT - _LEFT)))
    shapes: list[Shape] = []
    for x, name in list(zip(across, names, strict=True))[::every]:
        shapes.append(Stroke(points=((x, _FLOOR), (x, _FLOOR + 4.0))))
        if x + _LABEL / 2 <= WIDTH:
            shapes.append(caption(wrapped(name, _LABEL, 1)[0][0], x - _LABEL / 2, _FLOOR + 8.0, _LABEL))
    return shapes


def _steps(kind: str, places: Sequence[tuple[float, float | None]], slot: float, most: float) -> list[Shape]:
    known = [(x, _y(value, most)) for x, value in places if value is not None]
    if not known:
        return []
    corners = tuple(corner for x, y in known for corner in ((x - slot / 2, y), (x + slot / 2, y)))
    return [Stroke(points=corners, dashed=kind == "limit", name=kind)]


def _y(value: float, most: float) -> float:
    return _FLOOR - (_FLOOR - _TOP) * min(max(value, 0.0), most) / most


def _described(evidence: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> str:
    said = "; ".join(
        f"{point['label']}: {number(point['value'])}{' (evidence)' if point['evidence'] else ''}"
        for point in points
    )
    return f"{evidence.get('unit', '')}: {said}."
