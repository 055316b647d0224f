"""Missing keys (鍵の欠落): who has to wait because a wrapping key is not at hand. Looked for, not waited for.

Invariant: whoever would have to wait is told of within seconds, by the log and a metric, also while no number comes in.
"""

import asyncio
from collections.abc import Iterable

import structlog
from kumiai_common.database import TRANSIENT
from kumiai_common.service import Ground
from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from kumiai_national_id_linkage.vault.arrivals import QUERIES
from kumiai_national_id_linkage.vault.key_management import KeyManagement

_LOG = structlog.get_logger()
LOOK_SECONDS = 5.0


class MissingKeys:
    """Knows, of the municipalities that this process is in charge of, how many of their wrapping keys are missing."""

    def __init__(self, ground: Ground, management: KeyManagement) -> None:
        self._ground, self._management = ground, management
        self._missing: dict[str, frozenset[str]] = {}
        metrics.get_meter("kumiai").create_observable_gauge("kumiai_vault_keys_missing", [self._observed])

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except TRANSIENT as error:
                _LOG.warning("missing keys not looked for", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once, and tell of what was not missing before."""
        held = self._ground.relay.municipalities
        async with self._ground.database.transaction(held) as connection:
            records = await QUERIES.wrapping_keys(connection, municipalities=held)
        missing = dict.fromkeys(held, frozenset[str]())
        for record in records:
            if not self._management.has(record["wrapped_by"]):
                missing[record["municipality"]] |= {record["wrapped_by"]}
        for municipality, keys in missing.items():
            for key in keys - self._missing.get(municipality, frozenset()):
                _LOG.error("vault key missing", municipality=municipality, code=key)
        self._missing = missing

    def _observed(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(len(keys), {"municipality": m}) for m, keys in list(self._missing.items())]
