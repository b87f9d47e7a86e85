import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.bindings.kafka import KafkaMessage
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events import codec
from events.catalogue import CONTRACTS
from events.codec import Known, Undecodable, UnknownType, UnknownVersion
from events.contracts.deadline import MOST_AT_ONCE, DeadlinesSetV1, EachDeadline
from events.contracts.intake import ComplaintReceivedV1
from events.contracts.words import Severity
from events.envelope import Contract, Event
from events.examples import example_of, example_record
from events.transport import Headers, Record
from tests.support.events import a_complaint_received

TOPIC = "redress.intake"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER_TRACE = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"
EVERY_CONTRACT = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.type)


def a_record(**changes: Any) -> Record:
    return codec.encode(a_complaint_received(**changes), TOPIC)


def with_headers(record: Record, **changes: str | None) -> Record:
    """The record with some headers set, or left out where None."""
    kept = [(name, value) for name, value in record.headers if name not in changes]
    new = [(name, value.encode()) for name, value in changes.items() if value is not None]
    return replace(record, headers=tuple(kept + new))


def with_data(record: Record, **changes: Any) -> Record:
    return replace(record, value=json.dumps(json.loads(record.value) | changes).encode())


def read(record: Record) -> Event[Contract]:
    decoded = codec.decode(record)
    assert isinstance(decoded, Known), decoded
    return decoded.event


def read_data(record: Record) -> ComplaintReceivedV1:
    data = read(record).data
    assert isinstance(data, ComplaintReceivedV1)
    return data


def as_sdk_message(record: Record) -> KafkaMessage:
    return KafkaMessage(dict(record.headers), record.key, record.value)


def as_record(message: KafkaMessage) -> Record:
    key = message.key.encode() if isinstance(message.key, str) else message.key or b""
    return Record(TOPIC, key, tuple(message.headers.items()), message.value)


def in_sdk_terms(event: Event[Contract]) -> CloudEvent:
    """The event as somebody with the SDK alone would build it."""
    attributes: dict[str, Any] = {
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "time": event.occurred_at,
        "subject": event.subject,
        "partitionkey": event.key,
        "recordedtime": event.recorded_at.isoformat(),
        "subjectversion": event.version,
        "actor": event.actor,
        "correlationid": str(event.correlation_id),
        "causationid": str(event.causation_id),
        "sequence": event.sequence,
    }
    return CloudEvent(attributes, json.loads(codec.value_of(event.data)))


@EVERY_CONTRACT
def test_what_is_written_is_read_back_equal(contract: type[Contract]) -> None:
    assert read(example_record(contract)) == example_of(contract)


@EVERY_CONTRACT
def test_the_sdk_reads_what_we_write_with_equal_attributes_and_data(contract: type[Contract]) -> None:
    event = example_of(contract)
    theirs = kafka.from_kafka_event(as_sdk_message(example_record(contract)))
    assert theirs.get_attributes() == {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "time": event.occurred_at,
        "subject": event.subject,
        "dataschema": f"/schemas/{event.type}.json",
        "datacontenttype": "application/json",
        "partitionkey": event.key,
        "recordedtime": "2026-03-02T12:00:00.000000Z",
        "subjectversion": str(event.version),
        "actor": event.actor,
        "correlationid": str(event.correlation_id),
        "causationid": str(event.causation_id),
        "sequence": str(event.sequence),
    }
    assert theirs.get_data() == event.data.model_dump(mode="json")


@EVERY_CONTRACT
@pytest.mark.parametrize("write", [kafka.to_binary_event, kafka.to_structured_event])
def test_what_the_sdk_writes_is_read_in_both_modes(
    write: Callable[[CloudEvent], KafkaMessage], contract: type[Contract]
) -> None:
    event = example_of(contract)
    record = as_record(write(in_sdk_terms(event)))
    assert read(record) == event.model_copy(update={"traceparent": None})


@EVERY_CONTRACT
def test_what_the_sdk_turns_from_our_binary_mode_into_structured_mode_is_the_same_event(
    contract: type[Contract],
) -> None:
    ours = example_record(contract)
    turned = as_record(kafka.to_structured_event(kafka.from_kafka_event(as_sdk_message(ours))))
    assert dict(turned.headers) == {"content-type": b"application/cloudevents+json"}
    assert read(turned) == read(with_headers(ours, traceparent=None))


