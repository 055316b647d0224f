"""Whether the network really delivered something: its signature over type and content."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_common.http.tokens import load_public_key
from kumiai_contracts.exchange_notices import NetworkNotice
from kumiai_contracts.model import Notice

NETWORK_KEY = "network.pub.pem"


class NetworkProof:
    """The network's public key, if there is a network."""

    def __init__(self, key: Ed25519PublicKey | None) -> None:
        self._key = key
        self._vouched: set[int] = set()

    @classmethod
    def load(cls, trusted_keys_dir: Path) -> "NetworkProof":
        """The key in the folder of trusted keys; none if there is no such file. Raises ValueError for another kind."""
        path = trusted_keys_dir / NETWORK_KEY
        return cls(load_public_key(path) if path.exists() else None)

    @property
    def key(self) -> Ed25519PublicKey | None:
        """The network's public key."""
        return self._key

    @contextmanager
    def vouched(self, notices: Iterable[Notice]) -> Iterator[None]:
        """Within the block these very objects count as proven: they came in a page that the network had signed whole.

        One signature a page instead of one a notice takes half of the processor time out of an inquiry.
        """
        known = {id(notice) for notice in notices}
        self._vouched |= known
        try:
            yield
        finally:
            self._vouched -= known

    def refusal(self, notice: NetworkNotice) -> str | None:
        """The code of the reason why a notice is not taken as the network's, or None."""
        if self._key is None:
            return "network-not-connected"
        if id(notice) in self._vouched:
            return None
        try:
            self._key.verify(bytes.fromhex(notice.proof), notice.proven())
        except InvalidSignature:
            return "proof-invalid"
        return None
