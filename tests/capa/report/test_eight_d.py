"""The 8D report says all that the record says, and what it does not say yet."""

import io
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from pypdf import PdfReader
from typing_extensions import override

from capa.api.report_html import page
from capa.api.report_pdf import PdfWriter
from capa.domain.action import Cost
from capa.domain.case.case import State, Step
from capa.domain.case.values import Containment, IsIsNot, Problem, Result
from capa.domain.report.document import Document, Pending
from tests.capa.cases import APPROVER, STRAIGHT, Story, a_request, brought_to
from tests.capa.report.telling import LONG, pdf_text, prose_of, reported, squeezed, told
from tests.capa.world import MONDAY


class Shown(HTMLParser):
    """What a page shows as text, and which elements and outside addresses it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            str(value) for name, value in attrs if name in {"src", "href", "xlink:href", "srcset"}
        ]

    @override
    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


def pending(document: Document, title: str) -> list[str]:
    (section,) = (each for each in document.sections if each.title.startswith(title))
    return [block.text for block in section.blocks if isinstance(block, Pending)]


async def test_every_text_that_people_wrote_stands_in_html_and_pdf() -> None:
    story = told(State.CLOSED_EFFECTIVE)
    document = reported(story)
    texts = [text for each in (story.case, *story.actions) for text in prose_of(each)]
    assert len(texts) > 50
    assert any(LONG.strip() in text for text in texts)
    html = squeezed(Shown(page(document)).text)
    pdf = squeezed(pdf_text(await PdfWriter().write(document)))
    assert [text for text in texts if squeezed(text) not in html] == []
    assert [text for text in texts if squeezed(text) not in pdf] == []


@pytest.mark.parametrize("state", STRAIGHT)
async def test_a_case_in_each_state_has_all_nine_disciplines_in_both_forms(state: State) -> None:
    document = reported(brought_to(state))
    assert [section.title[:2] for section in document.sections] == [f"D{nth}" for nth in range(9)]
    assert all(section.blocks for section in document.sections)
    titles = [section.title for section in document.sections]
    html = Shown(page(document)).text
    assert [title for title in titles if title not in html] == []
    # Typst makes an outline of the headings.
    outline = PdfReader(io.BytesIO(await PdfWriter().write(document))).outline
    assert [title for title in titles if title not in str(outline)] == []


async def test_rejected_held_cancelled_and_reopened_cases_say_so_and_why() -> None:
    rejected, held, cancelled, reopened = (
        Story(),
        brought_to(State.INVESTIGATING),
        *map(brought_to, (State.IMPLEMENTING, State.CLOSED_EFFECTIVE)),
    )
    rejected.take(Step.REJECT)
    held.take(Step.HOLD)
    cancelled.take(Step.CANCEL, APPROVER)
    reopened.take(Step.REOPEN)
    said = [Shown(page(reported(each))).text for each in (rejected, held, cancelled, reopened)]
    assert "The request was rejected (Duplicate): CA-1 has it" in said[0]
    assert "On hold: the line stands still" in said[1]
    assert "The case was cancelled: withdrawn" in said[2]
    assert "Result of round 1: effective." in said[3]
    assert "The effect of this round is not judged yet." in said[3]
    assert "Void since" in said[3]


def test_what_is_not_on_record_yet_is_said_in_every_discipline() -> None:
    document = reported(Story(case=a_request(nonconformity_ids=())))
    for nth in range(1, 9):
        said = " ".join(pending(document, f"D{nth}"))
        assert "yet" in said, nth
    closed = brought_to(State.CLOSED_EFFECTIVE)
    whole = Problem(
        statement="x", what="x", where="x", when="x", who="x", why="x", how="x", how_many="x",
        comparison=(IsIsNot("a", "b", "c", "d"),),
    )  # fmt: skip
    closed.case = replace(closed.case, problem=whole, description="x")
    closed.case = replace(closed.case, containment=Containment(True, "x", "person:anna", MONDAY))
    assert [text for nth in range(9) for text in pending(reported(closed), f"D{nth}")] == []


def test_an_ineffective_round_stays_in_the_report_beside_the_next_one() -> None:
    story = brought_to(State.EFFECTIVENESS_REVIEW)
    story.take(Step.REVIEW_EFFECTIVENESS, APPROVER, result=Result.INEFFECTIVE)
    said = Shown(page(reported(story))).text
    assert "Result of round 1: ineffective." in said
    assert "Root cause 1, round 1: confirmed by test" in said
    assert "No root cause of this round is confirmed by a test yet." in said


EVIL = '</style><script>alert(1)</script><img src="https://example.org/x"> #panic("x") $ * _ ` \\ @a <b> // "quoted" \'q\''


async def test_markup_in_a_record_stays_text_in_both_forms() -> None:
    story = told(State.CLOSED_EFFECTIVE)
    problem = story.case.problem
    assert problem is not None
    causes = tuple(
        replace(each, statement=EVIL, analysis=tuple(replace(node, text=EVIL) for node in each.analysis))
        for each in story.case.causes
    )
    story.case = replace(
        story.case, title=EVIL, problem=replace(problem, statement=EVIL, what=EVIL), causes=causes
    )
    document = reported(story)
    shown = Shown(page(document))
    assert {"script", "img", "b"}.isdisjoint(shown.tags)
    assert shown.text.count(EVIL) >= 4
    assert squeezed(EVIL) in squeezed(pdf_text(await PdfWriter().write(document)))


def test_a_page_fetches_nothing_and_names_its_drawings() -> None:
    html = page(reported(told(State.CLOSED_EFFECTIVE)))
    shown = Shown(html)
    assert shown.addresses == []
    assert "url(" not in html
    assert "@import" not in html
    drawings = shown.tags.count("svg")
    assert drawings >= 5
    assert (shown.tags.count("desc"), html.count('role="img"')) == (drawings, drawings)
    assert len(set(html.split('aria-labelledby="')[1:])) == drawings
    assert "size:A4" in html


async def test_a_pdf_is_accessible_and_its_pages_are_numbered_and_name_the_record() -> None:
    document = reported(told(State.CLOSED_EFFECTIVE))
    content = await PdfWriter().write(document)
    text = squeezed(pdf_text(content))
    pages = len(PdfReader(io.BytesIO(content)).pages)
    assert b"pdfuaid" in content
    assert pages >= 5
    assert text.count(squeezed(f"SHA-256 {document.record_hash}")) == pages + 1
    assert [f"{nth}/{pages}" in text for nth in range(1, pages + 1)] == [True] * pages
    again = await PdfWriter().write(document)
    assert again == content


async def test_characters_that_no_font_has_are_said_to_be_missing_instead_of_failing_the_report() -> None:
    story = told(State.REQUESTED)
    story.case = replace(story.case, title="料金の誤り")
    said = squeezed(pdf_text(await PdfWriter().write(reported(story))))
    assert squeezed("Some characters of this report are missing") in said
    assert "料金の誤り" in Shown(page(reported(story))).text


def test_the_hash_is_of_the_record_and_not_of_when_it_was_reported() -> None:
    story = brought_to(State.IMPLEMENTING)
    first = reported(story)
    story.now = story.now.replace(minute=30)
    later = reported(story)
    assert (later.record_hash, list(later.texts())) == (first.record_hash, list(first.texts()))
    assert later.made != first.made
    story.actions = [replace(each, version=each.version + 1, owner="vera") for each in story.actions]
    assert reported(story).record_hash != first.record_hash


def test_what_an_action_costs_is_not_told() -> None:
    story = brought_to(State.IMPLEMENTING)
    story.actions = [replace(each, cost=Cost(Decimal("98765.43"), "EUR", "secret")) for each in story.actions]
    text = Shown(page(reported(story))).text
    assert "98765" not in text
    assert "secret" not in text


def test_an_overdue_case_and_action_say_so() -> None:
    story = brought_to(State.IMPLEMENTING)
    story.now = story.now.replace(year=2027)
    text = Shown(page(reported(story))).text
    assert "(overdue)" in text
    assert "Not yet, overdue" in text


def test_the_plan_of_the_effect_says_who_counts() -> None:
    story = brought_to(State.IMPLEMENTING)
    assert "the reviewer, from the organisation's own figures" in Shown(page(reported(story))).text
    plan = story.case.effect_plan
    assert plan is not None
    story.case = replace(story.case, effect_plan=replace(plan, source="complaints"))
    assert "Redress, from the complaints on record" in Shown(page(reported(story))).text