def test_the_partition_key_of_the_sdk_is_the_key_of_the_record_and_of_the_event() -> None:
    message = kafka.to_binary_event(
        in_sdk_terms(a_complaint_received("k-7", causation_id=uuid4(), sequence=1))
    )
    assert message.key == "k-7"
    assert read(as_record(message)).key == "k-7"


def test_the_key_that_ordered_the_record_wins_over_a_header() -> None:
    assert read(with_headers(a_record(key="k-7"), ce_partitionkey="k-8")).key == "k-7"


def test_a_record_without_key_is_told_under_its_partition_key_attribute() -> None:
    assert read(replace(a_record(key="k-7"), key=b"")).key == "k-7"


def test_structured_data_may_come_as_base64() -> None:
    event = in_sdk_terms(a_complaint_received(causation_id=uuid4(), sequence=1))
    data = json.dumps(event.get_data()).encode()
    packed = as_record(kafka.to_structured_event(CloudEvent(event.get_attributes(), data)))
    assert b"data_base64" in packed.value
    assert read(packed).data == read(as_record(kafka.to_structured_event(event))).data


def test_a_structured_attribute_that_is_null_counts_as_absent() -> None:
    record = as_record(kafka.to_structured_event(in_sdk_terms(a_complaint_received(sequence=1))))
    whole = json.loads(record.value) | {"causationid": None}
    assert read(replace(record, value=json.dumps(whole).encode())).causation_id is None


def test_the_mode_is_told_by_the_content_type_with_any_parameters_and_case() -> None:
    message = kafka.to_structured_event(in_sdk_terms(a_complaint_received(causation_id=uuid4(), sequence=1)))
    record = with_headers(
        as_record(message), **{"content-type": "Application/CloudEvents+JSON; charset=utf-8", "ce_id": "x"}
    )
    assert read(record).source == "/redress/intake"


def test_of_an_attribute_that_stands_twice_the_first_counts() -> None:
    record = a_record()
    doubled = replace(record, headers=(*record.headers, ("ce_id", b"another"), ("ce_subject", b"another")))
    assert read(doubled) == read(record)


def test_of_a_traceparent_that_stands_twice_the_last_counts() -> None:
    record = a_record(traceparent=TRACE)
    traced_again = replace(record, headers=(*record.headers, ("traceparent", OTHER_TRACE.encode())))
    assert read(traced_again).traceparent == OTHER_TRACE


def test_a_traceparent_that_is_none_is_dropped_and_the_fact_is_kept() -> None:
    assert read(with_headers(a_record(traceparent=TRACE), traceparent="\x00 nonsense")).traceparent is None


def test_a_tracestate_travels_with_its_traceparent() -> None:
    record = a_record(traceparent=TRACE, tracestate="crm=1,other=2")
    assert read(record).tracestate == "crm=1,other=2"
    assert read(with_headers(record, traceparent="nonsense")).tracestate is None
    assert "tracestate" not in dict(a_record(tracestate="crm=1").headers)


@pytest.mark.parametrize("tracestate", ["", "x" * 513, "crm=\x00"])
def test_a_tracestate_that_is_none_is_dropped_and_the_trace_goes_on(tracestate: str) -> None:
    event = read(with_headers(a_record(traceparent=TRACE), tracestate=tracestate))
    assert (event.traceparent, event.tracestate) == (TRACE, None)


def test_headers_of_others_are_ignored() -> None:
    record = a_record()
    assert read(with_headers(record, ce_vendorextra="x", b3="y")) == read(record)


def test_a_field_that_a_newer_producer_added_is_ignored() -> None:
    record = a_record()
    assert read(with_data(record, mood="cross")) == read(record)


def test_a_field_that_a_newer_producer_added_to_each_of_a_list_is_ignored() -> None:
    record = example_record(DeadlinesSetV1)
    listed = json.loads(record.value)["deadlines"]
    newer = with_data(record, deadlines=[each | {"mood": "cross"} for each in listed])
    assert read(newer) == read(record)


@pytest.mark.parametrize("number", [0, MOST_AT_ONCE + 1])
def test_a_list_of_none_or_of_more_than_its_bound_is_no_event(number: int) -> None:
    record = example_record(DeadlinesSetV1)
    listed = json.loads(record.value)["deadlines"][:1] * number
    assert isinstance(codec.decode(with_data(record, deadlines=listed)), Undecodable)


