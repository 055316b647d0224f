-- depends: linkage-recall
-- When the provider said that it had compared what it was told; until then it is told again.
alter table record_summary add column acknowledged_at text;
