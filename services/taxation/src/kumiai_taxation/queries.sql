-- name: histories
select h.* from resident_history h
join unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by h.municipality, h.addressee_number, h.history_number;

-- name: reports
select r.* from income_report r
join unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by r.municipality, r.addressee_number, r.fiscal_year, r.employer;

-- name: assessments
select a.* from assessment a
join unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
order by a.municipality, a.addressee_number, a.fiscal_year, a.version;

-- name: versions
select * from assessment
where municipality = :municipality and fiscal_year = :fiscal_year and addressee_number = :addressee_number
order by version;
