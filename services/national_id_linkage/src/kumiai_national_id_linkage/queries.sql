-- name: links
select l.municipality, l.line_of_business, l.addressee_number, l.integrated_addressee_number
from addressee_link l
join unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
  using (municipality, addressee_number)
where l.line_of_business = 'resident-registry';

-- name: last_numbers
select given.municipality, last.integrated_addressee_number
from unnest(:municipalities::text[]) as given(municipality)
cross join lateral (
  select l.integrated_addressee_number from addressee_link l
  where l.municipality = given.municipality
  order by l.municipality desc, l.integrated_addressee_number desc limit 1) as last;

-- name: addressee^
select line_of_business, addressee_number, integrated_addressee_number from addressee_link
where municipality = :municipality and line_of_business = 'resident-registry' and addressee_number = :addressee_number;

-- name: tax_facts
select a.fiscal_year, a.version, a.total_income, a.total, a.cancelled
from assessment a
where a.municipality = :municipality and a.addressee_number = :addressee_number
order by a.fiscal_year, a.version;
