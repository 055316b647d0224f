-- depends: linkage-my-number
-- Which number stands for one that was merged; the links of the lines of business stay as they were.

create table merged_number (
  municipality text not null,
  integrated_addressee_number text not null,
  merged_into text,
  changed_at text not null,
  primary key (municipality, integrated_addressee_number)
);
select kumiai_protect('merged_number');
