-- depends: resident-codes
-- How a free code is found among those given, in the order of the commitments, which has nothing to do with theirs.
create index free_resident_code on resident_code (municipality, code) where addressee_number is null;
-- Whether a code is known already.
create index known_resident_code on sealed_part (municipality, part) where name = 'resident_code';
