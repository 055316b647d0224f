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
left join merged_number m using (municipality, integrated_addressee_number)
join held_number h on h.municipality = l.municipality
  and h.integrated_addressee_number = coalesce(m.merged_into, l.integrated_addressee_number)
where l.line_of_business = 'resident-registry';

-- name: save_numbers!
insert into vault_number (municipality, commitment, encrypted, data_key, mark, mark_key)
select * from unnest(
  :municipalities::text[], :commitments::text[], :encrypted::bytea[], :data_keys::integer[], :marks::bytea[],
  :mark_keys::integer[]);

-- name: number_of_person^
select h.commitment, h.integrated_addressee_number, n.encrypted, n.data_key, n.mark, n.mark_key
from addressee_link l
left join merged_number m using (municipality, integrated_addressee_number)
join held_number h on h.municipality = l.municipality
  and h.integrated_addressee_number = coalesce(m.merged_into, l.integrated_addressee_number)
join vault_number n on n.municipality = h.municipality and n.commitment = h.commitment
where l.municipality = :municipality and l.line_of_business = 'resident-registry'
  and l.addressee_number = :addressee_number and h.state = 'current'
-- A rotation waits with this row, so its key can't end before it is read.
for share of n;

-- name: addressees_of
select l.line_of_business, l.addressee_number from addressee_link l
where l.municipality = :municipality and l.integrated_addressee_number = :integrated_addressee_number
  and not exists (select from merged_number m where m.municipality = l.municipality
    and m.integrated_addressee_number = l.integrated_addressee_number and m.merged_into is not null)
union all
select l.line_of_business, l.addressee_number
from merged_number m join addressee_link l using (municipality, integrated_addressee_number)
where m.municipality = :municipality and m.merged_into = :integrated_addressee_number
order by line_of_business, addressee_number;

-- name: addressees_behind
-- Everybody for whom one of these 団体内統合宛名番号 stands, by 宛名番号.
select l.addressee_number from addressee_link l
where l.municipality = :municipality and l.integrated_addressee_number = any(:numbers::text[])
union
select l.addressee_number
from merged_number m join addressee_link l using (municipality, integrated_addressee_number)
where m.municipality = :municipality and m.merged_into = any(:numbers::text[])
order by addressee_number;

-- name: rotating
-- Who has a key that is wrapped by an older one, or data and mark keys beside the current ones.
select distinct k.municipality from vault_key k
where k.municipality = any(:municipalities::text[])
  and (k.wrapped_by <> :wrapping_key or (k.kind <> 'token' and exists (
    select from vault_key newer
    where newer.municipality = k.municipality and newer.kind = k.kind and newer.version > k.version)))
order by 1;

-- name: wrapping_keys
select distinct municipality, wrapped_by from vault_key
where municipality = any(:municipalities::text[]) order by 1, 2;

-- name: save_wrapped!
update vault_key set wrapped_by = :wrapped_by, wrapped = :wrapped
where municipality = :municipality and kind = :kind and version = :version;

-- name: numbers_under_older_keys
-- What another process is at is left to it.
select n.commitment, n.encrypted, n.data_key, n.mark, n.mark_key, h.integrated_addressee_number
from vault_number n join held_number h using (municipality, commitment)
where n.municipality = :municipality and (n.data_key < :data_key or n.mark_key < :mark_key)
order by n.commitment limit :limit
for update of n skip locked;

-- name: save_sealed_again!
update vault_number n
set encrypted = given.encrypted, data_key = given.data_key, mark = given.mark, mark_key = given.mark_key
from unnest(:commitments::text[], :encrypted::bytea[], :data_keys::integer[], :marks::bytea[], :mark_keys::integer[])
  as given(commitment, encrypted, data_key, mark, mark_key)
where n.municipality = :municipality and n.commitment = given.commitment;

-- name: are_under_older_keys^
select exists (select from vault_number where municipality = :municipality
  and (data_key < :data_key or mark_key < :mark_key)) as any;

-- name: destroy_older_keys!
delete from vault_key where municipality = :municipality
  and ((kind = 'data' and version < :data_key) or (kind = 'mark' and version < :mark_key));

-- name: keys_in_use
select k.kind, k.version, k.wrapped_by, k.created_at,
  case when k.kind = 'token' then null else (
    select count(*) from vault_number n where n.municipality = k.municipality
      and case k.kind when 'data' then n.data_key else n.mark_key end = k.version) end as numbers
from vault_key k where k.municipality = :municipality order by k.kind, k.version;

-- name: numbers_after
select n.commitment, n.encrypted, n.data_key, n.mark, n.mark_key, h.integrated_addressee_number, h.state
from vault_number n join held_number h using (municipality, commitment)
where n.municipality = :municipality and n.commitment > :after
order by n.commitment limit :limit
for share of n;
