"""A broker user and the standing rights of each service; rights on a municipality's topics come with its joining."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.secret_files import password
from kumiai_local.services import Service

TIMEOUT_S = 20.0
SCRAM_ITERATIONS = 4096
MUNICIPALITIES = "lg."
"""What every municipality's topic begins with."""


def provision_broker(addresses: StackAddresses, layout: Layout, services: Iterable[Service]) -> None:
    """Create or correct users and rights; done when the broker has confirmed all of them."""
    admin = AdminClient({**addresses.kafka_client(), "log_level": 3})
    everyone = list(services)
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            service.principal,
            ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, SCRAM_ITERATIONS),
            password(service.kafka_password(layout)).encode(),
        )
        for service in everyone
    ]
    rights = [right for service in everyone for right in standing_rights(service)]
    confirmations = [
        *admin.alter_user_scram_credentials(users, request_timeout=TIMEOUT_S).values(),
        *admin.create_acls(rights, request_timeout=TIMEOUT_S).values(),
    ]
    for confirmation in confirmations:
        confirmation.result(timeout=TIMEOUT_S)


def standing_rights(service: Service) -> list[AclBinding]:
    """What a service may do before any municipality has joined."""
    prefixed, literal = ResourcePatternType.PREFIXED, ResourcePatternType.LITERAL
    rights = [
        _allow(service, ResourceType.GROUP, service.group_prefix, prefixed, AclOperation.READ),
        # The relay's producer starts before any topic is there that would imply this right.
        _allow(service, ResourceType.BROKER, "kafka-cluster", literal, AclOperation.IDEMPOTENT_WRITE),
    ]
    if service.name == "membership":  # it makes the topics, users and rights of whoever joins
        rights += [
            _allow(service, ResourceType.BROKER, "kafka-cluster", literal, operation)
            for operation in (AclOperation.ALTER, AclOperation.DESCRIBE)
        ]
        rights += [
            _allow(service, ResourceType.TOPIC, MUNICIPALITIES, prefixed, operation)
            for operation in (
                AclOperation.CREATE,
                AclOperation.DESCRIBE,
                AclOperation.DELETE,
                AclOperation.ALTER,
                AclOperation.ALTER_CONFIGS,
                AclOperation.DESCRIBE_CONFIGS,
            )
        ]
        # Whoever leaves takes its consumer groups along, and those that read have time until then.
        rights += [
            _allow(service, ResourceType.GROUP, MUNICIPALITIES, prefixed, operation)
            for operation in (AclOperation.DESCRIBE, AclOperation.DELETE)
        ]
    return rights


def _allow(
    service: Service, kind: ResourceType, name: str, pattern: ResourcePatternType, operation: AclOperation
) -> AclBinding:
    return AclBinding(kind, name, pattern, f"User:{service.principal}", "*", operation, AclPermissionType.ALLOW)
