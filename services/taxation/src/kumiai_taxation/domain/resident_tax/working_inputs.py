"""What a deduction in the working was computed from (所得控除の計算の基): the case's own facts, by name."""

from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.assess import Computation
from kumiai_taxation.domain.resident_tax.case import Case, Dependant, Spouse
from kumiai_taxation.domain.resident_tax.deductions import Deduction, Kind
from kumiai_taxation.domain.resident_tax.income import age_at_year_end

Value = int | str | Split | tuple[int, ...]
Inputs = tuple[tuple[str, Value], ...]

DECIDED = {
    Kind.CASUALTY: "casualty_deduction",
    Kind.MEDICAL: "medical_deduction",
    Kind.LIFE: "life_deduction",
    Kind.EARTHQUAKE: "earthquake_deduction",
}
"""The field of a case that holds the deduction as it was already decided."""

_PAID = {
    Kind.CASUALTY: ("casualty_loss", "casualty_disaster_expense"),
    Kind.MEDICAL: ("medical_paid", "medical_reimbursed", "self_medication_paid"),
    Kind.SOCIAL_INSURANCE: ("social_insurance",),
    Kind.SMALL_ENTERPRISE: ("small_enterprise_mutual_aid",),
    Kind.LIFE: ("life_general_new", "life_general_old", "life_medical", "life_pension_new", "life_pension_old"),
    Kind.EARTHQUAKE: ("earthquake", "earthquake_old"),
}
_BY_THE_INCOME = frozenset(
    (Kind.CASUALTY, Kind.MEDICAL, Kind.WIDOW, Kind.SINGLE_PARENT, Kind.STUDENT, Kind.SPOUSE, Kind.SPOUSE_SPECIAL,
     Kind.BASIC)
)  # fmt: skip
"""Deductions that depend on the taxpayer's own total income."""


def decided(case: Case, kind: Kind) -> str:
    """The case's field that settles this deduction, or nothing if it was computed."""
    field = DECIDED.get(kind, "")
    return field if field and getattr(case.deductions, field) is not None else ""


def deduction_inputs(case: Case, d: Deduction, computed: Computation, year: int) -> Inputs:
    """By name: what was paid, whose income and age, the personal difference."""
    field = decided(case, d.kind)
    if field:
        return ((field, d.amount),)
    found: dict[str, Value] = {}
    if d.pointer:
        found["of"] = d.pointer
    found |= {name: paid for name in _PAID.get(d.kind, ()) if (paid := getattr(case.deductions, name))}
    relative = _relative(case, d.pointer)
    if relative is not None:
        found |= {"age": age_at_year_end(relative.birth_date, year), "income": relative.income}
    if d.kind in _BY_THE_INCOME:
        found["total_income"] = computed.incomes.total
    if d.difference:
        found["personal_difference"] = d.difference
    return tuple(found.items())


def _relative(case: Case, pointer: str) -> Spouse | Dependant | None:
    match pointer.split("/")[1:]:
        case ["spouse", *_]:
            return case.spouse
        case ["dependants", n, *_]:
            return case.dependants[int(n)]
    return None
