-- depends: resident-tables
-- What a record says of somebody beside the name, and both dates of a move out. The columns stand in the order of the
-- row's fields, as every fold needs.
alter table resident_history
  add column nationality text,
  add column other_names jsonb,
  add column planned_on date,
  add column confirmed_on date;
