"""The state of the service's rules: numbering beside inquiry and provision."""

from dataclasses import dataclass

from kumiai_contracts.model import Event

from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.numbering import LinkageState


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What a municipality's rules may know."""

    numbering: LinkageState
    exchange: ExchangeState

    def apply(self, event: Event) -> None:
        """Evolve: take over what one of the service's own events makes true."""
        self.numbering.apply(event)
        self.exchange.apply(event)
