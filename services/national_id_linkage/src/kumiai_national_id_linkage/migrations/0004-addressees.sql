-- depends: linkage-addressees
-- Who was merged into a number is asked with every merge, and with every look-up of a person's 宛名番号.
create index merged_number_into on merged_number (municipality, merged_into) where merged_into is not null;
