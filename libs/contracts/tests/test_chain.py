"""The hash chain: whatever changes is seen, and no two lists of parts give the same bytes."""

from hashlib import sha256

from hypothesis import assume, given
from hypothesis import strategies as st
from kumiai_contracts.chain import commitment, digest, length_prefixed, link, origin
from kumiai_contracts.envelope import StoredEvent

TEXT = st.text(max_size=12)
EVENTS = st.builds(
    StoredEvent,
    municipality=TEXT,
    stream=TEXT,
    incarnation=st.integers(1, 9),
    position=st.integers(1, 2**40),
    hash=st.just(b""),
    type=TEXT,
    subject=TEXT,
    time=TEXT,
    dataschema=TEXT,
    cause=TEXT,
    traceparent=TEXT,
    body=st.binary(max_size=40),
)
COVERED = [name for name in StoredEvent._fields if name not in ("hash", "traceparent")]
GENESIS = origin("131016", "resident", 1)


def chained(events: list[StoredEvent]) -> bytes:
    head = GENESIS
    for event in events:
        head = event.expected_hash(1, head)
    return head


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_different_parts_never_give_the_same_bytes(some: list[bytes], others: list[bytes]) -> None:
    assert (length_prefixed(*some) == length_prefixed(*others)) == (some == others)


@given(EVENTS, st.sampled_from(COVERED), st.data())
def test_a_change_of_any_covered_field_changes_the_hash(event: StoredEvent, name: str, data: st.DataObject) -> None:
    other = data.draw(EVENTS.map(lambda drawn: getattr(drawn, name)))
    assume(other != getattr(event, name))
    assert event._replace(**{name: other}).expected_hash(1, GENESIS) != event.expected_hash(1, GENESIS)


@given(EVENTS.filter(lambda event: event.body), st.data())
def test_a_change_of_any_single_bit_of_the_body_changes_the_hash(event: StoredEvent, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(event.body) * 8 - 1))
    changed = bytearray(event.body)
    changed[bit // 8] ^= 1 << bit % 8
    assert event._replace(body=bytes(changed)).expected_hash(1, GENESIS) != event.expected_hash(1, GENESIS)


@given(EVENTS, TEXT, TEXT)
def test_text_that_moves_from_one_field_to_the_next_changes_the_hash(event: StoredEvent, one: str, two: str) -> None:
    assume(two)
    here = event._replace(type=one, subject=two)
    there = event._replace(type=one + two, subject="")
    assert here.expected_hash(1, GENESIS) != there.expected_hash(1, GENESIS)


@given(EVENTS)
def test_the_trace_and_the_hash_itself_are_not_covered(event: StoredEvent) -> None:
    other = event._replace(traceparent="00-1-2-01", hash=b"x")
    assert other.expected_hash(1, GENESIS) == event.expected_hash(1, GENESIS)


@given(
    st.lists(EVENTS.map(lambda event: event._replace(incarnation=1, traceparent="")), min_size=2, max_size=4), st.data()
)
def test_another_order_an_omission_or_a_repetition_changes_the_head(
    events: list[StoredEvent], data: st.DataObject
) -> None:
    other = data.draw(st.permutations(events))
    assert (chained(other) == chained(events)) == (other == events)
    n = data.draw(st.integers(0, len(events) - 1))
    assert chained(events[:n] + events[n + 1 :]) != chained(events)
    assert chained(events[: n + 1] + events[n:]) != chained(events)


@given(EVENTS, st.binary(min_size=32, max_size=32), st.integers(1, 9))
def test_the_first_event_of_an_incarnation_goes_on_from_its_origin(
    event: StoredEvent, head: bytes, incarnation: int
) -> None:
    direct = link(head, event.covered(), event.body)
    through = link(origin(event.municipality, event.stream, event.incarnation, head), event.covered(), event.body)
    assert event.expected_hash(incarnation, head) == (direct if incarnation == event.incarnation else through)
    assert direct != through


@given(TEXT, TEXT, st.integers(1, 99), st.integers(1, 99), st.binary(max_size=32))
def test_every_incarnation_of_every_stream_has_its_own_origin(
    municipality: str, stream: str, one: int, other: int, head: bytes
) -> None:
    assert (origin(municipality, stream, one, head) == origin(municipality, stream, other, head)) == (one == other)
    assume(municipality != stream)
    assert origin(municipality, stream, one, head) != origin(stream, municipality, one, head)


def test_the_chain_is_what_the_documentation_says_and_a_verifier_without_this_package_computes() -> None:
    def part(value: bytes) -> bytes:
        return len(value).to_bytes(4, "big") + value

    event = StoredEvent("131016", "resident", 1, 1, b"", "t.v1", "s", "now", "urn:x", "", "00-trace", b"{}")
    genesis = sha256(b"".join(map(part, [b"kumiai-stream-v1", b"131016", b"resident", b"1", b""]))).digest()
    envelope = b"".join(map(part, [b"131016", b"resident", b"1", b"1", b"t.v1", b"s", b"now", b"urn:x", b""]))
    assert event.expected_hash(1, genesis) == sha256(part(genesis) + part(envelope) + part(b"{}")).digest()
    assert event.expected_hash(0, b"") == event.expected_hash(1, genesis)


def test_a_commitment_and_a_digest_are_plain_sha256() -> None:
    assert commitment(b"salt", b"part") == sha256(b"saltpart").hexdigest()
    assert digest("t", b"{}") == sha256(b"\0\0\0\1t\0\0\0\2{}").digest()
    assert digest("t{", b"}") != digest("t", b"{}")
