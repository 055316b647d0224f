"""The session's membership, and its operator."""

from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_local.layout import Layout
from kumiai_local.service_processes import ServiceProcesses

OPERATOR = "000001/operator"


@pytest.fixture(scope="session")
def membership(federation: ServiceProcesses) -> str:
    """Membership's base address."""
    return federation["membership"].url


@pytest.fixture(scope="session")
def operator_key(federation: ServiceProcesses, test_layout: Layout) -> Ed25519PrivateKey:
    """The key of the first operator, whom membership found in its folder when it started."""
    return load_private_key(test_layout.operators / "operator.pem")


@pytest.fixture(scope="session")
def operator(membership: str, operator_key: Ed25519PrivateKey) -> Iterator[httpx.Client]:
    """An operator's HTTP client."""
    auth = TokenClient(membership, OPERATOR, operator_key)
    with httpx.Client(base_url=membership, auth=auth, timeout=30) as client:
        yield client
