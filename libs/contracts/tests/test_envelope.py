"""The envelope: what we write, the official CloudEvents package reads, and the other way round."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from kumiai_contracts.envelope import Cause, EnvelopeError, NoticeEnvelope, StoredEvent
from kumiai_contracts.examples import valid_examples

BODY = valid_examples()["resident.moved-in.v1"].body()
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EVENT = StoredEvent(
    municipality="131016",
    stream="resident",
    incarnation=2,
    position=1208,
    hash=bytes(range(32)),
    type="resident.moved-in.v1",
    subject="0000010413",
    time="2026-04-06T01:02:03.000456Z",
    dataschema="urn:kumiai:schema:resident.moved-in.v1:1",
    cause="membership:1:7",
    traceparent=TRACE,
    body=BODY,
)
NOTICE = NoticeEnvelope(
    id="2026-04-06-000417",
    source="urn:lg:131016:juki",
    type="resident-notice.move-in.v1",
    municipality="131016",
    subject="渡邉",
    time="2026-04-06T01:02:03.000456Z",
    dataschema="urn:kumiai:schema:resident-notice.move-in.v1:1",
    cause="resident:1:1207",
    traceparent=TRACE,
)


def read_officially(headers: list[tuple[str, bytes]], body: bytes) -> CloudEvent:
    event = from_binary_event(KafkaMessage(headers=dict(headers), key=None, value=body))
    assert isinstance(event, CloudEvent)
    return event


def test_the_official_package_reads_our_event_as_it_is() -> None:
    read = read_officially(EVENT.headers(), EVENT.body)
    assert read.get_data() == json.loads(BODY)
    assert read.get_attributes() == {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "id": "2-1208",
        "source": "urn:kumiai:131016:resident",
        "type": EVENT.type,
        "time": datetime(2026, 4, 6, 1, 2, 3, 456, UTC),
        "subject": EVENT.subject,
        "dataschema": EVENT.dataschema,
        "municipality": "131016",
        "incarnation": "2",
        "position": "1208",
        "hash": EVENT.hash.hex(),
        "cause": "membership:1:7",
    }


def test_we_read_the_event_that_the_official_package_writes() -> None:
    written = to_binary_event(read_officially(EVENT.headers(), EVENT.body))
    read = StoredEvent.from_record("resident", written.headers.items(), EVENT.body)
    assert read == EVENT._replace(traceparent="")  # which is no attribute of CloudEvents but a header beside them


def test_an_event_comes_back_from_its_headers_unchanged() -> None:
    for event in (EVENT, EVENT._replace(cause="", traceparent="")):
        assert StoredEvent.from_record("resident", event.headers(), event.body) == event


def test_the_official_package_reads_our_notice_as_it_is() -> None:
    read = read_officially(NOTICE.headers(), b"{}")
    expected = {name: value for name, value in NOTICE._asdict().items() if name not in ("time", "traceparent")}
    assert {name: read.get_attributes()[name] for name in expected} == expected
    assert read.get_time() == datetime(2026, 4, 6, 1, 2, 3, 456, UTC)


def test_we_read_the_notice_that_an_integrator_writes_with_the_official_package() -> None:
    attributes = {name: value for name, value in NOTICE._asdict().items() if name != "time"}
    sent = CloudEvent(
        attributes | {"time": datetime(2026, 4, 6, 1, 2, 3, 456, UTC), "datacontenttype": "application/json"},
        {"a": 1},
    )
    written = to_binary_event(sent)
    assert NoticeEnvelope.from_headers(written.headers.items()) == NOTICE


def test_a_notice_comes_back_from_its_headers_unchanged() -> None:
    for notice in (NOTICE, NoticeEnvelope("1", "urn:x", "t", "131016")):
        assert NoticeEnvelope.from_headers(notice.headers()) == notice


def changed(headers: list[tuple[str, bytes]], **changes: bytes | None) -> list[tuple[str, bytes]]:
    values = {**dict(headers), **changes}
    return [(name, value) for name, value in values.items() if value is not None]


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_municipality"])
def test_a_notice_without_a_required_attribute_is_refused(name: str) -> None:
    for value in (None, b""):
        with pytest.raises(EnvelopeError) as refused:
            NoticeEnvelope.from_headers(changed(NOTICE.headers(), **{name: value}))
        assert (refused.value.code, refused.value.pointer) == ("envelope-attribute-missing", f"/{name}")


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_subject", "ce_cause", "ce_time", "traceparent"])
@pytest.mark.parametrize("value", [b"x" * 201, b"a\x00b"], ids=["too long", "NUL"])
def test_an_attribute_that_no_store_can_hold_is_refused_and_never_repaired(name: str, value: bytes) -> None:
    with pytest.raises(EnvelopeError) as refused:
        NoticeEnvelope.from_headers(changed(NOTICE.headers(), **{name: value}))
    assert (refused.value.code, refused.value.pointer) == ("envelope-attribute-malformed", f"/{name}")


@pytest.mark.parametrize("name", ["ce_id", "ce_subject", "ce_ours", "traceparent"])
def test_an_attribute_that_is_not_utf8_is_refused(name: str) -> None:
    with pytest.raises(EnvelopeError) as refused:
        NoticeEnvelope.from_headers(changed(NOTICE.headers(), **{name: b"\xff\xfe"}))
    assert (refused.value.code, refused.value.pointer) == ("envelope-not-utf8", f"/{name}")


def test_a_foreign_header_may_hold_any_bytes() -> None:
    assert NoticeEnvelope.from_headers([*NOTICE.headers(), ("x-trace", b"\xff"), ("x-trace", b"\xfe")]) == NOTICE


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "traceparent"])
def test_an_attribute_given_twice_is_refused(name: str) -> None:
    with pytest.raises(EnvelopeError) as refused:
        NoticeEnvelope.from_headers([*NOTICE.headers(), (name, b"again")])
    assert (refused.value.code, refused.value.pointer) == ("envelope-attribute-repeated", f"/{name}")


@pytest.mark.parametrize("value", [None, b"", b"0.3", b"1.0.2"])
def test_another_version_of_cloudevents_is_refused(value: bytes | None) -> None:
    with pytest.raises(EnvelopeError) as refused:
        NoticeEnvelope.from_headers(changed(NOTICE.headers(), ce_specversion=value))
    assert refused.value.pointer == "/ce_specversion"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("ce_position", value) for value in (b"", b"-1", b"+1", b" 1", b"1_0", "１".encode(), b"1.0", b"9" * 5_000)],
        ("ce_incarnation", b"one"),
        *[("ce_hash", value) for value in (b"", b"zz", b"00" * 31, b"00" * 33)],
    ],
)
def test_an_event_with_a_malformed_attribute_is_refused(name: str, value: bytes) -> None:
    with pytest.raises(EnvelopeError) as refused:
        StoredEvent.from_record("resident", changed(EVENT.headers(), **{name: value}), b"{}")
    assert (refused.value.code, refused.value.pointer) == ("envelope-attribute-malformed", f"/{name}")


@pytest.mark.parametrize("name", [name for name, _ in EVENT.headers() if name.startswith("ce_") and name != "ce_cause"])
def test_an_event_without_an_attribute_that_the_chain_covers_is_refused(name: str) -> None:
    if name in ("ce_specversion", "ce_id", "ce_source"):  # which follow from the others
        return
    with pytest.raises(EnvelopeError) as refused:
        StoredEvent.from_record("resident", changed(EVENT.headers(), **{name: None}), b"{}")
    assert (refused.value.code, refused.value.pointer) == ("envelope-attribute-missing", f"/{name}")


def test_a_cause_comes_back_from_its_text_unchanged() -> None:
    cause = Cause("resident-registry-receipts", 3, 10**17)
    assert Cause.parse(str(cause)) == cause


@pytest.mark.parametrize(
    "text", ["", "resident", "resident:1", ":1:2", "resident:1:", "resident:-1:2", "resident:1:2:3", "resident:１:2"]
)
def test_a_malformed_cause_is_refused(text: str) -> None:
    with pytest.raises(EnvelopeError) as refused:
        Cause.parse(text)
    assert (refused.value.code, refused.value.pointer) == ("cause-malformed", "/ce_cause")
