"""Commands: one transaction that locks the municipality's head, loads, decides and appends."""

from collections.abc import Callable
from pathlib import Path

import structlog
from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import load_public_key, public_key_text
from kumiai_common.queries import QUERIES as GROUND
from kumiai_common.service import Ground
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.membership import STREAM, PartyRow, Purpose, Role
from kumiai_contracts.model import RowSet
from kumiai_contracts.topics import FEDERATION

from kumiai_membership import store
from kumiai_membership.domain import rules

_LOG = structlog.get_logger()
_KEY_SUFFIX = ".pub.pem"
Rule = Callable[[RowSet, str], Decision]
"""A rule with its command's arguments filled in: state and time in."""


class Commands:
    """Carries commands out on the `membership` streams."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def run(self, municipality: str, rule: Rule, *, published: bool = True) -> Decision:
        """Decide and record; when it returns, the events are committed.

        Without `published` they stay in the log: of whoever has left altogether there is no topic any more.
        """
        time = timestamp(now())
        async with self._ground.database.transaction([municipality]) as connection:
            # The head is locked before the state is read: two commands for one municipality follow one another.
            await log.lock_heads(connection, [(municipality, STREAM)])
            decision = rule(await store.load(connection, municipality), time)
            if isinstance(decision, Refused) or not decision.events:
                return decision
            await GROUND.add_tenants(connection, municipalities=[municipality])
            appended = await log.append(connection, municipality, STREAM, decision.events, time=time)
            if not published:
                await GROUND.advance_relay(
                    connection, municipalities=[municipality], streams=[STREAM], positions=[appended[-1].position]
                )
        key = (municipality, STREAM)
        self._ground.telemetry.appended({key: len(appended)}, {key: appended[-1].position})
        self._ground.relay.wake()
        for event in appended:
            _LOG.info("appended", municipality=municipality, type=event.type, position=event.position)
        return decision

    async def state(self, municipality: str) -> RowSet:
        """Everything that is recorded of a municipality."""
        async with self._ground.database.transaction([municipality]) as connection:
            return await store.load(connection, municipality)

    async def check(self, municipality: str, rule: Rule) -> Decision:
        """What a command would lead to, recording nothing."""
        async with self._ground.database.transaction([municipality]) as connection:
            return rule(await store.load(connection, municipality), timestamp(now()))

    async def register_first_operators(self, folder: Path | None) -> None:
        """Register whoever's public key lies in the folder and is not known yet.

        A party that is known is left as it is: neither a revoked operator nor an old key comes back with a restart.
        """
        for party, key in _keys_in(folder) if folder else ():
            await self._register_operator(party, key)

    async def _register_operator(self, party: str, key: str) -> None:
        def rule(state: RowSet, time: str) -> Decision:
            known = state.get(PartyRow, party)
            if known is not None:
                if known.public_key != key or known.revoked:
                    _LOG.warning("operator's key file ignored: another key is recorded, or it was revoked", party=party)
                return Accepted(())
            return rules.register_party(
                state, FEDERATION, party, "person", key, (Role.OPERATOR,), (Purpose.OPERATION,), time
            )

        await self.run(FEDERATION, rule)


def _keys_in(folder: Path) -> list[tuple[str, str]]:
    files = sorted(folder.glob("*" + _KEY_SUFFIX))
    return [(file.name.removesuffix(_KEY_SUFFIX), public_key_text(load_public_key(file))) for file in files]
