import base64
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query, Request, Response
from hypothesis import given
from hypothesis import strategies as st

from chassis.paging import DEFAULT_LIMIT, Cursor, Cursors, Limit, PageOf, render_page
from chassis.problems import ProblemError, Problems
from common.page import Page

SECRET = "a pepper of the tests"
FILTERS: dict[str, object] = {"status": ["open"], "severity": None}


def refused(cursor: str, filters: dict[str, object] = FILTERS, secret: str = SECRET) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        Cursors(secret).open(cursor, filters)
    assert (caught.value.status_code, caught.value.code) == (400, "invalid_cursor")
    assert caught.value.errors[0]["parameter"] == "cursor"
    return caught.value


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=3))
def test_a_cursor_gives_back_its_keys(keys: list[str]) -> None:
    cursors = Cursors(SECRET)
    assert cursors.open(cursors.seal(keys, FILTERS), FILTERS) == tuple(keys)


def test_no_cursor_is_the_first_page() -> None:
    assert Cursors(SECRET).open(None, FILTERS) is None


def test_filters_that_say_the_same_share_a_cursor() -> None:
    sealed = Cursors(SECRET).seal(["k"], {"status": {"open", "new"}, "severity": None})
    assert Cursors(SECRET).open(sealed, {"status": {"new", "open"}}) == ("k",)


def test_a_cursor_of_other_filters_is_refused() -> None:
    assert "other filters" in refused(Cursors(SECRET).seal(["k"], FILTERS), {"status": ["closed"]}).detail


def test_a_cursor_of_another_service_is_refused() -> None:
    refused(Cursors(SECRET).seal(["k"], FILTERS), secret="another pepper of the tests")


def test_a_cursor_of_another_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.paging._VERSION", 0)
    old = Cursors(SECRET).seal(["k"], FILTERS)
    monkeypatch.undo()
    assert "another release" in refused(old).detail


@given(st.data())
def test_a_cursor_with_any_bit_changed_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(Cursors(SECRET).seal(["k"], FILTERS) + "=="))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    refused(base64.urlsafe_b64encode(bytes(sealed)).decode().rstrip("="))


@given(st.text(max_size=40))
def test_anything_else_is_refused(text: str) -> None:
    refused(text)


@pytest.fixture
def listing() -> FastAPI:
    app = FastAPI()
    app.state.problems = Problems(public_url="https://intake.example.org")
    cursors = Cursors(SECRET)

    @app.get("/v1/numbers")
    async def numbers(
        request: Request,
        response: Response,
        even: Annotated[bool, Query()] = False,  # noqa: FBT002 - a filter
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> PageOf[int]:
        filters = {"even": even}
        after = cursors.open(cursor, filters)
        rest = [n for n in range(60) if (not even or n % 2 == 0) and (after is None or n > int(after[0]))]
        found = tuple(rest[:limit])
        page = Page(found, (str(found[-1]),) if len(rest) > limit else None)
        return render_page(request, response, page, found, cursors=cursors, filters=filters)

    return app


async def test_following_the_links_reads_the_whole_list_once(listing: FastAPI) -> None:
    read: list[int] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=listing), base_url="http://api") as client:
        link: str | None = "/v1/numbers?even=true&limit=7"
        while link:
            answer = await client.get(link)
            body: dict[str, Any] = answer.json()
            assert set(body) == {"items", "next_cursor", "has_more"}
            assert body["has_more"] is (body["next_cursor"] is not None) is ("next" in answer.links)
            read += body["items"]
            link = (
                answer.links["next"]["url"].removeprefix("https://intake.example.org")
                if answer.links
                else None
            )
    assert read == list(range(0, 60, 2))


@pytest.mark.parametrize(("limit", "status"), [("0", 422), ("1", 200), ("100", 200), ("101", 422)])
async def test_a_page_holds_1_to_100(listing: FastAPI, limit: str, status: int) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=listing), base_url="http://api") as client:
        assert (await client.get(f"/v1/numbers?limit={limit}")).status_code == status


async def test_without_a_limit_a_page_holds_25(listing: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=listing), base_url="http://api") as client:
        assert len((await client.get("/v1/numbers")).json()["items"]) == 25
