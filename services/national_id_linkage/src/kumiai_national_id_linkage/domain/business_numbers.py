"""Numbers of the lines of business (業務宛名番号): which person each of them means."""

from kumiai_contracts.decision import Accepted, Decision
from kumiai_contracts.linkage_numbers import BusinessNumberLinked, BusinessNumberNotice, BusinessNumberRow

from kumiai_national_id_linkage.domain.number_refusals import refused
from kumiai_national_id_linkage.domain.numbering import LinkageState


def link(state: LinkageState, notice: BusinessNumberNotice) -> Decision:
    """A number means one person; the same again changes nothing."""
    person = state.carried(notice.system, notice.old_number)
    if person is None:
        return refused("unknown-old-number", "/old_number")
    own = state.own_number_of(person)
    if own is None:
        return refused("addressee-not-numbered", "/old_number")
    known = state.business_number(notice.business, notice.number)
    if known == own:
        return Accepted(())
    if known is not None:
        return refused("number-of-another", "/number")
    row = BusinessNumberRow(business=notice.business, number=notice.number, integrated_addressee_number=own)
    return Accepted((BusinessNumberLinked(business_number=row),))
