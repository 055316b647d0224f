"""A membership process on the real stack, with an operator of this session."""

from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from kumiai_common.http.token_client import TokenClient
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import SERVICES
from kumiai_local.stack import Stack

OPERATOR = "000001/test-operator"


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="session")
def operator_key(test_layout: Layout) -> Ed25519PrivateKey:
    """The key of an operator whom membership finds in its folder when it starts."""
    key = Ed25519PrivateKey.generate()
    folder = test_layout.root / "test-operators"
    folder.mkdir(parents=True, exist_ok=True)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "test-operator.pub.pem").write_bytes(public)
    return key


@pytest.fixture(scope="session")
def membership(stack: Stack, test_layout: Layout, operator_key: Ed25519PrivateKey) -> Iterator[str]:
    """The address of a running membership; it may be one of several on the same database."""
    processes = ServiceProcesses(
        stack.addresses,
        test_layout,
        services=[service for service in SERVICES if service.name == "membership"],
        extra_env={"KUMIAI_OPERATOR_KEYS_DIR": str(test_layout.root / "test-operators")},
    )
    processes.migrate()
    worker = processes["membership"]
    worker.start()
    try:
        worker.wait_ready()
        yield worker.url
    finally:
        worker.stop()


@pytest.fixture(scope="session")
def operator(membership: str, operator_key: Ed25519PrivateKey) -> Iterator[httpx.Client]:
    """An operator's HTTP client."""
    auth = TokenClient(membership, OPERATOR, operator_key)
    with httpx.Client(base_url=membership, auth=auth, timeout=30) as client:
        yield client
