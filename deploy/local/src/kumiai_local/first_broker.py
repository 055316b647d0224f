"""`python -m kumiai_local.first_broker`: Kafka's file of classes, written before many brokers start at once.

Without it each of them would start without the file, and write it at its end for a next one in its own folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping

from kumiai_local import class_archive
from kumiai_local.choose import chosen_mode
from kumiai_local.layout import Layout, checkout
from kumiai_local.native import NativeStack
from kumiai_local.owned import Server
from kumiai_local.stack import Part


class BrokerAlone(NativeStack):
    """Kafka with its users and rights: making them loads what every broker needs."""

    def servers(self, kafka_port: int, controller_port: int, postgres_port: int) -> Mapping[Part, Server]:
        return {"kafka": super().servers(kafka_port, controller_port, postgres_port)["kafka"]}


def main() -> None:
    """Start a broker and stop it, if there is no file yet and brokers are ours to start."""
    if chosen_mode() != "native" or class_archive.archive().exists():
        return
    layout = Layout(checkout() / ".local" / "first-broker")
    with BrokerAlone(layout, fresh=True, prepared=True):
        pass
    class_archive.keep(layout)
    shutil.rmtree(layout.root)


if __name__ == "__main__":
    main()
