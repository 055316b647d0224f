"""Names of topics: each says whose it is, and comes apart into what it was made of."""

import pytest
from kumiai_contracts.topics import (
    READS,
    SERVICE_OF,
    SERVICES,
    STREAM_OF,
    Topic,
    events_topic,
    notices_topic,
    owner_of,
    parse_topic,
    receipts_stream,
)

STREAMS = [*SERVICE_OF, *map(receipts_stream, SERVICES)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_notices_topic_comes_apart_into_its_service(service: str) -> None:
    assert parse_topic(notices_topic("131016", service)) == Topic("131016", "notices", service)


@pytest.mark.parametrize("stream", STREAMS)
def test_an_events_topic_comes_apart_into_its_stream(stream: str) -> None:
    assert parse_topic(events_topic("131016", stream)) == Topic("131016", "events", stream)


def test_the_names_are_those_of_the_documentation() -> None:
    assert notices_topic("131016", "resident-registry") == "lg.131016.resident-registry.notices"
    assert events_topic("131016", "resident") == "lg.131016.resident.events"
    assert events_topic("131016", receipts_stream("taxation")) == "lg.131016.taxation.receipts"


def test_no_two_streams_share_a_topic() -> None:
    names = [events_topic("131016", stream) for stream in STREAMS]
    names += [notices_topic("131016", service) for service in SERVICES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("service", SERVICES)
def test_a_stream_belongs_to_the_service_that_writes_it(service: str) -> None:
    assert owner_of(STREAM_OF[service]) == service
    assert owner_of(receipts_stream(service)) == service


def test_nobody_reads_a_stream_whose_owner_reads_theirs() -> None:
    order = list(READS)
    assert all(order.index(SERVICE_OF[stream]) < order.index(service) for service in READS for stream in READS[service])


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "lg.131016.resident",
        "lg.131016.resident.notices",
        "lg.131016.resident-registry.events",
        "lg.131016.resident.receipts",
        "lg.131016.unknown.notices",
        "lg.131016.taxation.events.old",
        "xx.131016.taxation.events",
        "__consumer_offsets",
    ],
)
def test_a_foreign_topic_is_none_of_ours(topic: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        parse_topic(topic)
