"""Checkpoints (検査点): signed statements of where a stream stood. In a municipality's hands they are evidence."""

import asyncio
from typing import NamedTuple

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_contracts.chain import length_prefixed

from kumiai_common.clock import now, timestamp
from kumiai_common.database import TRANSIENT, Database
from kumiai_common.keys import ServiceKeys
from kumiai_common.queries import QUERIES
from kumiai_common.relay import Relay

_LOG = structlog.get_logger()


class Checkpoint(NamedTuple):
    """What is signed: a stream's head at a time."""

    municipality: str
    stream: str
    incarnation: int
    position: int
    hash: bytes
    time: str

    def statement(self) -> bytes:
        """The bytes that are signed."""
        return length_prefixed(
            b"kumiai-checkpoint-v1",
            self.municipality.encode(),
            self.stream.encode(),
            b"%d" % self.incarnation,
            b"%d" % self.position,
            self.hash,
            self.time.encode(),
        )

    def is_signed_by(self, key: Ed25519PublicKey, signature: bytes) -> bool:
        """Whether a signature is this key's over this statement."""
        try:
            key.verify(signature, self.statement())
        except InvalidSignature:
            return False
        return True


async def sign_moved_heads(database: Database, keys: ServiceKeys, municipalities: list[str]) -> int:
    """Sign every head that has moved since its last checkpoint; returns how many."""
    if not municipalities:
        return 0
    async with database.transaction(municipalities) as connection:
        time = timestamp(now())
        moved = [
            Checkpoint(**record, time=time)
            for record in await QUERIES.unsigned_heads(connection, municipalities=municipalities)
        ]
        if moved:
            signatures = [keys.signing.sign(checkpoint.statement()) for checkpoint in moved]
            await QUERIES.save_checkpoints(
                connection,
                municipalities=[checkpoint.municipality for checkpoint in moved],
                streams=[checkpoint.stream for checkpoint in moved],
                incarnations=[checkpoint.incarnation for checkpoint in moved],
                positions=[checkpoint.position for checkpoint in moved],
                hashes=[checkpoint.hash for checkpoint in moved],
                times=[checkpoint.time for checkpoint in moved],
                signatures=signatures,
            )
            await QUERIES.note_checkpoint_signer(
                connection,
                municipalities=sorted({checkpoint.municipality for checkpoint in moved}),
                public_key=keys.public_text,
            )
    return len(moved)


async def run(database: Database, keys: ServiceKeys, relay: Relay, seconds: float) -> None:
    """Sign moved heads of this worker's shards every so many seconds, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await sign_moved_heads(database, keys, relay.municipalities)
            async with database.transaction(relay.municipalities) as connection:
                await QUERIES.delete_expired_notices(connection)
        except TRANSIENT as error:
            _LOG.warning("heads not signed", error=type(error).__name__)
