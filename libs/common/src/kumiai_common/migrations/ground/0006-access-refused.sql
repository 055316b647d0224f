-- depends: 0004-access-record
-- Attempts that were refused stand beside the reads: the code of the refusal, empty for what was answered.
alter table access_record add column refused text not null default '';
