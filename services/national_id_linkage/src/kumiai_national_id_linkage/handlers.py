"""The linkage service (番号連携) as the ground sees it: load, decide, react, keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.my_number import MyNumberNotice
from kumiai_contracts.resident import ResidentBorn, ResidentCarriedOver, ResidentEvent, ResidentMovedIn

from kumiai_national_id_linkage import store
from kumiai_national_id_linkage.domain.my_number import HeldNumbers, decide_my_number
from kumiai_national_id_linkage.domain.numbering import LinkageState, number_newcomers
from kumiai_national_id_linkage.vault import arrivals
from kumiai_national_id_linkage.vault.arrivals import Arriving
from kumiai_national_id_linkage.vault.key_management import KeyManagement


@dataclass(slots=True)
class Linkage:
    """The state of a municipality; the rules never see `arriving`."""

    numbering: LinkageState
    numbers: HeldNumbers
    arriving: Arriving

    def apply(self, event: Event) -> None:
        """Evolve."""
        self.numbering.apply(event)
        self.numbers.apply(event)


class NationalIdLinkage:
    """Gives every newcomer an integrated addressee number, and holds people's numbers in the vault."""

    name = "national-id-linkage"
    reacts_to: frozenset[type[Event]] = frozenset((ResidentCarriedOver, ResidentMovedIn, ResidentBorn))

    def __init__(self, management: KeyManagement) -> None:
        self._management = management

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """The links of everybody concerned, and the numbers of those whom notices bring one for."""
        numbering = await store.load(connection, wanted)
        bringing = {m: [item for item in items if isinstance(item, MyNumberNotice)] for m, items in wanted.items()}
        found = await arrivals.load(connection, self._management, {m: items for m, items in bringing.items() if items})
        nothing = (HeldNumbers(), Arriving())
        return {m: Linkage(numbering[m], *found.get(m, nothing)) for m in wanted}

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a notice."""
        assert isinstance(state, Linkage)
        assert isinstance(notice, MyNumberNotice)
        return decide_my_number(state.numbering, state.numbers, notice)

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Number the people who are new."""
        assert isinstance(state, Linkage)
        assert isinstance(event, ResidentEvent)
        return number_newcomers(state.numbering, event)

    async def keep(self, connection: Connection, states: Mapping[str, State]) -> None:
        """Store the numbers that were taken."""
        taken = {m: (state.numbers, state.arriving) for m, state in states.items() if isinstance(state, Linkage)}
        await arrivals.keep(connection, taken)
