"""Which worker takes which municipality."""

from collections import Counter

from aiokafka.cluster import ClusterMetadata
from aiokafka.structs import PartitionMetadata
from hypothesis import given
from hypothesis import strategies as st
from kumiai_common.assignment import ByMunicipality, share
from kumiai_contracts.municipalities import municipalities
from kumiai_contracts.topics import events_topic, notices_topic

CODES = sorted(municipalities())
some_codes = st.sets(st.sampled_from(CODES), min_size=1, max_size=60)
some_workers = st.sets(st.text("abcdef0123456789-", min_size=1), min_size=1, max_size=6)


class Topics(ClusterMetadata):  # type: ignore[misc]
    """What a worker knows of the cluster, without a cluster."""

    def __init__(self, topics: set[str]) -> None:
        super().__init__()
        self._partitions = {name: {0: PartitionMetadata(name, 0, 0, [], [], None)} for name in topics}


def topics_of(codes: set[str]) -> set[str]:
    """What a registry reads of them."""
    return {
        topic
        for code in codes
        for topic in (notices_topic(code, "resident-registry"), events_topic(code, "membership"))
    }


@given(some_codes, some_workers)
def test_everybody_is_somebodys_and_shares_are_even(codes: set[str], workers: set[str]) -> None:
    shares = share(codes, workers)
    assert shares.keys() == codes
    assert max(Counter(shares.values()).values()) <= -(-len(codes) // len(workers))


def test_who_joins_hardly_moves_the_others() -> None:
    few, more = share(CODES[:200], ("one", "two", "three")), share(CODES[:210], ("one", "two", "three"))
    assert sum(few[code] != more[code] for code in few) <= 10


@given(some_codes, some_workers)
def test_all_topics_of_a_municipality_are_one_workers(codes: set[str], workers: set[str]) -> None:
    topics = topics_of(codes)
    known = {worker: ByMunicipality.metadata(topics) for worker in workers}
    given_ = ByMunicipality.assign(Topics(topics), known)
    owners = [(topic.split(".")[1], worker) for worker, found in given_.items() for topic, _ in found.assignment]
    assert Counter(owners) == Counter(dict.fromkeys(set(owners), 2))
    assert {code for code, _ in owners} == codes


def test_a_worker_gets_no_topic_that_it_does_not_know_yet_and_none_that_is_gone() -> None:
    old, new, gone = topics_of({"131016"}), topics_of({"131024"}), topics_of({"131032"})
    known = {"one": ByMunicipality.metadata(old | gone), "two": ByMunicipality.metadata(old | new | gone)}
    given_ = ByMunicipality.assign(Topics(old | new), known)
    for worker, found in given_.items():
        assert {topic for topic, _ in found.assignment} <= set(known[worker].subscription) - gone
