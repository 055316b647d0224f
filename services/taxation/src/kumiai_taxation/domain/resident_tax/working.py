"""The working (計算過程) of an assessment: every step with its inputs, result, rule and source.

Invariant: nothing is computed here. The steps show the values of the one `compute` that `assess` shows too.
"""

from dataclasses import dataclass, fields

from kumiai_taxation.domain.resident_tax.arithmetic import WHOLE
from kumiai_taxation.domain.resident_tax.assess import Computation, compute
from kumiai_taxation.domain.resident_tax.case import Case
from kumiai_taxation.domain.resident_tax.income import age_at_year_end
from kumiai_taxation.domain.resident_tax.labels import DEDUCTIONS, GROUNDS, LABELS
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters
from kumiai_taxation.domain.resident_tax.refusals import Refused
from kumiai_taxation.domain.resident_tax.working_inputs import Inputs, Value, decided, deduction_inputs


@dataclass(frozen=True, slots=True)
class Step:
    """計算の一段: amounts in yen, rates as percentages."""

    key: str
    ja: str
    en: str
    inputs: Inputs
    result: Value
    rule: str
    source: str
    """Where the rule's numbers come from, and since when they hold"""


def explain(case: Case, parameters: FiscalYearParameters) -> tuple[Step, ...] | Refused:
    """The working of a case's assessment, or why there is none."""
    computed = compute(case, parameters)
    if isinstance(computed, Refused):
        return computed
    show = _Working(case, parameters, computed)
    return (*show.income(), *show.deductions(), *show.exemptions(), *show.levy(), *show.result())


