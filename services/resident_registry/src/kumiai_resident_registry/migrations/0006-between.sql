-- depends: resident-between
-- How a move that was told is found by whom it is about: by name, date of birth and sex, or by the number here.
create index move_of_person on move_between (municipality, person);
create index move_of_resident on move_between (municipality, addressee_number) where addressee_number is not null;
-- Moves out that nobody has confirmed yet, by the planned day.
create index planned_move_out on resident_history (municipality, planned_on) where planned_on is not null;
