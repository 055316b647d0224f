-- The individual resident tax (個人住民税) a second time, from the published rules alone and not from the Python.
-- Whole yen in bigint, rates in numeric: nothing is ever rounded but where a rule says so.

-- 年齢: age at the end of 31 December of a year; a year of age is complete on the day before the birthday.
create function pg_temp.age_on_31_december(year integer, born date) returns integer language sql immutable as $$
  select year + 1 - extract(year from born)::integer - case when (extract(month from born), extract(day from born)) > (1, 1) then 1 else 0 end
$$;

-- 給与所得: what is left of a salary, by fiscal year.
create function pg_temp.employment_income(fy integer, y bigint) returns bigint language sql immutable as $$
  select case
    when fy = 7 and y < 551000 then 0
    when fy = 7 and y < 1619000 then y - 550000
    when fy = 7 and y < 1620000 then 1069000
    when fy = 7 and y < 1622000 then 1070000
    when fy = 7 and y < 1624000 then 1072000
    when fy = 7 and y < 1628000 then 1074000
    when fy = 7 and y < 1800000 then y / 4000 * 4000 * 6 / 10 + 100000
    when fy = 8 and y < 651000 then 0
    when fy = 8 and y < 1900000 then y - 650000
    when fy = 9 and y < 741000 then 0
    when fy = 9 and y < 2191000 then y - 740000
    when fy = 9 and y < 2193000 then 1451000
    when fy = 9 and y < 2196000 then 1453000
    when fy = 9 and y < 2200000 then 1456000
    when y < 3600000 then y / 4000 * 4000 * 7 / 10 - 80000
    when y < 6600000 then y / 4000 * 4000 * 8 / 10 - 440000
    when y < 8500000 then y * 9 / 10 - 1100000
    else y - 1950000 end
$$;

-- 生命保険料控除, one kind under the new contracts and under the old ones.
create function pg_temp.life_new(paid bigint) returns bigint language sql immutable as $$
  select case when paid <= 12000 then paid when paid <= 32000 then (paid + 1) / 2 + 6000
    when paid <= 56000 then (paid + 3) / 4 + 14000 else 28000 end
$$;
create function pg_temp.life_old(paid bigint) returns bigint language sql immutable as $$
  select case when paid <= 15000 then paid when paid <= 40000 then (paid + 1) / 2 + 7500
    when paid <= 70000 then (paid + 3) / 4 + 17500 else 35000 end
$$;
-- New and old together at most 28,000, unless the old alone is better.
create function pg_temp.life(new bigint, old bigint) returns bigint language sql immutable as $$
  select greatest(least(pg_temp.life_new(new) + pg_temp.life_old(old), 28000), pg_temp.life_old(old))
$$;

-- 地震保険料控除 with 旧長期損害保険料.
create function pg_temp.earthquake(paid bigint, old bigint) returns bigint language sql immutable as $$
  select least(25000, least((paid + 1) / 2, 25000)
    + case when old <= 5000 then old when old <= 15000 then (old + 1) / 2 + 2500 else 10000 end)
$$;

-- 配偶者特別控除, for a taxpayer of up to 9 million.
create function pg_temp.spouse_special(income bigint) returns bigint language sql immutable as $$
  select case when income <= 1000000 then 330000 when income <= 1050000 then 310000 when income <= 1100000 then 260000
    when income <= 1150000 then 210000 when income <= 1200000 then 160000 when income <= 1250000 then 110000
    when income <= 1300000 then 60000 when income <= 1330000 then 30000 else 0 end
$$;

-- 特定親族特別控除, from fiscal year R8.
create function pg_temp.relative_special(income bigint) returns bigint language sql immutable as $$
  select case when income <= 950000 then 450000 when income <= 1000000 then 410000 when income <= 1050000 then 310000
    when income <= 1100000 then 210000 when income <= 1150000 then 110000 when income <= 1200000 then 60000
    when income <= 1230000 then 30000 else 0 end
