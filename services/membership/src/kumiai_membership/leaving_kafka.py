"""What Kafka holds of a municipality, and how it goes when it leaves. Every call may be repeated; all of them block."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
)
from kumiai_contracts.leaving import ReaderBehind

from kumiai_membership.domain.rights import principal_of
from kumiai_membership.provisioning import TIMEOUT_SECONDS, Provisioning, wait

_END: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_ANY: Any = None
_EVERY_RIGHT = AclBindingFilter(
    ResourceType.ANY, _ANY, ResourcePatternType.ANY, _ANY, _ANY, AclOperation.ANY, AclPermissionType.ANY
)


class Held(NamedTuple):
    """What there is of a municipality, by name."""

    topics: frozenset[str]
    rights: int
    users: int
    groups: frozenset[str]

    def counts(self) -> dict[str, int]:
        """How many of each."""
        return {
            "topics": len(self.topics),
            "rights": self.rights,
            "users": self.users,
            "consumer-groups": len(self.groups),
        }


class LeavingKafka:
    """Blocking calls to Kafka's admin interface. They raise confluent_kafka's KafkaException."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    def remove(self, topics: Collection[str], left: Iterable[str]) -> None:
        """Delete topics and, of whoever has left altogether, user and consumer groups."""
        admin = self._provisioning.admin
        there = self._topics() & set(topics)
        for municipality in left:
            self._remove_user(principal_of(municipality))
            for group in self._groups(municipality):
                done = admin.delete_consumer_groups([group], request_timeout=TIMEOUT_SECONDS)
                # One whose members are still there goes at a later look: they have lost the right to stay in it.
                wait(done.values(), unless=KafkaError.NON_EMPTY_GROUP)
        if there:
            found = admin.delete_topics(sorted(there), request_timeout=TIMEOUT_SECONDS)
            wait(found.values(), unless=KafkaError.UNKNOWN_TOPIC_OR_PART)

    def held(self, municipality: str, topics: Collection[str], *, altogether: bool) -> Held:
        """What is there: of these topics, of the rights on them and, if it leaves altogether, of everything its own."""
        user = principal_of(municipality)
        return Held(
            frozenset(self._topics() & set(topics)),
            self._rights(municipality, topics, altogether),
            int(altogether and user in self._users(user)),
            frozenset(self._groups(municipality)) if altogether else frozenset(),
        )

    def behind(self, municipality: str, topics: Collection[str]) -> list[ReaderBehind]:
        """The municipality's consumer groups that have read one of these topics and not come to its end."""
        admin = self._provisioning.admin
        there = self._topics()
        found: list[ReaderBehind] = []
        for group in sorted(self._groups(municipality)):
            asked = admin.list_consumer_group_offsets(
                [ConsumerGroupTopicPartitions(group)], request_timeout=TIMEOUT_SECONDS
            )
            places = asked[group].result(TIMEOUT_SECONDS).topic_partitions or []
            read = {place.topic: place.offset for place in places if place.topic in topics and place.topic in there}
            for topic, end in self._ends(sorted(read)).items():
                if read[topic] < end:
                    found.append(ReaderBehind(group=group, topic=topic, behind=end - max(read[topic], 0)))
        return found

    def _ends(self, topics: list[str]) -> dict[str, int]:
        if not topics:
            return {}
        asked = dict.fromkeys((TopicPartition(topic, 0) for topic in topics), _END)
        found = self._provisioning.admin.list_offsets(asked, request_timeout=TIMEOUT_SECONDS)
        return {place.topic: int(end.result(TIMEOUT_SECONDS).offset) for place, end in found.items()}

    def _topics(self) -> set[str]:
        return set(self._provisioning.admin.list_topics(timeout=TIMEOUT_SECONDS).topics)

    def _groups(self, municipality: str) -> list[str]:
        found = self._provisioning.admin.list_consumer_groups(request_timeout=TIMEOUT_SECONDS).result(TIMEOUT_SECONDS)
        # The full stop at the end keeps lg.1310 from matching lg.13101.
        return [group.group_id for group in found.valid if group.group_id.startswith(f"lg.{municipality}.")]

    def _users(self, user: str) -> set[str]:
        asked = self._provisioning.admin.describe_user_scram_credentials([user], request_timeout=TIMEOUT_SECONDS)
        assert isinstance(asked, dict)  # as whenever users are named
        error = asked[user].exception(TIMEOUT_SECONDS)
        if error is None:
            return {user}
        if error.args[0].code() != KafkaError.RESOURCE_NOT_FOUND:
            raise error
        return set()

    def _remove_user(self, user: str) -> None:
        change = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_256)
        done = self._provisioning.admin.alter_user_scram_credentials([change], request_timeout=TIMEOUT_SECONDS)
        wait(done.values(), unless=KafkaError.RESOURCE_NOT_FOUND)

    def _rights(self, municipality: str, topics: Collection[str], altogether: bool) -> int:
        found = self._provisioning.admin.describe_acls(_EVERY_RIGHT, request_timeout=TIMEOUT_SECONDS).result(
            TIMEOUT_SECONDS
        )
        principal = f"User:{principal_of(municipality)}"
        return sum(
            (right.restype is ResourceType.TOPIC and right.name in topics)
            or (altogether and right.principal == principal)
            for right in found
        )
