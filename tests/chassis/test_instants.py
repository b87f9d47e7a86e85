import pytest
from pydantic import TypeAdapter, ValidationError

from chassis.instants import Instant

ANY: TypeAdapter[Instant] = TypeAdapter(Instant)


@pytest.mark.parametrize(
    "written", ["2026-11-22T10:30:00Z", "2026-11-22t11:30:00.5+01:00", "2026-11-22 10:30Z"]
)
def test_a_timestamp_with_its_offset_is_an_instant(written: str) -> None:
    assert ANY.validate_python(written).utcoffset() is not None


@pytest.mark.parametrize(
    "written", ["0.5", "1700000000", 1700000000, 0.5, "2026-11-22", "tomorrow", True, None]
)
def test_a_number_is_no_instant_since_it_is_mistyped_rather_than_meant(written: object) -> None:
    with pytest.raises(ValidationError) as refused:
        ANY.validate_python(written)
    assert refused.value.errors()[0]["type"] == "datetime_parsing"


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        ANY.validate_python("2026-11-22T10:30:00")
