-- name: vault_keys
select municipality, kind, version, wrapped_by, wrapped from vault_key
where municipality = any(:municipalities::text[]) order by municipality, kind, version;

-- name: save_keys!
insert into vault_key (municipality, kind, version, wrapped_by, wrapped)
select * from unnest(:municipalities::text[], :kinds::text[], :versions::integer[], :wrapped_by::text[], :wrapped::bytea[]);

-- name: held_by_marks
select n.municipality, n.mark, h.commitment, h.integrated_addressee_number, h.state
from unnest(:municipalities::text[], :marks::bytea[]) as sought(municipality, mark)
join vault_number n using (municipality, mark)
join held_number h using (municipality, commitment);

-- name: held_of_people
select h.municipality, h.commitment, h.integrated_addressee_number, h.state
from unnest(:municipalities::text[], :addressee_numbers::text[]) as given(municipality, addressee_number)
join addressee_link l using (municipality, addressee_number)
join held_number h using (municipality, integrated_addressee_number)
where l.line_of_business = 'resident-registry';

-- name: save_numbers!
insert into vault_number (municipality, commitment, encrypted, data_key, mark, mark_key)
select * from unnest(
  :municipalities::text[], :commitments::text[], :encrypted::bytea[], :data_keys::integer[], :marks::bytea[],
  :mark_keys::integer[]);

-- name: number_of_person^
select h.commitment, h.integrated_addressee_number, n.encrypted, n.data_key, n.mark, n.mark_key
from addressee_link l
join held_number h using (municipality, integrated_addressee_number)
join vault_number n using (municipality, commitment)
where l.municipality = :municipality and l.line_of_business = 'resident-registry'
  and l.addressee_number = :addressee_number and h.state = 'current';

-- name: addressees_of
select line_of_business, addressee_number from addressee_link
where municipality = :municipality and integrated_addressee_number = :integrated_addressee_number
order by line_of_business, addressee_number;

-- name: record_access!
insert into vault_access (municipality, party, purpose, action, integrated_addressee_numbers)
values (:municipality, :party, :purpose, :action, :integrated_addressee_numbers);

-- name: accesses
select id, at, party, purpose, action, integrated_addressee_numbers from vault_access
where municipality = :municipality and id > :after
  and (:integrated_addressee_number::text = ''
       or integrated_addressee_numbers @> array[:integrated_addressee_number::text])
order by id limit :limit;
