-- depends: linkage-recall 0002-exchange
-- What was told to a body in a period, for comparing records.
create index exchange_record_decided on exchange_record (municipality, side, inquirer, decided_at);
