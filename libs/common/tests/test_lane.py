"""What comes to a lane, or leaves it, touches nothing else that it reads."""

from itertools import combinations

from aiokafka import TopicPartition
from aiokafka.consumer.subscription_state import ManualSubscription, SubscriptionState, TopicPartitionState
from kumiai_common.lane import LANES, Partitions, lane_of
from kumiai_common.relay import shard_of
from kumiai_contracts.municipalities import municipalities

OLD, NEW, GOING = (TopicPartition(f"lg.{code}.taxation.notices", 0) for code in ("131016", "131024", "131032"))
SHARDS = 8


async def assigned(*partitions: TopicPartition) -> tuple[SubscriptionState, Partitions]:
    """What a consumer knows of what it reads."""
    subscriptions = SubscriptionState()
    subscriptions.assign_from_user([])
    found = subscriptions.subscription._assignment = Partitions()
    found.add(partitions)
    for partition in partitions:
        subscriptions.seek(partition, 7)
    return subscriptions, found


async def test_what_stays_keeps_its_place_its_pause_and_the_fetch_under_way() -> None:
    subscriptions, partitions = await assigned(OLD, GOING)
    subscriptions.pause(OLD)
    fetching = partitions.state_value(OLD)
    partitions.add([NEW])
    subscriptions.seek(NEW, 3)
    partitions.remove([GOING])
    assert subscriptions.assigned_partitions() == {OLD, NEW}
    assert partitions.active and subscriptions.subscription.active
    assert partitions.state_value(OLD) is fetching
    assert subscriptions.paused_partitions() == {OLD}
    assert {place: at.offset for place, at in partitions.all_consumed_offsets().items()} == {OLD: 7, NEW: 3}


async def test_what_is_fetched_of_one_that_has_left_finds_no_place() -> None:
    _, partitions = await assigned(OLD, GOING)
    partitions.remove([GOING])
    state: TopicPartitionState = partitions.state_value(GOING)
    # It has a place, or aiokafka would ask for one without end; no fetch begins there, so none is taken for its answer.
    assert state.has_valid_position and not state.awaiting_reset
    assert state.position < 0


async def test_one_that_comes_back_is_read_from_where_it_is_sent_then() -> None:
    subscriptions, partitions = await assigned(OLD, GOING)
    subscriptions.pause(GOING)
    partitions.remove([GOING])
    partitions.add([GOING])
    assert not partitions.state_value(GOING).has_valid_position
    subscriptions.seek(GOING, 9)
    assert partitions.state_value(GOING).position == 9
    assert not subscriptions.paused_partitions()


async def test_aiokafka_still_takes_an_assignment_of_ours() -> None:
    """Our class stands in for one that is none of aiokafka's promises: this says first that it has changed."""
    manual = ManualSubscription([OLD])
    assert manual.assignment.__class__ is Partitions.__base__
    assert {"_topic_partitions", "_tp_state"} <= vars(manual.assignment).keys()


def test_whatever_shards_a_worker_holds_all_its_lanes_have_work() -> None:
    codes = municipalities()
    for held in combinations(range(SHARDS), SHARDS // 4):
        ours = [code for code in codes if shard_of(code, SHARDS) in held]
        for lane in range(LANES):
            share = sum(lane_of(code) == lane for code in ours) / len(ours)
            assert 0.6 / LANES < share < 1.4 / LANES
