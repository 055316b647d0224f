"""The broker's configuration: one KRaft node, SASL everywhere, and nothing allowed that no ACL allows.

The same text configures the native broker and the container, so that tests mean the same on both.
"""

from __future__ import annotations

from dataclasses import dataclass

ADMIN = "kumiai-admin"
CONTROLLER = "kumiai-controller"

MESSAGE_LIMIT = 4 * 1024 * 1024
"""Bytes. Larger than our own limit for notices, so that an oversize notice reaches us and gets a receipt of ours."""


@dataclass(frozen=True)
class BrokerSettings:
    """What differs from one start to the next."""

    port: int
    controller_port: int
    data: str
    """The folder of the logs, as the broker sees it."""
    admin_password: str
    controller_password: str
    listen: str = "127.0.0.1"

    def properties(self) -> str:
        """The text of `server.properties`. It holds passwords: store it readable by the owner only."""
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        admin = f'username="{ADMIN}" password="{self.admin_password}"'
        controller = f'username="{CONTROLLER}" password="{self.controller_password}"'
        accepted = f'user_{CONTROLLER}="{self.controller_password}"'
        settings: dict[str, object] = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"CLIENT://{self.listen}:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.client.scram-sha-256.sasl.jaas.config": f"{scram} {admin};",
            # The controller cannot read SCRAM users from the log that it has yet to load: one fixed principal instead.
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": f"{plain} {controller} {accepted};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{ADMIN};User:{CONTROLLER}",
            "auto.create.topics.enable": "false",
            "num.partitions": 1,
            "default.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "message.max.bytes": MESSAGE_LIMIT,
            "replica.fetch.max.bytes": MESSAGE_LIMIT,
            "log.dirs": self.data,
            # Every partition maps its indexes in advance: small ones make thousands of topics fit on a laptop.
            "log.index.size.max.bytes": 256 * 1024,
            "log.segment.bytes": 128 * 1024 * 1024,
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            # A broker that was killed is taken back only when its old session has run out (9 s by default).
            "broker.session.timeout.ms": 4000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 3,
            "num.io.threads": 4,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())