$$;

-- 障害者控除 of the taxpayer, a spouse or a dependant, and the difference to the income tax's (人的控除差).
create function pg_temp.disabled(kind text, living_together boolean) returns integer language sql immutable as $$
  select case when kind = 'ordinary' then 260000 when kind = 'special' and living_together then 530000
    when kind = 'special' then 300000 else 0 end
$$;
create function pg_temp.disabled_difference(kind text, living_together boolean) returns integer language sql immutable as $$
  select case when kind = 'ordinary' then 10000 when kind = 'special' and living_together then 220000
    when kind = 'special' then 100000 else 0 end
$$;

-- ふるさと納税の特例控除: the share by the rate of the income tax that the taxable income would have.
create function pg_temp.donation_share(taxable bigint, difference bigint) returns numeric language sql immutable as $$
  select case when taxable < difference then 0.90 when taxable - difference <= 1950000 then 0.84895
    when taxable - difference <= 3300000 then 0.7979 when taxable - difference <= 6950000 then 0.6958
    when taxable - difference <= 9000000 then 0.66517 when taxable - difference <= 18000000 then 0.56307
    when taxable - difference <= 40000000 then 0.4916 else 0.44055 end
$$;

-- 寄附金税額控除 of one body, which bears so many fifths: the basic part of all gifts, up to a whole yen.
create function pg_temp.donation_basic(gifts bigint, income numeric, fifths integer) returns numeric language sql immutable as $$
  select ceil(greatest(least(gifts, floor(income * 0.3)) - 2000, 0) * fifths * 2 / 100)
$$;

-- The special part (特例控除) of gifts to municipalities, up to a whole yen; at most a fifth of the levy after 調整控除.
create function pg_temp.donation_special(donations bigint, share numeric, fifths integer, levy numeric)
returns numeric language sql immutable as $$
  select ceil(least(greatest(donations - 2000, 0) * share * fifths / 5, levy * 0.2))
$$;

-- 申告特例控除 (one-stop): what the income tax would have given, in proportion to the special part, up to a whole yen.
create function pg_temp.one_stop(special numeric, taxable bigint, difference bigint) returns numeric language sql immutable as $$
  select ceil(special * case when taxable - difference <= 1950000 then 5.105 when taxable - difference <= 3300000 then 10.21
    when taxable - difference <= 6950000 then 20.42 when taxable - difference <= 9000000 then 23.483 else 33.693 end
    / case when taxable - difference <= 1950000 then 84.895 when taxable - difference <= 3300000 then 79.79
    when taxable - difference <= 6950000 then 69.58 when taxable - difference <= 9000000 then 66.517 else 56.307 end)
$$;

-- 公的年金等に係る雑所得, by age and by the income besides pensions.
create function pg_temp.pension_income(p bigint, age integer, besides bigint) returns bigint language sql immutable as $$
  select greatest(0, case when p = 0 then 0 else
    case when age >= 65 and p < 3300000 then p - 1100000 when age < 65 and p < 1300000 then p - 600000
      when p < 4100000 then p * 75 / 100 - 275000 when p < 7700000 then p * 85 / 100 - 685000
      when p < 10000000 then p * 95 / 100 - 1455000 else p - 1955000 end
    + case when besides > 20000000 then 200000 when besides > 10000000 then 100000 else 0 end end)
$$;

-- 医療費控除, or セルフメディケーション税制 in its place.
create function pg_temp.medical(paid bigint, reimbursed bigint, self_medication bigint, income numeric)
returns numeric language sql immutable as $$
  select case when self_medication > 0 then least(greatest(self_medication - 12000, 0), 88000)
    when paid > 0 then least(greatest(paid - reimbursed - least(100000, floor(income * 0.05)), 0), 2000000) else 0 end
$$;