@pytest.mark.parametrize("changes", [{"generation": "1"}, {"title": "NUL \x00"}])
def test_each_of_a_list_is_held_to_the_contract_strictly(changes: dict[str, Any]) -> None:
    several = example_of(DeadlinesSetV1).data
    assert isinstance(several, DeadlinesSetV1)
    damaged = EachDeadline.model_construct(**(vars(several.deadlines[0]) | changes))
    bad = several.model_copy(update={"deadlines": (several.deadlines[1], damaged)})
    with pytest.raises(ValueError, match=next(iter(changes))):
        codec.value_of(bad)


def test_a_word_that_a_newer_producer_added_is_read_as_unknown() -> None:
    assert (
        read_data(with_data(a_record(), reported_severity="apocalyptic")).reported_severity
        is Severity.UNKNOWN
    )


def test_a_word_that_is_no_text_is_not_read_as_unknown() -> None:
    assert isinstance(codec.decode(with_data(a_record(), reported_severity=7)), Undecodable)


def test_an_optional_field_that_an_older_producer_had_not_has_its_default() -> None:
    record = a_record()
    data = json.loads(record.value)
    del data["historical"], data["lot"], data["site"]
    older = read_data(replace(record, value=json.dumps(data).encode()))
    assert (older.historical, older.lot, older.site) == (False, None, None)
    assert "site" not in older.model_fields_set, "what was left out is told from what is null"
    assert "site" in read_data(record).model_fields_set


@pytest.mark.parametrize("event_type", ["redress.weather.changed.v1", "com.example.order", "redress.v1", "x"])
def test_a_type_that_nobody_here_knows_is_somebody_elses_business(event_type: str) -> None:
    record = with_headers(a_record(), ce_type=event_type)
    assert codec.decode(replace(record, value=b"\xff")) == UnknownType(event_type)


def test_an_unknown_type_may_have_data_of_any_kind() -> None:
    record = with_headers(a_record(), **{"ce_type": "com.example.order", "content-type": "application/avro"})
    assert codec.decode(record) == UnknownType("com.example.order")


@pytest.mark.parametrize("version", ["v2", "v10", "v0"])
def test_a_known_type_in_another_major_version_was_meant_for_us(version: str) -> None:
    event_type = f"redress.complaint.received.{version}"
    assert codec.decode(with_headers(a_record(), ce_type=event_type)) == UnknownVersion(event_type)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (with_headers(a_record(), ce_specversion=None), "no CloudEvent of version 1.0"),
        (with_headers(a_record(), ce_specversion="0.3"), "no CloudEvent of version 1.0"),
        (with_headers(a_record(), ce_type=None), "it has no type"),
        (with_headers(a_record(), ce_id=None), "id: Field required"),
        (with_headers(a_record(), ce_time="yesterday"), "occurred_at"),
        (with_headers(a_record(), ce_time="0001-01-01T00:00:00+05:00"), "no such instant in UTC"),
        (with_headers(a_record(), ce_subjectversion="0"), "version"),
        (with_headers(a_record(), **{"content-type": "text/plain"}), "the data is not application/json"),
        (replace(a_record(), value=b""), "Invalid JSON"),
        (replace(a_record(), value=b"null"), "object"),
        (replace(a_record(), key=b"\xff\xfe"), "the key is no text"),
        (with_data(a_record(), received_at="9999-12-31T23:59:59-05:00"), "no such instant in UTC"),
        (with_data(a_record(), received_at="2026-03-02T12:00:00"), "received_at"),
        (with_data(a_record(), product="free text, with spaces"), "product"),
        (Record(TOPIC, b"k", (("content-type", b"application/cloudevents+json"),), b"[]"), "a JSON object"),
        (Record(TOPIC, b"k", (("content-type", b"application/cloudevents+json"),), b"[" * 99_999), "no JSON"),
        (Record(TOPIC, b"k", (), b"anything"), "no CloudEvent"),
    ],
)
def test_what_is_no_event_is_told_with_a_reason(broken: Record, reason: str) -> None:
    decoded = codec.decode(broken)
    assert isinstance(decoded, Undecodable)
    assert reason in decoded.reason


def test_a_reason_does_not_repeat_the_value() -> None:
    decoded = codec.decode(with_data(a_record(), product="Anna Berg, Main Street 1"))
    assert isinstance(decoded, Undecodable)
    assert "Anna" not in decoded.reason


