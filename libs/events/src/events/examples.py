"""A complete example of each event, the same at every call; golden examples and the documents are made of it."""

from uuid import NAMESPACE_URL, UUID, uuid5

from events.catalogue import ANNOUNCES, topic_of
from events.codec import encode
from events.envelope import Contract, Event
from events.glossary import NOON, announcers_of, names_of, story_of, term_of
from events.transport import Record

_CORRELATION = UUID("0195573e-5c00-7000-8000-00000000c000")
_TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def example_data(contract: type[Contract]) -> Contract:
    """Build a contract with every field given, from the glossary's examples."""
    return contract.model_validate(
        {name: term_of(contract, name).example for name in contract.model_fields}, strict=True
    )


def example_of(contract: type[Contract]) -> Event[Contract]:
    """Build an event of a contract, as its first announcer would say it."""
    service = announcers_of(contract)[0]
    story = story_of(service, contract)
    # The examples of one noun tell one story: each leaves the subject in a further version.
    siblings = [other for other in ANNOUNCES[service] if names_of(other)[0] == names_of(contract)[0]]
    nth = siblings.index(contract) + 1
    return Event[Contract](
        id=uuid5(NAMESPACE_URL, f"redress:golden:{contract.type}"),
        source=f"/redress/{service}",
        key=str(story.key_example),
        subject=str(story.subject_example),
        version=nth,
        occurred_at=NOON,
        recorded_at=NOON,
        actor=f"system:{service}",
        correlation_id=_CORRELATION,
        causation_id=uuid5(NAMESPACE_URL, f"redress:cause:{contract.type}"),
        traceparent=_TRACEPARENT,
        sequence=nth,
        data=example_data(contract),
    )


def example_record(contract: type[Contract]) -> Record:
    """Write the example as the record that its first announcer sends."""
    return encode(example_of(contract), topic_of(announcers_of(contract)[0]))
