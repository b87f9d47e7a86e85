"""The database, the API document and the processes agree with the code."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from chassis.migrations import check_migrations, schema_is_current
from chassis.problems import missing_problem_types
from common.refusals import Refusal
from intake.api.errors import PROBLEMS
from intake.domain import errors
from tests.intake.world import World


async def test_the_migrations_make_what_the_tables_in_code_say(intake_url: str) -> None:
    assert not await check_migrations(intake_url, "intake")


async def test_a_migrated_database_is_current(world: World) -> None:
    assert await schema_is_current(world.engine, "intake")


def test_every_refusal_of_intake_has_a_problem_type() -> None:
    assert issubclass(errors.ForeignSource, Refusal)
    assert not missing_problem_types(PROBLEMS, "intake")


async def test_every_operation_is_documented_for_who_calls_it(world: World) -> None:
    document = world.app.openapi()

    operations = [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for operation in methods.values()
    ]
    assert len(operations) >= 5
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert operation["security"]
        assert "default" in operation["responses"]


async def test_the_body_of_the_light_route_is_documented_field_by_field(world: World) -> None:
    body = world.app.openapi()["paths"]["/v1/complaints"]["post"]["requestBody"]

    schema = body["content"]["application/json"]["schema"]
    assert set(schema["required"]) == {"channel", "reported_severity", "product", "description"}
    assert all(field.get("description") for field in schema["properties"].values())
    assert "$ref" not in str(schema)


@pytest.mark.parametrize("folder", ["db", "usecases", "domain", "jobs"])
def test_no_statement_asks_the_database_for_the_time(folder: str) -> None:
    package = Path(errors.__file__).parents[1]

    for file in (package / folder).glob("*.py"):
        assert not [
            word for word in ("now()", "CURRENT_TIMESTAMP", "clock_timestamp") if word in file.read_text()
        ]


async def test_the_triggers_of_time_are_parameters_in_the_schema_too(world: World) -> None:
    async with world.engine.connect() as connection:
        defaults = await connection.execute(
            sa.text(
                "SELECT column_default FROM information_schema.columns WHERE column_default LIKE '%now()%'"
            )
        )

    assert not defaults.all()