HEADER_NAMES = st.sampled_from([name for name, _ in a_record(traceparent=TRACE).headers]) | st.text(
    max_size=20
)
JSON_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.binary(max_size=60) | JSON_TREES.map(lambda tree: json.dumps(tree).encode())


def decoded_whole(record: Record) -> None:
    """Decode and ask for the identity: neither may raise, and an identity is fit for a database."""
    assert isinstance(codec.decode(record), Known | UnknownType | UnknownVersion | Undecodable)
    for name in codec.identity(record) or ():
        assert 1 <= len(name) <= 200
        assert name.isascii()
        assert name.isprintable()


@given(st.lists(st.tuples(HEADER_NAMES, st.binary(max_size=40)), max_size=8), st.binary(max_size=20), VALUES)
def test_no_bytes_make_decoding_raise(headers: list[tuple[str, bytes]], key: bytes, value: bytes) -> None:
    decoded_whole(Record(TOPIC, key, tuple(headers), value))


@given(
    st.dictionaries(HEADER_NAMES, st.binary(max_size=40) | st.text(max_size=20).map(str.encode), max_size=3),
    st.none() | VALUES,
)
def test_no_damage_to_a_good_record_makes_decoding_raise(
    damage: dict[str, bytes], value: bytes | None
) -> None:
    record = a_record()
    headers: Headers = tuple((dict(record.headers) | damage).items())
    decoded_whole(replace(record, headers=headers, value=record.value if value is None else value))


@given(st.sampled_from(sorted(ComplaintReceivedV1.model_fields)), JSON_TREES)
def test_no_value_of_a_field_makes_decoding_raise(field: str, value: Any) -> None:
    decoded_whole(with_data(a_record(), **{field: value}))


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "source", "type", "specversion", "time", "data", "data_base64", "datacontenttype"]
        ),
        JSON_TREES,
        max_size=4,
    )
)
def test_no_damage_to_a_structured_event_makes_decoding_raise(damage: dict[str, Any]) -> None:
    record = as_record(kafka.to_structured_event(in_sdk_terms(a_complaint_received(sequence=1))))
    whole = json.loads(record.value) | damage
    decoded_whole(replace(record, value=json.dumps(whole).encode()))


def test_an_event_of_an_unknown_version_is_named_in_both_modes() -> None:
    event = a_complaint_received(causation_id=uuid4(), sequence=1)
    named = ("/redress/intake", str(event.id))
    binary = with_headers(codec.encode(event, TOPIC), ce_type="redress.complaint.received.v2")
    theirs = in_sdk_terms(event)
    theirs.get_attributes()["type"] = "redress.complaint.received.v2"
    structured = as_record(kafka.to_structured_event(theirs))
    assert (codec.identity(binary), codec.identity(structured)) == (named, named)


@pytest.mark.parametrize("bad", ["", "x" * 201, "a\x00b", "\ud7ff"])
def test_a_name_that_no_database_index_can_keep_is_no_identity(bad: str) -> None:
    assert codec.identity(with_headers(a_record(), ce_id=bad)) is None


def received_with(**changes: Any) -> ComplaintReceivedV1:
    """A contract built around its own checks, as a careless producer could."""
    return ComplaintReceivedV1.model_construct(**dict(a_complaint_received().data) | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"complaint_id": str(UUID(int=1))},
        {"product": "free text, with spaces"},
        {"reported_severity": "major"},
        {"received_at": "2026-03-02T12:00:00Z"},
        {"historical": "no"},
    ],
)
def test_a_producer_is_held_to_its_contract_strictly(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        codec.value_of(received_with(**changes))


def test_a_producer_cannot_leave_out_what_is_required() -> None:
    data = dict(a_complaint_received().data)
    del data["product"]
    with pytest.raises(ValidationError, match="product"):
        codec.value_of(ComplaintReceivedV1.model_construct(**data))


def test_a_producer_never_says_unknown() -> None:
    with pytest.raises(ValueError, match="reported_severity is unknown"):
        codec.value_of(received_with(reported_severity=Severity.UNKNOWN))


def test_a_producer_cannot_say_more_than_its_contract_has() -> None:
    with pytest.raises(ValidationError, match="mood"):
        ComplaintReceivedV1.model_validate(dict(a_complaint_received().data) | {"mood": "cross"})
