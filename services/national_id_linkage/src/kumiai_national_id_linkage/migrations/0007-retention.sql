-- depends: 0002-exchange
-- What has expired is looked for every hour.
create index exchange_record_kept on exchange_record (municipality, keep_until) where outcome <> 'expired';
