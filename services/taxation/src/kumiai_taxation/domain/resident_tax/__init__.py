"""Individual resident tax (個人住民税), from a case to the yen.

Invariant: a pure function of (case, parameters of the fiscal year). Every amount is an integer of yen, every rate an
integer of 1/100,000; what the rules here do not cover is refused, never computed as zero.
"""

from kumiai_taxation.domain.resident_tax.assess import Assessment, Computation, assess, compute, refusal
from kumiai_taxation.domain.resident_tax.case import Case
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, Municipality
from kumiai_taxation.domain.resident_tax.refusals import Refused
from kumiai_taxation.domain.resident_tax.working import Step, explain

__all__ = [
    "Assessment",
    "Case",
    "Computation",
    "FiscalYearParameters",
    "Municipality",
    "Refused",
    "Step",
    "assess",
    "compute",
    "explain",
    "refusal",
]
