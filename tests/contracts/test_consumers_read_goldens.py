import pytest

from events import codec
from events.catalogue import ANNOUNCES, LISTENS
from events.codec import Known
from tests.support.goldens import goldens_heard_by

HEARD = [(service, name) for service in LISTENS for name in goldens_heard_by(service)]


@pytest.mark.parametrize(("service", "event_type"), HEARD)
def test_a_service_reads_every_golden_of_the_topics_that_it_hears(service: str, event_type: str) -> None:
    decoded = codec.decode(goldens_heard_by(service)[event_type].record)
    assert isinstance(decoded, Known), decoded
    assert decoded.event.type == event_type


@pytest.mark.parametrize("service", LISTENS)
def test_each_type_on_a_topic_that_a_service_hears_has_a_golden(service: str) -> None:
    spoken = {contract.type for heard in LISTENS[service] for contract in ANNOUNCES[heard]}
    assert spoken <= set(goldens_heard_by(service))
