-- depends: linkage-business-numbers
-- A person's numbers are asked with every look-up of the person.
create index business_number_of on business_number (municipality, integrated_addressee_number);
