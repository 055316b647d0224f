-- depends: linkage-exchange 0001-finding
-- How the network's answer about a 取得番号 finds its person.
create unique index acquisition_number_of on code_acquisition (municipality, acquisition_number);
-- What a person's records are found by, for the resident's view and for a recall.
create index exchange_record_of_person on exchange_record (municipality, addressee_number, fact_kind, scope);
-- What waits: held requests for a person, inquiries for their answer.
create index exchange_record_waiting on exchange_record (municipality, outcome, requested_at)
  where outcome in ('held', 'requested');

-- How far the stream has been sent to the network.
create table network_position (
  municipality text not null,
  position bigint not null,
  primary key (municipality)
) with (fillfactor = 40);
select kumiai_protect('network_position', 'select, insert, update');
