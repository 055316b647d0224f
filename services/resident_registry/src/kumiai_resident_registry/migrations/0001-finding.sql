-- depends: resident-tables
-- How the registry finds who ever was in a household, when a movement is taken back.
create index resident_of_household on resident_history (municipality, household_number);
