"""What the relay has at hand goes on without a gap behind what Kafka has, or the log is read."""

from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.unsent import EVENTS_A_STREAM, MOST_EVENTS, Unsent
from kumiai_contracts.envelope import StoredEvent

KEY = ("131016", "resident")
OTHER = ("141003", "resident")


def _event(position: int, key: tuple[str, str] = KEY) -> StoredEvent:
    return StoredEvent(*key, 1, position, b"", "", "", "", "", "", "", b"")


def _at_hand(unsent: Unsent) -> dict[tuple[str, str], list[int]] | None:
    found = unsent.following(lambda _: True)
    return found and {key: [event.position for event in run] for key, run in found.items()}


def test_what_follows_the_acknowledged_position_is_at_hand_until_it_is_acknowledged() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 4})
    unsent.add([_event(5), _event(6)])
    assert _at_hand(unsent) == {KEY: [5, 6]} == _at_hand(unsent)
    unsent.acknowledged({KEY: 5})
    assert _at_hand(unsent) == {KEY: [6]}
    unsent.acknowledged({KEY: 6})
    assert unsent.following(lambda _: True) == {}


def test_a_stream_of_which_nothing_is_acknowledged_is_read_from_the_log() -> None:
    unsent = Unsent()
    unsent.add([_event(1)])
    assert _at_hand(unsent) is None


def test_a_gap_before_what_was_appended_here_is_read_from_the_log() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 4})
    unsent.add([_event(6)])
    assert _at_hand(unsent) is None
    unsent.acknowledged({KEY: 6})  # the log was read and sent
    unsent.add([_event(7)])
    assert _at_hand(unsent) == {KEY: [7]}


def test_commits_told_of_in_another_order_are_read_from_the_log() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 4})
    unsent.add([_event(6)])
    unsent.add([_event(5)])
    assert _at_hand(unsent) is None
    unsent.acknowledged({KEY: 6})  # the log was read and sent
    unsent.add([_event(7)])
    assert _at_hand(unsent) == {KEY: [7]}


def test_what_goes_unwanted_keeps_nobody_else_from_being_sent() -> None:
    unsent = Unsent()
    unsent.acknowledged({OTHER: 1})
    unsent.add([_event(3), _event(2, OTHER)])
    assert unsent.following(lambda key: key == OTHER) == {OTHER: [_event(2, OTHER)]}


def test_whoever_is_far_behind_reads_the_log() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 0})
    unsent.add(_event(position) for position in range(1, MOST_EVENTS + 2))
    assert unsent.following(lambda _: True) == {}
    unsent.add([_event(MOST_EVENTS + 2)])
    assert _at_hand(unsent) is None


def test_nobodys_backlog_is_sent_at_once() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 0})
    unsent.add(_event(position) for position in range(1, EVENTS_A_STREAM + 2))
    assert _at_hand(unsent) == {KEY: list(range(1, EVENTS_A_STREAM + 1))}
    unsent.acknowledged({KEY: EVENTS_A_STREAM})
    assert _at_hand(unsent) == {KEY: [EVENTS_A_STREAM + 1]}


def test_nothing_is_certain_after_forgetting() -> None:
    unsent = Unsent()
    unsent.acknowledged({KEY: 4})
    unsent.forget()
    unsent.add([_event(5)])
    assert _at_hand(unsent) is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 3)),
            st.tuples(st.sampled_from(["commit", "send", "look", "elsewhere", "forget"]), st.just(0)),
        ),
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_happens_everything_is_sent_once_in_order(steps: list[tuple[str, int]], random: object) -> None:
    """A log, what its process is told of it (late, in any order), and a relay that sends what is at hand or looks."""
    unsent, head, acknowledged = Unsent(), 0, 0
    untold: list[list[StoredEvent]] = []
    sent: list[int] = []

    def take(positions: list[int]) -> None:
        nonlocal acknowledged
        if positions:
            sent.extend(positions)
            acknowledged = positions[-1]
            unsent.acknowledged({KEY: acknowledged})

    for step, count in [*steps, ("look", 0)]:
        at_hand = unsent.following(lambda _: True) if step == "send" else {}
        if step == "append":
            untold.append([_event(head + n) for n in range(1, count + 1)])
            head += count
        elif step == "commit" and untold:
            unsent.add(untold.pop(random.randrange(len(untold))))  # type: ignore[attr-defined]
        elif step == "elsewhere":
            head += 1  # another process appended
        elif step == "forget":
            unsent.forget()
        elif at_hand:
            take([event.position for event in at_hand[KEY]])
        elif step == "look" or at_hand is None:
            take(list(range(acknowledged + 1, head + 1)))
    assert sent == list(range(1, head + 1))
