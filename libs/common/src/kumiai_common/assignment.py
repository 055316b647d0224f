"""Which worker of a service takes which municipality (割当): all topics of a municipality go to one worker.

Kafka's own ways of sharing count partitions, and a service's topics are not alike: notices come all day, membership's
events hardly ever. Shared by count, one worker could hold everybody's notices and the other everybody's membership.
And two workers at the same municipality would only wait for each other's locks.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from kumiai_common.places import topic_of


class ByMunicipality(AbstractPartitionAssignor):  # type: ignore[misc]
    """Shares municipalities evenly, and hardly moves any when another joins or a worker comes or goes."""

    name = "by-municipality"
    version = 0

    @classmethod
    def assign(
        cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Who reads which partitions, by member id.

        A worker is given no topic that it did not ask for: it looked before that topic was made, and will ask again.
        """
        topics: dict[str, set[str]] = defaultdict(set)
        for member in members.values():
            for topic in member.subscription:
                topics[topic_of(topic).municipality].add(topic)
        given: dict[str, list[tuple[str, list[int]]]] = {member: [] for member in members}
        for municipality, member in share(topics, members).items():
            for topic in sorted(topics[municipality] & set(members[member].subscription)):
                if partitions := cluster.partitions_for_topic(topic):
                    given[member].append((topic, sorted(partitions)))
        return {m: ConsumerProtocolMemberAssignment(cls.version, found, b"") for m, found in given.items()}

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What a worker says when it joins: the topics that it knows."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing is remembered from one time to the next."""


def share(municipalities: Iterable[str], workers: Iterable[str]) -> dict[str, str]:
    """The worker of each municipality; no worker has more than its even share, rounded up.

    Each municipality ranks the workers by a hash of both (rendezvous hashing) and takes the first that has room, so
    that the same workers get the same municipalities again, whatever else comes or goes.
    """
    codes, everyone = sorted(municipalities), sorted(workers)
    limit = math.ceil(len(codes) / len(everyone))
    room = dict.fromkeys(everyone, limit)
    shares: dict[str, str] = {}
    for code in codes:
        free = [worker for worker in everyone if room[worker]]
        shares[code] = max(free, key=lambda worker: blake2b(f"{code}/{worker}".encode()).digest())
        room[shares[code]] -= 1
    return shares
