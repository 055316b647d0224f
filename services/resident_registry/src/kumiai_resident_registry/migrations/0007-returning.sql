-- depends: resident-codes
-- How it is found who comes back: by 住民票コード, or by the date of birth.
create index resident_by_code on resident_history (municipality, resident_code) where resident_code is not null;
create index resident_by_birth on resident_history (municipality, birth_date) where history_number = 1;
