"""Drawings of analyses and of effects: read at full size, with nothing over anything else."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capa.domain.case.analysis import Category, Gate, Method, Node, check
from capa.domain.case.values import EffectPlan, Review
from capa.domain.case.values import Result as Verdict
from capa.domain.report.effect_chart import judged_chart, planned_chart
from capa.domain.report.figure import TALLEST, WIDTH, Figure, Stroke, width_of, wrapped
from capa.domain.report.fishbone import fishbones
from capa.domain.report.svg import svg
from capa.domain.report.tree import trees
from tests.capa.cases import EFFECT_PLAN
from tests.capa.world import MONDAY

WORDS = "the torque was not verified after the change of the tool"
SVG = "{http://www.w3.org/2000/svg}"


def ishikawa(count: int, text: str = WORDS) -> list[Node]:
    """Causes over the six bones, every third below the one before it."""
    nodes: list[Node] = []
    for nth in range(count):
        deeper = nth % 3 == 2
        parent = nodes[-1].key if deeper else None
        nodes.append(Node(str(nth), parent, f"{nth}: {text}", None if deeper else list(Category)[nth % 4]))
    check(Method.ISHIKAWA, nodes)
    return nodes


def five_whys(count: int, text: str = WORDS) -> list[Node]:
    """A tree in which every box explains the one with half its number."""
    nodes = [
        Node(str(nth), None if nth == 1 else str(nth // 2), f"{nth}: {text}") for nth in range(1, count + 1)
    ]
    check(Method.FIVE_WHYS, nodes)
    return nodes


def fault_tree(count: int, text: str = WORDS) -> list[Node]:
    plain = five_whys(count, text)
    parents = {node.parent for node in plain}
    gates = list(Gate)
    nodes = [
        Node(
            node.key, node.parent, node.text, None, gates[int(node.key) % 2] if node.key in parents else None
        )
        for node in plain
    ]
    check(Method.FAULT_TREE, nodes)
    return nodes


DRAWN: dict[str, Callable[[int, str], Sequence[Figure]]] = {
    "ishikawa": lambda count, text: fishbones("Wrong fees in letters", ishikawa(count, text)),
    "five_whys": lambda count, text: trees("5-Whys tree", five_whys(count, text)),
    "fault_tree": lambda count, text: trees("Fault tree", fault_tree(count, text)),
}


def faults_of(figure: Figure) -> list[str]:
    """What stands over something else, outside the drawing, or outside its own box."""
    faults = [
        f"{one.lines} over {other.lines}"
        for one, other in combinations(figure.labels, 2)
        if one.overlaps(other)
    ]
    for label in figure.labels:
        if not (
            label.x >= 0
            and label.x + label.width <= WIDTH
            and label.y >= 0
            and label.y + label.height <= figure.height
        ):
            faults.append(f"{label.lines} leaves the drawing")
        if any(width_of(line) > label.width for line in label.lines):
            faults.append(f"{label.lines} is wider than its box")
    for stroke in (shape for shape in figure.shapes if isinstance(shape, Stroke)):
        for x, y in stroke.points:
            if not (0 <= x <= WIDTH and 0 <= y <= figure.height):
                faults.append(f"a line leaves the drawing at {x}, {y}")
    return faults


@pytest.mark.parametrize("count", [1, 5, 40, 200])
@pytest.mark.parametrize("method", sorted(DRAWN))
def test_nothing_in_a_drawing_overlaps_and_every_cause_is_in_it(method: str, count: int) -> None:
    figures = DRAWN[method](count, WORDS)
    assert [fault for figure in figures for fault in faults_of(figure)] == []
    assert all(figure.height <= TALLEST for figure in figures)
    drawn = " ".join(" ".join(label.lines) for figure in figures for label in figure.labels)
    for nth in range(int(method != "ishikawa"), count):
        assert f"{nth}: {WORDS}" in drawn
    assert not any(figure.clipped for figure in figures)


@settings(max_examples=20, deadline=None)
@given(
    method=st.sampled_from(sorted(DRAWN)),
    count=st.integers(1, 40),
    text=st.text(min_size=1, max_size=400).filter(lambda text: text.strip()),
)
def test_no_text_leaves_its_box_or_breaks_the_svg(method: str, count: int, text: str) -> None:
    for figure in DRAWN[method](count, text):
        assert faults_of(figure) == []
        ET.fromstring(svg(figure, font="sans-serif", name="x"))  # noqa: S314  (our own)


def test_a_long_tree_goes_on_over_sheets_that_fit_a_page() -> None:
    figures = trees("5-Whys tree", five_whys(200))
    assert len(figures) > 1
    assert {figure.title for figure in figures} >= {f"5-Whys tree (sheet 1 of {len(figures)})"}


def test_every_bone_is_named_on_every_sheet() -> None:
    figures = fishbones("Wrong fees", ishikawa(120))
    assert len(figures) > 1
    for figure in figures:
        texts = {label.lines[0] for label in figure.labels}
        assert texts >= {category.value.capitalize() for category in Category}


def test_a_fault_tree_shows_its_gates() -> None:
    for count in (3, 40):
        drawn = " ".join(
            " ".join(label.lines) for f in trees("Fault tree", fault_tree(count)) for label in f.labels
        )
        assert "OR" in drawn
        assert ("AND" in drawn) == (count > 3)


def test_a_drawing_has_a_title_and_says_in_words_what_it_shows() -> None:
    figure = trees("5-Whys tree", five_whys(3, "<b>bold</b> & 'quoted'"))[0]
    root = ET.fromstring(svg(figure, font="sans-serif", name="x"))  # noqa: S314  (our own)
    assert root.attrib["role"] == "img"
    named = {root.find(f"{SVG}{each}") for each in ("title", "desc")}
    assert {each.attrib["id"] for each in named if each is not None} == set(
        root.attrib["aria-labelledby"].split()
    )
    description = root.findtext(f"{SVG}desc") or ""
    assert "level 2, 3: 3: <b>bold</b> & 'quoted'" in description
    assert "".join(root.itertext()).count("<b>bold</b>") == 6


def a_review(events: int, exposure: float) -> Review:
    return Review(
        result=Verdict.EFFECTIVE,
        baseline_events=31,
        baseline_exposure=9500.0,
        events=events,
        exposure=exposure,
        same_cause=0,
        p_value=0.01,
        reckoning=("counted",),
        explanation="counted",
        cycle=1,
        reviewed_by="person:quinn",
        reviewed_at=MONDAY,
    )


@pytest.mark.parametrize(
    ("events", "exposure"), [(0, 10_000.0), (2, 10_000.0), (0, 1.0), (400, 10_000.0), (3, 0.0)]
)
@pytest.mark.parametrize("plan", [EFFECT_PLAN, None])
def test_the_chart_of_an_effect_stays_within_its_frame(
    events: int, exposure: float, plan: EffectPlan | None
) -> None:
    figure = judged_chart(a_review(events, exposure), plan)
    assert faults_of(figure) == []
    assert f"{events} in {exposure:.0f}" in " ".join(line for label in figure.labels for line in label.lines)


def test_the_chart_has_the_rates_their_intervals_and_the_target_in_words() -> None:
    # Garwood's interval of 2 events: 0.2422 to 7.2247; the target is half of 31 / 9500.
    said = judged_chart(a_review(2, 10_000.0), EFFECT_PLAN).description
    assert "before the work 0.003263 (0.002217 to 0.004632)" in said
    assert "in the window 0.0002 (2.422e-05 to 0.0007225)" in said
    assert "target 0.001632" in said


def test_before_the_check_the_chart_shows_the_baseline_and_the_target_alone() -> None:
    said = planned_chart(EFFECT_PLAN)
    assert faults_of(said) == []
    assert "nothing was counted yet" in said.description


def test_an_empty_baseline_has_a_chart_too() -> None:
    assert faults_of(planned_chart(replace(EFFECT_PLAN, baseline_events=0))) == []


def test_a_text_is_broken_at_blanks_and_only_a_word_that_is_too_long_within() -> None:
    lines, clipped = wrapped("one two three " + "x" * 60, 100.0, 20)
    assert (lines[0], clipped) == ("one two three", False)
    assert "".join(lines[1:]) == "x" * 60
    lines, clipped = wrapped("word " * 100, 100.0, 3)
    assert (len(lines), lines[-1][-1], clipped) == (3, "…", True)