class _Working:
    def __init__(self, case: Case, parameters: FiscalYearParameters, computed: Computation) -> None:
        self.case, self.p, self.c = case, parameters, computed

    def income(self) -> list[Step]:
        earned, i, p = self.case.income, self.c.incomes, self.p
        age = age_at_year_end(self.case.taxpayer.birth_date, p.income_year)
        steps = [self._step("employment_income", i.employment, "employment_income", salary=earned.salary)]
        if i.salary_adjustment:
            steps.append(
                self._step("salary_adjustment", i.salary_adjustment, "salary_adjustment", salary=earned.salary)
            )
        if earned.pension:
            besides = i.employment - i.salary_adjustment + i.business + i.other
            table = "pension_income_from_65" if age >= p.pension_age else "pension_income_under_65"
            steps.append(
                self._step("pension_income", i.pension, table, pension=earned.pension, age=age, other_income=besides)
            )
        if i.salary_pension_adjustment:
            steps.append(
                self._step(
                    "salary_pension_adjustment",
                    i.salary_pension_adjustment,
                    "salary_pension_adjustment",
                    employment_income=i.employment,
                    pension_income=i.pension,
                )
            )
        kinds = {f.name: getattr(i, f.name) for f in fields(i) if f.name != "total" and getattr(i, f.name)}
        return [*steps, self._step("total_income", i.total, "", **kinds)]

    def deductions(self) -> list[Step]:
        steps = []
        for d in self.c.deductions:
            ja, en, parameter = DEDUCTIONS[d.kind]
            inputs = deduction_inputs(self.case, d, self.c, self.p.income_year)
            rule = "by the parameter's table" if parameter else "all that was paid"
            source = self._source(parameter)
            if field := decided(self.case, d.kind):
                rule, source = "as already decided", f"the case's own /deductions/{field}"
            steps.append(Step(f"deduction:{d.kind}", ja, en, inputs, d.amount, rule, source))
        c = self.c
        return [
            *steps,
            self._step("deductions_total", c.deductions_total, ""),
            self._step(
                "taxable_income",
                c.taxable_income,
                "taxable_unit",
                total_income=c.incomes.total,
                deductions_total=c.deductions_total,
                unit=self.p.taxable_unit,
            ),
        ]

    def exemptions(self) -> list[Step]:
        e, total = self.c.exemptions, self.c.incomes.total
        steps = [self._step("relatives", e.relatives, "relative_income_limit", limit=self.p.relative_income_limit)]
        if e.ground is not None:
            steps.append(self._step("exempt_status", GROUNDS[e.ground], "exemption", total_income=total))
        area = self.c.municipality.area_class
        return [
            *steps,
            self._step(
                "per_capita_limit",
                e.per_capita_limit,
                "own_exemption" if self.c.municipality.own_exemption else "exemption",
                "area_class",
                n=e.relatives,
                area_class=area,
                total_income=total,
            ),
            self._step("levy_limit", e.levy_limit, "exemption", n=e.relatives, total_income=total),
        ]

    def levy(self) -> list[Step]:
        if self.c.exemptions.levy:
            return []
        levy, m, p = self.c.levy, self.c.municipality, self.p
        shares = "designated_city_shares" if m.designated else "ordinary_shares"
        taxable = self.c.taxable_income
        rates = {"city_rate": _percent(m.rates.municipal), "pref_rate": _percent(m.rates.prefectural)}
        own_rates = [s for s in ("municipal_rate", "prefectural_rate_surcharge") if self._source(s)]
        steps = [
            self._step("gross", levy.gross, shares, *own_rates, taxable_income=taxable, **rates),
            self._step("difference", levy.difference, "adjustment", basic=p.adjustment.basic_difference),
            self._step(
                "adjustment_base",
                levy.adjustment_base,
                "adjustment",
                difference=levy.difference,
                taxable_income=taxable,
                threshold=p.adjustment.threshold,
            ),
            self._step(
                "adjustment",
                levy.adjustment,
                shares,
                base=levy.adjustment_base,
                city_rate=_percent(m.shares.adjustment.municipal),
                pref_rate=_percent(m.shares.adjustment.prefectural),
            ),
        ]
        steps += self._credits()
        if levy.reduction.total:
            steps.append(
                self._step(
                    "reduction",
                    levy.reduction,
                    "exemption",
                    limit=self.c.exemptions.levy_limit,
                    total_income=self.c.incomes.total,
                    levy_after_credits=levy.credited,
                )
            )
        if levy.fixed_cut.total:
            steps.append(self._step("fixed_cut", levy.fixed_cut, "fixed_cut", total_income=self.c.incomes.total))
        return steps

    def _credits(self) -> list[Step]:
        steps, levy, given = [], self.c.levy, self.case.credits
        if levy.housing_loan.total:
            rule = self.p.housing_loan
            base = self.c.taxable_income if given.income_tax_taxable is None else given.income_tax_taxable
            steps.append(
                self._step(
                    "housing_loan",
                    levy.housing_loan,
                    "housing_loan",
                    unabsorbed=given.housing_loan,
                    taxable_income=base,
                    limit=_percent(rule.special_rate if given.housing_loan_special else rule.rate),
                )
            )
        donation = levy.donation
        if donation.total.total:
            steps.append(
                self._step(
                    "donation_basic",
                    donation.basic,
                    "donation",
                    donations=given.donations,
                    donations_basic=given.donations_basic,
                    total_income=self.c.incomes.total,
                )
            )
            if donation.rate:
                steps.append(
                    self._step(
                        "donation_special",
                        donation.special,
                        "donation",
                        donation=given.donations,
                        taxable_less_difference=self.c.taxable_income - levy.difference,
                        rate=_percent(donation.rate),
                        levy_after_adjustment=levy.adjusted,
                    )
                )
            if donation.one_stop.total:
                steps.append(
                    self._step("donation_one_stop", donation.one_stop, "donation", special_part=donation.special)
                )
            steps.append(self._step("donation_credit", donation.total, ""))
        return steps

    def result(self) -> list[Step]:
        c = self.c
        only = "yes" if not c.levy.income_levy.total else "no"
        return [
            self._step("income_levy", c.levy.income_levy, "levy_unit", unit=self.p.levy_unit),
            self._step(
                "per_capita",
                c.per_capita,
                "municipal_per_capita",
                "prefectural_per_capita",
                municipality=c.municipality.name,
            ),
            self._step(
                "forest_environment_tax",
                c.forest_environment_tax,
                "forest_environment_tax",
                area_class=c.municipality.area_class,
            ),
            self._step("total", c.total, ""),
            self._step(
                "special_collection", c.special_collection, "special_collection", total=c.total, per_capita_only=only
            ),
            self._step(
                "ordinary_collection", c.ordinary_collection, "ordinary_collection", total=c.total, per_capita_only=only
            ),
        ]

    def _step(self, key: str, result: Value, *parameters: str, **inputs: Value) -> Step:
        ja, en, rule = LABELS[key]
        sources = dict.fromkeys(filter(None, map(self._source, parameters)))
        return Step(key, ja, en, tuple(inputs.items()), result, rule, "; ".join(sources))

    def _source(self, parameter: str) -> str:
        if parameter in _OVERRIDDEN_BY and self.case.rates is not None:
            given = getattr(self.case.rates, _OVERRIDDEN_BY[parameter])
            if given is not None:
                return f"the case's own /rates/{_OVERRIDDEN_BY[parameter]}"
        source = self.c.municipality.sources.get(parameter) or self.p.sources.get(parameter)
        return f"{source.text}, since {source.valid_from}" if source else ""


_OVERRIDDEN_BY = {
    "municipal_rate": "city_rate",
    "prefectural_rate_surcharge": "pref_rate",
    "municipal_per_capita": "city_kintou",
    "prefectural_per_capita": "pref_kintou",
    "area_class": "area_class",
}


def _percent(rate: int) -> str:
    """A rate as people write it: 2025 → "2.025%"."""
    whole, thousandths = divmod(rate * 100, WHOLE)
    return f"{whole}.{thousandths:05d}".rstrip("0").rstrip(".") + "%"
