-- depends: resident-marks
-- Whose a 在留カード is.
create index known_residence_card on sealed_part (municipality, part) where name = 'residence_card';
