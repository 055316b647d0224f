-- depends: taxation-tables
-- How taxation finds what a notice or an event needs.
create index assessment_of_person on assessment (municipality, addressee_number);
create index income_report_of_person on income_report (municipality, addressee_number);
