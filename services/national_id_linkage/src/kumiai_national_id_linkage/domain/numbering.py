"""Numbering (付番): one 団体内統合宛名番号 per person and municipality.

Invariant: whoever has a number keeps it. The number says nothing about the person: it only counts.
"""

from collections.abc import Iterable

from kumiai_contracts.addressees import AddresseesMerged, AddresseesParted, MergedNumberRow
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.linkage import AddresseeLinkRow, IntegratedAddresseeNumberAssigned
from kumiai_contracts.linkage_numbers import BusinessNumberLinked, BusinessNumberRow
from kumiai_contracts.model import Event
from kumiai_contracts.resident import ResidentBorn, ResidentCarriedOver, ResidentEvent, ResidentMovedIn
from kumiai_contracts.resident_amendments import ResidentEntered, ResidentReturned
from kumiai_contracts.resident_carry_over import CarriedNumberRow, ResidentHistoryCarriedOver

BODY_DIGITS = 14
"""Digits of a number before its check digit; our own choice."""
BRING_NEWCOMERS = (
    ResidentCarriedOver,
    ResidentHistoryCarriedOver,
    ResidentMovedIn,
    ResidentBorn,
    ResidentEntered,
    ResidentReturned,
)
"""The events that can name somebody who has no number yet."""


class LinkageState:
    """The links of the people in question, and the highest number given so far."""

    def __init__(
        self,
        links: Iterable[AddresseeLinkRow] = (),
        last: int = 0,
        merged: Iterable[MergedNumberRow] = (),
        carried: Iterable[CarriedNumberRow] = (),
        business: Iterable[BusinessNumberRow] = (),
    ) -> None:
        """`merged` is needed of people whom notices are about; newcomers are not merged yet. `carried` and `business`
        are those that notices name.
        """
        self._carried = {(row.system, row.old_number): row.number for row in carried}
        self._business = {(row.business, row.number): row.integrated_addressee_number for row in business}
        self._links = {link.addressee_number: link for link in links}
        self._merged = {row.integrated_addressee_number: row.merged_into for row in merged}
        self.last = last
        """The body (without its check digit) of the highest number given in the municipality."""

    def number_of(self, addressee_number: str) -> str | None:
        """The 団体内統合宛名番号 of a person, if there is one: after a merge the one that stands for both."""
        own = self.own_number_of(addressee_number)
        return own and (self._merged.get(own) or own)

    def own_number_of(self, addressee_number: str) -> str | None:
        """The 団体内統合宛名番号 that an addressee was given, merged or not."""
        link = self._links.get(addressee_number)
        return link.integrated_addressee_number if link else None

    def merged_into(self, integrated_addressee_number: str) -> tuple[str, ...]:
        """The numbers that this one stands for, besides itself."""
        return tuple(number for number, into in self._merged.items() if into == integrated_addressee_number)

    def carried(self, system: str, old_number: str) -> str | None:
        """宛名番号 of whoever has this number in the system used before."""
        return self._carried.get((system, old_number))

    def business_number(self, business: str, number: str) -> str | None:
        """Whose 団体内統合宛名番号 a number of a line of business stands for."""
        return self._business.get((business, number))

    def people(self) -> frozenset[str]:
        """Everybody in question who has a number, by 宛名番号."""
        return frozenset(self._links)

    def apply(self, event: Event) -> None:
        """Evolve: take over new links, and which number stands for which."""
        match event:
            case IntegratedAddresseeNumberAssigned():
                for link in event.links:
                    self._links[link.addressee_number] = link
                    self.last = max(self.last, int(link.integrated_addressee_number[:-1]))
            case AddresseesMerged():
                self._merged |= {row.integrated_addressee_number: row.merged_into for row in event.merged_numbers}
            case BusinessNumberLinked():
                row = event.business_number
                self._business[row.business, row.number] = row.integrated_addressee_number
            case AddresseesParted():
                self._merged[event.merged_number.integrated_addressee_number] = None


def number_newcomers(state: LinkageState, event: ResidentEvent) -> tuple[IntegratedAddresseeNumberAssigned, ...]:
    """A number for everybody in the event who has none yet, in the order in which the event names them."""
    newcomers = [
        addressee_number
        for addressee_number in dict.fromkeys(row.addressee_number for row in event.residents)
        if state.number_of(addressee_number) is None
    ]
    if not newcomers:
        return ()
    links = tuple(
        AddresseeLinkRow(
            line_of_business="resident-registry",
            addressee_number=addressee_number,
            integrated_addressee_number=with_check_digit(f"{number:0{BODY_DIGITS}d}", addressee_check_digit),
        )
        for number, addressee_number in enumerate(newcomers, start=state.last + 1)
    )
    return (IntegratedAddresseeNumberAssigned(links=links),)
