"""A valid example of every type about protection, gaiji and the work list, of the same family in Chiyoda."""

from datetime import date

from kumiai_contracts import resident_affairs as affairs_
from kumiai_contracts.examples_resident import DAUGHTER, FATHER, HOUSEHOLD, MOTHER
from kumiai_contracts.model import Event, Notice

_APPLIED, _DECIDED = date(2026, 5, 11), date(2026, 5, 20)
_HANDLED = {"place": "本庁", "operator": "juki-0417"}


def affairs() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    return (*_notices(), *_events())


def _notices() -> tuple[Notice, ...]:
    return (
        affairs_.ProtectionApplicationNotice(addressee_numbers=(MOTHER, DAUGHTER), applied_on=_APPLIED, **_HANDLED),
        affairs_.ProtectionDecisionNotice(addressee_numbers=(MOTHER, DAUGHTER), decided_on=_DECIDED, **_HANDLED),
        affairs_.ProtectionEndingNotice(addressee_numbers=(MOTHER, DAUGHTER), ended_on=date(2027, 5, 19), **_HANDLED),
        affairs_.GaijiMappingNotice(
            system="old-juki",
            mappings=(
                affairs_.GaijiMapping(code_point="U+E001", mj="MJ025760"),
                affairs_.GaijiMapping(code_point="U+E002"),
            ),
            **_HANDLED,
        ),
        affairs_.WorkItemNotice(item=f"head/{HOUSEHOLD}", assignee="clerk-17", **_HANDLED),
    )


def _events() -> tuple[Event, ...]:
    protection = affairs_.ProtectionRow(
        addressee_number=MOTHER,
        state="decided",
        applied_on=_APPLIED,
        starts_on=_DECIDED,
        ends_on=date(2027, 5, 19),
        ended_on=None,
        together_with=(DAUGHTER,),
    )
    item = affairs_.WorkItemRow(
        item=f"head/{HOUSEHOLD}",
        kind="head-undecided",
        keys=(HOUSEHOLD,),
        state="open",
        assignee=None,
        decision=None,
        opened_at="2026-05-11T00:15:42.310587Z",
        changed_at="2026-05-11T00:15:42.310587Z",
    )
    known = affairs_.GaijiRow(system="old-juki", code_point="U+E001", character="辻\U000e0102", mj="MJ025760")
    unknown = affairs_.GaijiRow(system="old-juki", code_point="U+E002", character=None, mj=None)
    use = affairs_.GaijiUseRow(addressee_number=FATHER, system="old-juki", code_points=("U+E002",))
    return (
        affairs_.ProtectionChanged(protections=(protection,)),
        affairs_.GaijiMapped(gaiji=(known,)),
        affairs_.GaijiKept(uses=(use,), gaiji=(unknown,)),
        affairs_.WorkItemsChanged(items=(item,)),
    )
