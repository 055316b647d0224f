-- depends: resident-carried-numbers
-- From which event of a predecessor's stream somebody was taken over (市町村合併).

alter table carried_number add column predecessor_event jsonb;
