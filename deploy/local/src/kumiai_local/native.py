"""The stack without Docker: Kafka from Maven Central's jars and PostgreSQL from a wheel, as processes of our own."""

from __future__ import annotations

from collections.abc import Mapping

from kumiai_local.addresses import Mode
from kumiai_local.broker import Broker, fetch_libs, require_java
from kumiai_local.broker_settings import BrokerSettings
from kumiai_local.database import Database
from kumiai_local.owned import OwnedStack, Server
from kumiai_local.stack import Part


class NativeStack(OwnedStack):
    """Needs Java 17 with Maven."""

    mode: Mode = "native"

    def require(self) -> None:
        require_java()
        fetch_libs()

    def servers(self, kafka_port: int, controller_port: int, postgres_port: int) -> Mapping[Part, Server]:
        kafka_admin, controller, postgres_admin = self.admin_passwords()
        settings = BrokerSettings(
            port=kafka_port,
            controller_port=controller_port,
            data=str(self.layout.data / "kafka"),
            admin_password=kafka_admin,
            controller_password=controller,
        )
        return {
            "kafka": Broker(self.layout, settings),
            "postgres": Database(self.layout, postgres_port, postgres_admin),
        }
