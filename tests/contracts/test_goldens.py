import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from events import codec
from events.catalogue import CONTRACTS
from events.codec import Known
from events.envelope import Contract, Event
from tests.support.goldens import golden, golden_types

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
EVERY_GOLDEN = pytest.mark.parametrize("event_type", golden_types())


def read(event_type: str) -> Event[Contract]:
    decoded = codec.decode(golden(event_type).record)
    assert isinstance(decoded, Known), decoded
    return decoded.event


def data_of(value: bytes) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(value)
    return data


def test_every_published_type_has_a_golden() -> None:
    assert golden_types() == sorted(CONTRACTS)


@EVERY_GOLDEN
def test_todays_code_writes_a_golden_as_it_was_written(event_type: str) -> None:
    was = golden(event_type).record
    now = codec.encode(read(event_type), was.topic)
    assert (now.key, now.headers) == (was.key, was.headers)
    kept = {name: value for name, value in data_of(now.value).items() if name in data_of(was.value)}
    assert kept == data_of(was.value)


@EVERY_GOLDEN
def test_what_was_added_since_a_golden_is_optional(event_type: str) -> None:
    fields = CONTRACTS[event_type].model_fields
    added = set(fields) - set(data_of(golden(event_type).record.value))
    assert not {name for name in added if fields[name].is_required()}


@EVERY_GOLDEN
def test_a_golden_fits_the_published_schema(event_type: str) -> None:
    schema = json.loads((SCHEMAS / f"{event_type}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    validator.validate(data_of(golden(event_type).record.value))
