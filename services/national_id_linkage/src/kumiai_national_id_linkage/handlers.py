"""The linkage service (番号連携) as the ground sees it: load, decide, react, keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.addressees import MergeNotice, PartNotice
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.linkage_numbers import BusinessNumberNotice
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.my_number import MyNumberNotice
from kumiai_contracts.registry import EVENTS
from kumiai_contracts.resident import ResidentEvent
from kumiai_contracts.taxation import AssessmentEvent

from kumiai_national_id_linkage import store
from kumiai_national_id_linkage.domain.addressees import merge, part
from kumiai_national_id_linkage.domain.business_numbers import link
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.my_number import HeldNumbers, decide_my_number
from kumiai_national_id_linkage.domain.numbering import BRING_NEWCOMERS, LinkageState, number_newcomers
from kumiai_national_id_linkage.domain.replicating import replicate
from kumiai_national_id_linkage.exchange_rules import ExchangeRules
from kumiai_national_id_linkage.vault import arrivals
from kumiai_national_id_linkage.vault.arrivals import AboutNumbers, Arriving
from kumiai_national_id_linkage.vault.key_management import KeyManagement


@dataclass(slots=True)
class Linkage:
    """The state of a municipality; the rules never see `arriving`."""

    numbering: LinkageState
    exchange: ExchangeState
    numbers: HeldNumbers
    arriving: Arriving

    def apply(self, event: Event) -> None:
        """Evolve."""
        self.numbering.apply(event)
        self.exchange.apply(event)
        self.numbers.apply(event)


class NationalIdLinkage:
    """Numbers newcomers, holds people's numbers in the vault, keeps replicas, asks other bodies and answers them."""

    name = "national-id-linkage"
    reacts_to: frozenset[type[Event]] = frozenset(
        kind for kind in EVENTS.values() if issubclass(kind, ResidentEvent | AssessmentEvent)
    )

    def __init__(self, management: KeyManagement, rules: ExchangeRules) -> None:
        self._management = management
        self._rules = rules

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """What the notices and events need: links, numbers that notices bring, what exchanges are about."""
        numbering = await store.load(connection, wanted)
        exchange = await self._rules.load(connection, wanted)
        about = {m: [item for item in items if isinstance(item, AboutNumbers)] for m, items in wanted.items()}
        found = await arrivals.load(connection, self._management, {m: items for m, items in about.items() if items})
        nothing = (HeldNumbers(), Arriving())
        return {m: Linkage(numbering[m], exchange[m], *found.get(m, nothing)) for m in wanted}

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """What follows from a notice."""
        assert isinstance(state, Linkage)
        match notice:
            case MyNumberNotice():
                return decide_my_number(state.numbering, state.numbers, notice)
            case MergeNotice():
                return merge(state.numbering, state.numbers, notice, context)
            case BusinessNumberNotice():
                return link(state.numbering, notice)
            case PartNotice():
                return part(state.numbering, state.numbers, notice, context)
        return self._rules.decide(state.exchange, state.numbering.people(), notice, context)

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Number the people who are new, and take over the facts that other bodies may ask for."""
        assert isinstance(state, Linkage)
        assert isinstance(event, ResidentEvent | AssessmentEvent)
        numbered = number_newcomers(state.numbering, event) if isinstance(event, BRING_NEWCOMERS) else ()
        return (*numbered, *replicate(state.exchange, event, context))

    async def keep(self, connection: Connection, states: Mapping[str, State]) -> None:
        """Store the numbers that were taken."""
        taken = {m: (state.numbers, state.arriving) for m, state in states.items() if isinstance(state, Linkage)}
        await arrivals.keep(connection, taken)
