from chassis.migrations import check_migrations
from chassis.problems import missing_problem_types
from notifier.api.errors import PROBLEMS


async def test_the_migrations_make_the_tables_that_the_code_knows(notifier_url: str) -> None:
    assert not await check_migrations(notifier_url, "notifier")


def test_every_refusal_has_a_status_and_an_explanation() -> None:
    assert not missing_problem_types(PROBLEMS, "notifier")