-- 雑損控除: beyond a tenth of the income, or the disaster's expense beyond 50,000.
create function pg_temp.casualty(loss bigint, expense bigint, income numeric) returns numeric language sql immutable as $$
  select case when loss > 0 then greatest(loss - floor(income * 0.1), expense - 50000, 0) else 0 end
$$;

-- query
with place(code, municipal_rate, prefectural_rate, municipal_per_capita, prefectural_per_capita, area) as (values
  ('131016', 0.06, 0.04,    3000, 1000, 1.0),  -- standard
  ('151009', 0.08, 0.02,    3000, 1000, 0.9),  -- 政令指定都市 (designated city)
  ('141003', 0.08, 0.02025, 3900, 1300, 1.0),  -- designated, with surcharges
  ('281000', 0.08, 0.02,    3400, 1800, 1.0),  -- designated, with surcharges
  ('133035', 0.06, 0.04,    3000, 1000, 0.9),  -- second class of area (級地)
  ('133078', 0.06, 0.04,    3000, 1000, 0.8)   -- third class of area
), given as materialized (
  select id, substr(body->>'fiscal_year', 2)::integer as fy, 2017 + substr(body->>'fiscal_year', 2)::integer as year,
    place.*, case when municipal_rate = 0.08 then 4 else 3 end as municipal_fifths,
    (body->'taxpayer'->>'birth_date')::date as born, body->'taxpayer'->>'disability' as disability,
    coalesce((body->'taxpayer'->>'widow')::boolean, false) as widow, body->'taxpayer'->>'single_parent' as single_parent,
    coalesce((body->'taxpayer'->>'student')::boolean, false) as student,
    coalesce((body->'taxpayer'->>'public_assistance')::boolean, false) as assisted,
    coalesce((body->'income'->>'salary')::bigint, 0) as salary, coalesce((body->'income'->>'pension')::bigint, 0) as pension,
    coalesce((body->'income'->>'business')::bigint, 0) as business, coalesce((body->'income'->>'other')::bigint, 0) as other,
    coalesce((body->'credits'->>'donations')::bigint, 0) as donations,
    coalesce((body->'credits'->>'donations_basic')::bigint, 0) as other_gifts,
    coalesce((body->'credits'->>'one_stop')::boolean, false) as one_stop,
    coalesce((body->'credits'->>'housing_loan')::bigint, 0) as loan,
    coalesce((body->'credits'->>'housing_loan_special')::boolean, false) as loan_special,
    (body->'credits'->>'income_tax_taxable')::bigint as income_tax_taxable,
    coalesce(body->'deductions', '{}') as paid, coalesce(body->'dependants', '[]') as dependants,
    case when body ? 'spouse' then (body->'spouse'->>'income')::bigint end as spouse_income,
    case when body ? 'spouse' then body->'spouse'->>'disability' end as spouse_disability,
    coalesce((body->'spouse'->>'living_together')::boolean, false) as spouse_together,
    (body->'spouse'->>'birth_date')::date as spouse_born
  from tax_case join place on place.code = body->>'municipality'
), limits as materialized (
  -- 扶養親族等の所得要件: the most that a spouse or dependant may have.
  select *, case fy when 7 then 480000 when 8 then 580000 else 620000 end as relative_limit,
    pg_temp.employment_income(fy, salary) as employment_income
  from given
), relative as materialized (
  select id, fy, pg_temp.age_on_31_december(year, (d->>'birth_date')::date) as age, (d->>'income')::bigint as income,
    (d->>'income')::bigint <= relative_limit as within, d->>'disability' as disability,
    coalesce((d->>'living_together')::boolean, false) as together, coalesce((d->>'ascendant')::boolean, false) as ascendant
  from limits cross join lateral jsonb_array_elements(dependants) as d
), relatives as materialized (
  select id, count(*) filter (where within) as dependants_within,
    bool_or(within and (age < 23 or disability = 'special')) as raises_adjustment,
    sum(case when within and age between 16 and 18 then 330000
      when within and age between 19 and 22 then 450000
      when within and age between 23 and 69 then 330000
      when within and age >= 70 and together and ascendant then 450000
      when within and age >= 70 then 380000
      when not within and fy >= 8 and age between 19 and 22 then pg_temp.relative_special(income) else 0 end)
    + sum(case when within then pg_temp.disabled(disability, together) else 0 end) as deduction,
    sum(case when not within or age < 16 then 0 when age between 19 and 22 then 180000
      when age >= 70 and together and ascendant then 130000 when age >= 70 then 100000 else 50000 end)
    + sum(case when within then pg_temp.disabled_difference(disability, together) else 0 end) as difference
  from relative group by id
), household as materialized (
  select limits.*, coalesce(r.deduction, 0) as dependants_deduction, coalesce(r.difference, 0) as dependants_difference,
    coalesce(spouse_income <= relative_limit, false) as spouse_within,
    coalesce(pg_temp.age_on_31_december(year, spouse_born) >= 70, false) as spouse_elderly,
    coalesce(r.dependants_within, 0) + case when spouse_income <= relative_limit then 1 else 0 end as n,
    -- 所得金額調整控除: a child or a specially disabled person in the household, salary above 8.5 million.
    disability = 'special' or coalesce(r.raises_adjustment, false)
      or coalesce(spouse_income <= relative_limit and spouse_disability = 'special', false) as adjusted
  from limits left join relatives r using (id)
), earned as materialized (
  select *, employment_income - case when adjusted and salary > 8500000
    then (least(salary, 10000000) - 8500000 + 9) / 10 else 0 end + business + other as besides
  from household
), pensioned as materialized (
  select *, pg_temp.pension_income(pension, pg_temp.age_on_31_december(year, born), besides) as pension_income from earned
), income as materialized (
  -- 所得金額調整控除 of salary and pension together.
  select *, besides + pension_income - case when employment_income > 0 and pension_income > 0
    then greatest(least(employment_income, 100000) + least(pension_income, 100000) - 100000, 0) else 0 end as total_income
  from pensioned
), spouse as materialized (
  -- 配偶者控除・配偶者特別控除 by the taxpayer's own income, in thirds rounded up to 10,000.
  select *, case when total_income <= 9000000 then 3 when total_income <= 9500000 then 2
    when total_income <= 10000000 then 1 else 0 end as thirds
  from income
), personal as materialized (
  select *,
    case when spouse_within then ((case when spouse_elderly then 380000 else 330000 end) * thirds + 29999) / 30000 * 10000
      when spouse_income is not null then (pg_temp.spouse_special(spouse_income) * thirds + 29999) / 30000 * 10000
      else 0 end as spouse_deduction,
    case when spouse_within and spouse_elderly then (array[0, 30000, 60000, 100000])[thirds + 1]
      when spouse_within then (array[0, 20000, 40000, 50000])[thirds + 1]
      when spouse_income < 500000 then (array[0, 20000, 40000, 50000])[thirds + 1]
      when spouse_income < 550000 then (array[0, 10000, 20000, 30000])[thirds + 1] else 0 end as spouse_difference,
    case when spouse_within then pg_temp.disabled(spouse_disability, spouse_together) else 0 end as spouse_disabled,
    case when spouse_within then pg_temp.disabled_difference(spouse_disability, spouse_together) else 0 end
      as spouse_disabled_difference,
    pg_temp.disabled(disability, false) as own_disabled,
    pg_temp.disabled_difference(disability, false) as own_disabled_difference,
    -- 寡婦・ひとり親: not above an income of 5 million.
    case when total_income > 5000000 then 0 when single_parent is not null then 300000 when widow then 260000 else 0 end as alone,
    case when total_income > 5000000 then 0 when single_parent = 'mother' then 50000 when single_parent = 'father' then 10000
      when widow then 10000 else 0 end as alone_difference,
    -- 勤労学生: up to a limit of the year, and hardly anything that is not from work.
    student and total_income <= (array[750000, 850000, 890000])[fy - 6] and pension_income + other <= 100000 as working_student,
    case when total_income <= 24000000 then 430000 when total_income <= 24500000 then 290000
      when total_income <= 25000000 then 150000 else 0 end as basic
  from spouse
), deducted as materialized (
  select *,
    basic + spouse_deduction + dependants_deduction + spouse_disabled + own_disabled + alone
    + case when working_student then 260000 else 0 end + coalesce((paid->>'small_enterprise_mutual_aid')::bigint, 0)
    + pg_temp.medical(coalesce((paid->>'medical_paid')::bigint, 0), coalesce((paid->>'medical_reimbursed')::bigint, 0),
      coalesce((paid->>'self_medication_paid')::bigint, 0), total_income)
    + pg_temp.casualty(coalesce((paid->>'casualty_loss')::bigint, 0),
      coalesce((paid->>'casualty_disaster_expense')::bigint, 0), total_income)
    + coalesce((paid->>'social_insurance')::bigint, 0)
    + least(70000, pg_temp.life(coalesce((paid->>'life_general_new')::bigint, 0), coalesce((paid->>'life_general_old')::bigint, 0))
      + pg_temp.life_new(coalesce((paid->>'life_medical')::bigint, 0))
      + pg_temp.life(coalesce((paid->>'life_pension_new')::bigint, 0), coalesce((paid->>'life_pension_old')::bigint, 0)))
    + pg_temp.earthquake(coalesce((paid->>'earthquake')::bigint, 0), coalesce((paid->>'earthquake_old')::bigint, 0))
      as deductions_total,
    50000 + spouse_difference + dependants_difference + spouse_disabled_difference + own_disabled_difference
      + alone_difference + case when working_student then 10000 else 0 end as difference
  from personal
), taxed as materialized (
  select *, floor(greatest(total_income - deductions_total, 0) / 1000.0)::bigint * 1000 as taxable_income,
    -- 非課税: by the person's state, by the line of the per capita levy, and by that of the income levy.
    assisted or (disability <> 'none' or widow or single_parent is not null or born >= make_date(year + 1 - 18, 1, 3))
      and total_income <= 1350000 as exempt_person,
    350000 * area * (n + 1) + 100000 + case when n > 0 then 210000 * area else 0 end as per_capita_line,
    350000 * (n + 1) + 100000 + case when n > 0 then 320000 else 0 end as levy_line
  from deducted
), exempted as materialized (
  select *, exempt_person or total_income <= per_capita_line as no_per_capita,
    exempt_person or total_income <= per_capita_line or total_income <= levy_line as no_levy
  from taxed
), gross as materialized (
  select *, case when no_levy then 0 else floor(taxable_income * municipal_rate)::bigint end as gross_municipal,
    case when no_levy then 0 else floor(taxable_income * prefectural_rate)::bigint end as gross_prefectural,
    -- 調整控除の基礎
    case when no_levy or total_income > 25000000 then 0 when taxable_income <= 2000000 then least(difference, taxable_income)
      else greatest(difference - (taxable_income - 2000000), 50000) end as base
  from exempted
), adjusted as materialized (
  select *, base * municipal_fifths / 100 as adjustment_municipal, base * (5 - municipal_fifths) / 100 as adjustment_prefectural
  from gross
), after_adjustment as materialized (
  select *, gross_municipal - adjustment_municipal as levy_m, gross_prefectural - adjustment_prefectural as levy_p
  from adjusted
), lent as materialized (
  -- 住宅借入金等特別税額控除: up to 5 % and 97,500, or 7 % and 136,500, of the taxable income; by fifths, up to a whole yen.
  select *, least(loan, case when loan_special then least(136500, floor(coalesce(income_tax_taxable, taxable_income) * 0.07))
    else least(97500, floor(coalesce(income_tax_taxable, taxable_income) * 0.05)) end) as lent
  from after_adjustment
), special as materialized (
  select *, pg_temp.donation_special(donations, pg_temp.donation_share(taxable_income, difference::bigint), municipal_fifths, levy_m)
      as special_m,
    pg_temp.donation_special(donations, pg_temp.donation_share(taxable_income, difference::bigint), 5 - municipal_fifths, levy_p)
      as special_p
  from lent
), donated as materialized (
  select *, case when no_levy then 0 else pg_temp.donation_basic(donations + other_gifts, total_income, municipal_fifths) + special_m
      + case when one_stop then pg_temp.one_stop(special_m, taxable_income, difference::bigint) else 0 end end as donation_m,
    case when no_levy then 0 else pg_temp.donation_basic(donations + other_gifts, total_income, 5 - municipal_fifths) + special_p
      + case when one_stop then pg_temp.one_stop(special_p, taxable_income, difference::bigint) else 0 end end as donation_p
  from special
), after_donations as materialized (
  select *, case when no_levy then 0 else greatest(levy_m - ceil(lent * municipal_fifths / 5) - donation_m, 0) end as left_m,
    case when no_levy then 0 else greatest(levy_p - ceil(lent * (5 - municipal_fifths) / 5) - donation_p, 0) end as left_p
  from donated
), reduced as materialized (
  -- 附則3条の3, after all credits: what remains of the income after the levy doesn't fall below the line; pro rata.
  select *, least(greatest(levy_line - (total_income - left_m - left_p), 0), left_m + left_p) as reduction
  from after_donations
), credited as materialized (
  select *, left_m - case when reduction > 0 then reduction * left_m / (left_m + left_p) else 0 end as credited_m,
    left_p - case when reduction > 0 then reduction * left_p / (left_m + left_p) else 0 end as credited_p
  from reduced
), cut as materialized (
  -- 定額減税 of R7: 10,000 for a spouse within the limit whose spouse has more than 10 million and thus no deduction.
  select *, case when fy = 7 and spouse_within and total_income > 10000000 and total_income <= 18050000
    then least(10000, credited_m + credited_p) else 0 end as cut
  from credited
), shared as materialized (
  select *, case when cut > 0 then ceil(cut * credited_p / (credited_m + credited_p)) else 0 end as cut_p from cut
), levied as materialized (
  select *, (floor(greatest(credited_m - (cut - cut_p), 0) / 100) * 100)::bigint as income_levy_municipal,
    (floor(greatest(credited_p - cut_p, 0) / 100) * 100)::bigint as income_levy_prefectural,
    case when no_per_capita then 0 else municipal_per_capita end as per_capita_municipal,
    case when no_per_capita then 0 else prefectural_per_capita end as per_capita_prefectural,
    case when no_per_capita then 0 else 1000 end as forest_environment_tax
  from shared
), summed as materialized (
  select *, income_levy_municipal + income_levy_prefectural + per_capita_municipal + per_capita_prefectural
    + forest_environment_tax as total
  from levied
)
select id, employment_income, total_income, deductions_total, taxable_income, forest_environment_tax, total,
  gross_municipal, gross_prefectural, adjustment_municipal, adjustment_prefectural,
  donation_m as donation_credit_municipal, donation_p as donation_credit_prefectural,
  income_levy_municipal, income_levy_prefectural, per_capita_municipal, per_capita_prefectural,
  -- 特別徴収・普通徴収: per capita only is one payment.
  case when income_levy_municipal + income_levy_prefectural = 0 then array[total] || array_fill(0::bigint, array[11])
    else array[total - total / 12 / 100 * 100 * 11] || array_fill(total / 12 / 100 * 100, array[11]) end
    as special_collection,
  case when income_levy_municipal + income_levy_prefectural = 0 then array[total, 0, 0, 0]
    else array[total - total / 4 / 1000 * 1000 * 3] || array_fill(total / 4 / 1000 * 1000, array[3]) end as ordinary_collection
from summed
