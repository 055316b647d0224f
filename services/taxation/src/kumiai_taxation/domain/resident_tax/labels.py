"""What the steps of a working are called (名称) and the rule each one follows, for people."""

from kumiai_taxation.domain.resident_tax.deductions import Kind
from kumiai_taxation.domain.resident_tax.exemptions import Ground

LABELS: dict[str, tuple[str, str, str]] = {
    "employment_income": (
        "給与所得",
        "Employment income",
        "by the salary's table (速算表); below 6.6 million in steps of 4,000",
    ),
    "salary_adjustment": (
        "所得金額調整控除（子ども・特別障害者等）",
        "Income adjustment (children, special disability)",
        "10 % of the salary between 8.5 and 10 million, fraction up",
    ),
    "pension_income": (
        "公的年金等に係る雑所得",
        "Pension income",
        "by the pension's table for the age and the other income",
    ),
    "salary_pension_adjustment": (
        "所得金額調整控除（給与・年金）",
        "Income adjustment (salary and pension)",
        "min(employment, cap) + min(pension, cap) − cap",
    ),
    "total_income": ("合計所得金額", "Total income", "sum of all kinds less the income adjustments"),
    "deductions_total": ("所得控除合計", "Total of deductions", "sum of the deductions"),
    "taxable_income": ("課税総所得金額", "Taxable income", "total income − deductions, not below 0, down to the unit"),
    "relatives": (
        "同一生計配偶者・扶養親族の数",
        "Relatives that count for the limits (n)",
        "spouse and dependants within the income limit, children under 16 included",
    ),
    "exempt_status": (
        "非課税の区分",
        "Exempting status",
        "public assistance; disabled, minor, widow, single parent up to the limit",
    ),
    "per_capita_limit": (
        "均等割の非課税限度額",
        "Limit of the per capita exemption",
        "unit × class-of-area rate × (n + 1) + addition, with relatives also the second addition × rate; or the "
        "ordinance's own unit and second addition",
    ),
    "levy_limit": (
        "所得割の非課税限度額",
        "Limit of the income levy exemption",
        "unit × (n + 1) + addition, with relatives also the second addition",
    ),
    "gross": ("算出所得割額", "Gross income levy", "taxable income × rate, a fraction of a yen dropped"),
    "difference": (
        "人的控除差の合計",
        "Sum of personal differences",
        "the basic difference and that of every personal deduction",
    ),
    "adjustment_base": (
        "調整控除の基礎",
        "Base of the adjustment deduction",
        "min(difference, taxable) up to the threshold, above it max(difference − (taxable − threshold), minimum)",
    ),
    "adjustment": ("調整控除", "Adjustment deduction", "base × rate"),
    "housing_loan": (
        "住宅借入金等特別税額控除",
        "Housing loan credit",
        "what the income tax did not absorb, up to the limit, shared by both bodies, fractions up",
    ),
    "donation_basic": (
        "寄附金税額控除（基本控除）",
        "Donation credit, basic part",
        "(min(donations, income cap) − own share) × rate, up",
    ),
    "donation_special": (
        "寄附金税額控除（特例控除）",
        "Donation credit, special part",
        "(donation − own share) × rate × share, at most the cap's part of the levy after adjustment, up",
    ),
    "donation_one_stop": (
        "申告特例控除",
        "Donation credit, one-stop part",
        "special part × income-tax rate ÷ special rate, up",
    ),
    "donation_credit": ("寄附金税額控除", "Donation credit", "sum of the parts"),
    "reduction": (
        "所得割の調整（附則3条の3）",
        "Reduction just above the limit",
        "limit − (income − levy) where positive, pro rata, fractions up",
    ),
    "fixed_cut": ("定額による特別税額控除", "Fixed-amount cut", "a fixed amount, pro rata, the prefecture's part up"),
    "income_levy": ("所得割額", "Income levy", "what the credits leave, each body's levy down to the unit"),
    "per_capita": ("均等割額", "Per capita levy", "as set by law and ordinances, none for the exempt"),
    "forest_environment_tax": (
        "森林環境税",
        "Forest environment tax",
        "national; none up to the class of area's limit, whatever an ordinance has for its own levy",
    ),
    "total": ("年税額", "Tax of the year", "income levy + per capita levy + forest environment tax"),
    "special_collection": (
        "特別徴収（6月〜翌年5月）",
        "Special collection, June to May",
        "total ÷ instalments down to the unit, the remainder in the first; without income levy all in the first",
    ),
    "ordinary_collection": (
        "普通徴収（第1期〜第4期）",
        "Ordinary collection, four terms",
        "total ÷ instalments down to the unit, the remainder in the first; without income levy all in the first",
    ),
}
"""Step → Japanese name, English name, rule."""

DEDUCTIONS: dict[Kind, tuple[str, str, str]] = {
    Kind.CASUALTY: ("雑損控除", "Casualty deduction", "casualty"),
    Kind.MEDICAL: ("医療費控除", "Medical deduction", "medical"),
    Kind.SOCIAL_INSURANCE: ("社会保険料控除", "Social insurance deduction", ""),
    Kind.SMALL_ENTERPRISE: ("小規模企業共済等掛金控除", "Small-enterprise mutual aid deduction", ""),
    Kind.LIFE: ("生命保険料控除", "Life insurance deduction", "life_insurance"),
    Kind.EARTHQUAKE: ("地震保険料控除", "Earthquake insurance deduction", "earthquake_insurance"),
    Kind.DISABILITY: ("障害者控除", "Disability deduction", "disability"),
    Kind.WIDOW: ("寡婦控除", "Widow deduction", "widow"),
    Kind.SINGLE_PARENT: ("ひとり親控除", "Single parent deduction", "single_mother"),
    Kind.STUDENT: ("勤労学生控除", "Working student deduction", "student"),
    Kind.SPOUSE: ("配偶者控除", "Spouse deduction", "spouse_deduction"),
    Kind.SPOUSE_SPECIAL: ("配偶者特別控除", "Special spouse deduction", "spouse_special"),
    Kind.DEPENDANT: ("扶養控除", "Dependant deduction", "dependants"),
    Kind.SPECIFIED_RELATIVE: ("特定親族特別控除", "Specified relative special deduction", "specified_relative"),
    Kind.BASIC: ("基礎控除", "Basic deduction", "basic_deduction"),
}
"""Deduction → Japanese name, English name, the parameter it comes from (none: the law grants all that was paid)."""

GROUNDS: dict[Ground, str] = {
    Ground.PUBLIC_ASSISTANCE: "生活扶助",
    Ground.DISABLED: "障害者",
    Ground.MINOR: "未成年者",
    Ground.WIDOW: "寡婦",
    Ground.SINGLE_PARENT: "ひとり親",
}
