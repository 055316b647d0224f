-- depends: 0002-vault 0004-access-record
-- What the vault was used for stands in the same record as every other read, by 宛名番号.
do $$ begin
  perform set_config('app.municipalities', (select coalesce(array_agg(municipality), '{}')::text from tenant), true);
end $$;
insert into access_record (municipality, at, party, purpose, action, addressee_numbers)
select a.municipality, a.at, a.party, a.purpose, 'vault/' || a.action, array(
  select distinct l.addressee_number
  from addressee_link l left join merged_number m using (municipality, integrated_addressee_number)
  where l.municipality = a.municipality
    and coalesce(m.merged_into, l.integrated_addressee_number) = any(a.integrated_addressee_numbers)
  order by 1)
from vault_access a order by a.municipality, a.id;
drop table vault_access;
