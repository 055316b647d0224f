"""Where the federation is and who asks: addresses, the operator's key, the municipalities' credentials.

Looked for in this order: environment variables, then the files that the local stack writes below `.local/`, then, for
a municipality, the file that joining gave it. A municipality needs nothing else.
"""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import claimed_purposes, load_private_key
from kumiai_contracts.topics import FEDERATION

from kumiai_cli.outcome import UNREACHABLE, USAGE, Failure


def local_folder() -> Path:
    """`.local` of this checkout: KUMIAI_LOCAL_DIR, or the nearest one upwards from here."""
    configured = os.environ.get("KUMIAI_LOCAL_DIR")
    if configured:
        return Path(configured)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".local").is_dir():
            return folder / ".local"
    return here / ".local"


@dataclass(frozen=True)
class Federation:
    """Base addresses of the services by name, and what else is known of the place."""

    services: dict[str, str]
    kafka: dict[str, str]
    """`kafka_bootstrap` and, where known, `kafka_security_protocol` and `kafka_ca_file`."""

    def address(self, service: str) -> str:
        """A service's base address. Raises Failure if it is not known."""
        try:
            return self.services[service]
        except KeyError:
            raise Failure(f"The address of {service} is not known; name it in KUMIAI_PEERS.", USAGE) from None

    @contextmanager
    def operator(self, service: str) -> Iterator[httpx.Client]:
        """An operator's client of a service."""
        with httpx.Client(base_url=self.address(service), auth=self._operator_token(), timeout=30) as client:
            client.event_hooks["response"].append(_raise_problem)
            yield client

    @contextmanager
    def system(self, service: str, credentials: "Credentials") -> Iterator[httpx.Client]:
        """A municipality's client of a service."""
        tokens = self._tokens_of(credentials)
        with httpx.Client(base_url=self.address(service), auth=tokens, timeout=30) as client:
            client.event_hooks["response"].append(_raise_problem)
            yield client

    def purposes(self, credentials: "Credentials") -> frozenset[str]:
        """The purposes (利用目的) that a party of a municipality has, as membership tells it."""
        return claimed_purposes(self._tokens_of(credentials).token_now())

    def _tokens_of(self, credentials: "Credentials") -> TokenClient:
        subject = f"{credentials.municipality}/{credentials.party}"
        return TokenClient(self.address("membership"), subject, credentials.key)

    def _operator_token(self) -> TokenClient:
        path = Path(
            os.environ.get("KUMIAI_OPERATOR_KEY_FILE") or local_folder() / "keys" / "operators" / "operator.pem"
        )
        party = os.environ.get("KUMIAI_OPERATOR", "operator")
        try:
            key = load_private_key(path)
        except (OSError, ValueError):
            raise Failure(f"{path} holds no operator's key; name one in KUMIAI_OPERATOR_KEY_FILE.", USAGE) from None
        return TokenClient(self.address("membership"), f"{FEDERATION}/{party}", key)


@dataclass(frozen=True)
class Credentials:
    """What a municipality got when it joined."""

    municipality: str
    party: str
    key: Ed25519PrivateKey
    services: dict[str, str] = field(default_factory=dict)
    """Base addresses of the services, where the credentials came with them."""


def find_federation(owner: Credentials | None = None) -> Federation:
    """The federation of KUMIAI_PEERS, or the one that runs locally, or the one that the credentials came from.

    Raises Failure if there is none.
    """
    peers = os.environ.get("KUMIAI_PEERS", "").strip()
    if peers:
        pairs = [part.strip().partition("=") for part in peers.split(",") if part.strip()]
        if not all(name and address for name, _, address in pairs):
            raise Failure("KUMIAI_PEERS is not of the form name=http://host:port,…", USAGE)
        kafka = {"kafka_bootstrap": os.environ.get("KUMIAI_KAFKA_BOOTSTRAP", "")}
        return Federation({name: address.rstrip("/") for name, _, address in pairs}, kafka)
    path = local_folder() / "run" / "federation.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        if owner is not None and owner.services:
            return Federation(owner.services, {})
        raise Failure(
            "No federation runs here. Start one (kumiai up) or name it in KUMIAI_PEERS.", UNREACHABLE
        ) from None
    except (OSError, ValueError):
        raise Failure(f"{path} can't be read; start the federation again (kumiai up).", UNREACHABLE) from None
    services = found.get("peers") or found.get("services") or {}
    return Federation(dict(services), {name: value for name, value in found.items() if name.startswith("kafka_")})


def credentials_file(municipality: str) -> Path:
    """Where a municipality's credentials are kept on this machine."""
    return local_folder() / "credentials" / f"{municipality}.json"


def write_credentials(municipality: str, content: dict[str, Any]) -> Path:
    """Keep credentials, readable by this user alone; replaces the file in one step."""
    path = credentials_file(municipality)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
    draft.replace(path)
    return path


def read_credentials(municipality: str) -> Credentials:
    """A municipality's credentials. Raises Failure if they are not on this machine."""
    path = credentials_file(municipality)
    if not path.exists():
        raise Failure(
            f"There are no credentials of {municipality} here ({path}). Run this where it joined, name the folder that "
            "holds them in KUMIAI_LOCAL_DIR, or copy the file to this place. If it has not joined yet: kumiai join "
            f"{municipality} --services …. If they are lost, an operator makes new ones, and the old ones end: kumiai "
            f"credentials {municipality}.",
            USAGE,
        )
    try:
        found = json.loads(path.read_text())
        key = load_pem_private_key(found["private_key"].encode(), None)
    except (OSError, ValueError, KeyError):
        raise Failure(
            f"{path} holds no credentials of {municipality}; renew them (kumiai credentials {municipality}).", USAGE
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Failure(f"{path} holds no Ed25519 key.", USAGE)
    return Credentials(municipality, found["party"], key, found.get("services") or {})


def read_party(municipality: str, party: str) -> Credentials:
    """The key of a party of a municipality, as `kumiai party add` wrote it. Raises Failure if it is not here."""
    path = local_folder() / "credentials" / f"{municipality}-{party}.pem"
    try:
        return Credentials(municipality, party, load_private_key(path))
    except (OSError, ValueError):
        raise Failure(
            f"{path} holds no key of {party}; make one (kumiai party add {municipality} {party}).", USAGE
        ) from None


def read_acting(municipality: str, party: str) -> Credentials:
    """Those of the party that is named, or else those of the municipality's own system. Raises Failure."""
    return read_party(municipality, party) if party else read_credentials(municipality)


def reach(service: str, owner: Credentials) -> AbstractContextManager[httpx.Client]:
    """A service of the federation that the credentials are of, as whoever has them. Raises Failure."""
    return find_federation(owner).system(service, owner)


def _raise_problem(response: httpx.Response) -> None:
    # 401 is left to the token client, which asks again with a new token first.
    if response.status_code >= 400 and response.status_code != httpx.codes.UNAUTHORIZED:
        response.read()
        response.raise_for_status()
