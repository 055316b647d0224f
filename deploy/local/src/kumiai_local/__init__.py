"""The local stack: Kafka, PostgreSQL and the services on one machine. Importing it connects to nothing."""

from kumiai_local.addresses import StackAddresses
from kumiai_local.choose import new_stack
from kumiai_local.errors import StackError
from kumiai_local.layout import Layout, default_layout
from kumiai_local.provision import provision_services
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import SERVICES, Service
from kumiai_local.stack import Stack, StackControl
from kumiai_local.worker import Worker

__all__ = [
    "SERVICES",
    "Layout",
    "Service",
    "ServiceProcesses",
    "Stack",
    "StackAddresses",
    "StackControl",
    "StackError",
    "Worker",
    "default_layout",
    "new_stack",
    "provision_services",
]
