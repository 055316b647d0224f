"""The linkage service (番号連携) as the ground sees it: load, decide, react."""

from collections.abc import Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import ResidentBorn, ResidentCarriedOver, ResidentEvent, ResidentMovedIn

from kumiai_national_id_linkage import store
from kumiai_national_id_linkage.domain.numbering import LinkageState, number_newcomers


class NationalIdLinkage:
    """Gives every newcomer an integrated addressee number; it takes no notices yet."""

    name = "national-id-linkage"
    reacts_to: frozenset[type[Event]] = frozenset((ResidentCarriedOver, ResidentMovedIn, ResidentBorn))

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """The links that the events need."""
        return await store.load(
            connection,
            {m: [item for item in items if isinstance(item, ResidentEvent)] for m, items in wanted.items()},
        )

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """No notice type is addressed to this service, so none gets here."""
        raise TypeError(f"{notice.type} is not a notice to {self.name}")

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Number the people who are new."""
        assert isinstance(state, LinkageState)
        assert isinstance(event, ResidentEvent)
        return number_newcomers(state, event)
