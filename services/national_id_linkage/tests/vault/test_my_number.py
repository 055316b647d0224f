"""Whose number it is: a person has one, a number has one person, and the rules never see it."""

from kumiai_common.bundle.described import columns
from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.linkage import AddresseeLinkRow
from kumiai_contracts.my_number import HeldNumberRow, MyNumberHeld, MyNumberNotice
from kumiai_contracts.resident import ResidentRow
from kumiai_national_id_linkage.domain.my_number import HeldNumbers, Unusable, Usable, Verdict, decide_my_number
from kumiai_national_id_linkage.domain.number_refusals import TEXTS
from kumiai_national_id_linkage.domain.numbering import LinkageState
from sender import ONE, THREE, TWO

PERSON = {ONE: "000000000000013", TWO: "000000000000021"}
NUMBERING = LinkageState(
    AddresseeLinkRow(
        line_of_business="resident-registry", addressee_number=number, integrated_addressee_number=integrated
    )
    for number, integrated in PERSON.items()
)


def notice(addressee_number: str, jwe: str, reason: str = "assigned") -> MyNumberNotice:
    return MyNumberNotice(addressee_number=addressee_number, reason=reason, my_number=jwe, place="", operator="")  # type: ignore[arg-type]


def state(*notices: MyNumberNotice) -> HeldNumbers:
    """Verdicts as the vault would give them: a JWE `7.a` brings the number 7, a JWE `!code` is unusable."""
    found: dict[tuple[str, str], Verdict] = {}
    for n, each in enumerate(notices):
        jwe = each.my_number
        mark = jwe.partition(".")[0].encode()
        usable = Usable(f"{n:064x}", frozenset((b"1" + mark, b"2" + mark)))
        found[each.addressee_number, jwe] = Unusable(jwe[1:]) if jwe.startswith("!") else usable
    return HeldNumbers(found)


def decided(held: HeldNumbers, *notices: MyNumberNotice) -> list[Decision]:
    """The decisions, each evolving the state for the next."""
    found = []
    for each in notices:
        decision = decide_my_number(NUMBERING, held, each)
        found.append(decision)
        for event in decision.events if isinstance(decision, Accepted) else ():
            held.apply(event)
    return found


def outcomes(*notices: MyNumberNotice) -> list[str]:
    """`held`, `nothing new`, or the code of the refusal, for each notice of one poll."""
    found = []
    for decision in decided(state(*notices), *notices):
        if isinstance(decision, Refused):
            found.append(decision.reasons[0].code)
        else:
            found.append("held" if decision.events else "nothing new")
    return found


def test_a_number_is_held_once_however_often_it_comes() -> None:
    assert outcomes(notice(ONE, "7.a"), notice(ONE, "7.b"), notice(ONE, "7.a")) == [
        "held",
        "nothing new",
        "nothing new",
    ]


def test_a_number_belongs_to_one_person() -> None:
    assert outcomes(notice(ONE, "7.a"), notice(TWO, "7.b")) == ["held", "number-held-by-another"]


def test_another_number_of_a_person_must_be_a_change() -> None:
    first, second = notice(ONE, "7.a"), notice(ONE, "8.a")
    changed = notice(ONE, "8.b", "changed")
    assert outcomes(first, second, changed, notice(ONE, "7.c", "changed"), notice(TWO, "7.d")) == [
        "held",
        "another-number-held",
        "held",
        "number-was-replaced",
        "number-held-by-another",
    ]


def test_the_event_of_a_change_makes_the_old_number_a_replaced_one() -> None:
    first, changed = notice(ONE, "7.a"), notice(ONE, "8.a", "changed")
    held = state(first, changed)
    _, decision = decided(held, first, changed)
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, MyNumberHeld)
    assert [(row.state, row.integrated_addressee_number) for row in event.held_numbers] == [
        ("current", PERSON[ONE]),
        ("replaced", PERSON[ONE]),
    ]
    assert event.subject() == PERSON[ONE]
    assert held.taken == tuple(row.commitment for row in reversed(event.held_numbers))


def test_a_change_of_a_number_that_was_never_told_is_taken() -> None:
    assert outcomes(notice(ONE, "8.a", "changed")) == ["held"]


def test_whoever_has_no_integrated_number_is_refused_before_anything_else() -> None:
    assert outcomes(notice(THREE, "7.a"), notice(THREE, "!jwe-unreadable")) == ["addressee-not-numbered"] * 2


def test_what_the_vault_says_of_an_unusable_number_is_the_refusal() -> None:
    codes = ["jwe-unreadable", "jwe-algorithm-refused", "jwe-key-unknown", "jwe-for-another", "my-number-in-clear"]
    assert outcomes(*[notice(ONE, "!" + code) for code in codes]) == codes


def test_every_refusal_is_told_in_two_languages_and_says_what_to_do() -> None:
    for code, (ja, en) in TEXTS.items():
        assert ja.endswith("。") and en.endswith("."), code
        assert not any(character.isdigit() for character in en.replace("A256", "").replace("P-256", "")), code


def test_a_bundles_verifier_looks_for_no_sealed_part_behind_a_held_number() -> None:
    assert not any(column.sealed for column in columns(HeldNumberRow))
    assert any(column.sealed for column in columns(ResidentRow)), "an address has one"
