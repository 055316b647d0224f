"""Kafka's side of membership: topics, SCRAM users, literal ACLs. Every call may be repeated.

aiokafka's admin client has neither ACLs nor users, so this is confluent_kafka's; it blocks, and is called in a thread.
"""

import secrets
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kumiai_common.settings import Settings, read_secret

from kumiai_membership.domain.rights import Action, Right

TIMEOUT_SECONDS = 15.0
SCRAM_ITERATIONS = 8192
_RESOURCES = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
_PATTERNS = {"topic": ResourcePatternType.LITERAL, "group": ResourcePatternType.PREFIXED}
_ACTIONS = {Action.READ: AclOperation.READ, Action.WRITE: AclOperation.WRITE}


def new_password() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


class Provisioning:
    """Blocking calls to Kafka's admin interface. They raise confluent_kafka's KafkaException."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: AdminClient | None = None

    def apply(
        self, topics: Mapping[str, Mapping[str, str]], given: Collection[Right], withdrawn: Collection[Right]
    ) -> None:
        """Create topics that are missing, give rights, take rights away; done when the brokers have confirmed all."""
        # Withdrawing comes first: if the rest fails, nobody has more than is recorded.
        if withdrawn:
            filters = [_acl(AclBindingFilter, right) for right in withdrawn]
            wait(self.admin.delete_acls(filters, request_timeout=TIMEOUT_SECONDS).values())
        if topics:
            wanted = [NewTopic(name, num_partitions=1, config=dict(config)) for name, config in topics.items()]
            wait(
                self.admin.create_topics(wanted, request_timeout=TIMEOUT_SECONDS).values(),
                unless=KafkaError.TOPIC_ALREADY_EXISTS,
            )
        if given:
            bindings = [_acl(AclBinding, right) for right in given]
            wait(self.admin.create_acls(bindings, request_timeout=TIMEOUT_SECONDS).values())

    def set_password(self, principal: str, password: str) -> None:
        """Make a SCRAM user, or give it another password."""
        change = UserScramCredentialUpsertion(
            principal, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, SCRAM_ITERATIONS), password.encode()
        )
        wait(self.admin.alter_user_scram_credentials([change], request_timeout=TIMEOUT_SECONDS).values())

    @property
    def admin(self) -> AdminClient:
        """The one client, made at its first use."""
        if self._made is None:
            settings = self._settings
            options: dict[str, Any] = {
                "bootstrap.servers": settings.kafka_bootstrap,
                "security.protocol": settings.kafka_security_protocol,
                "sasl.mechanism": "SCRAM-SHA-256",
                "sasl.username": settings.kafka_username,
                "sasl.password": read_secret(settings.kafka_password_file),
                "log_level": 0,
            }
            if settings.kafka_ca_file:
                options["ssl.ca.location"] = str(settings.kafka_ca_file)
            self._made = AdminClient(options)
        return self._made


def _acl(kind: type[Any], right: Right) -> Any:
    return kind(
        _RESOURCES[right.resource],
        right.name,
        _PATTERNS[right.resource],
        f"User:{right.principal}",
        "*",
        _ACTIONS[right.action],
        AclPermissionType.ALLOW,
    )


def wait(confirmations: Collection[Future[Any]], *, unless: int | None = None) -> None:
    """Until every broker has confirmed. Raises KafkaException, but not for the error that says it was so already."""
    for confirmation in confirmations:
        try:
            confirmation.result(timeout=TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != unless:
                raise
