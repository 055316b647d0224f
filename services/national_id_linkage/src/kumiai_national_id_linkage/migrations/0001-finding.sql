-- depends: linkage-tables
-- The highest number so far is looked up with every newcomer, and no number is ever given twice.
create unique index integrated_addressee_number on addressee_link (municipality, integrated_addressee_number);
