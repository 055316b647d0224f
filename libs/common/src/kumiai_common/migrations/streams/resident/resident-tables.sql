-- depends: 0001-ground
-- The fold of the stream `resident`: the owner's tables and every reader's replica are the same.

create table resident_history (
  municipality text not null,
  addressee_number text not null,
  history_number bigint not null,
  status text not null,
  household_number text not null,
  relationship text not null,
  name text not null,
  name_kana text not null,
  birth_date text not null,
  sex text not null,
  resident_since text not null,
  address_since text not null,
  address text not null,
  previous_address text,
  destination_address text,
  removed_on date,
  reason text not null,
  effective_date date not null,
  notified_date date not null,
  processed_date date not null,
  ex_officio boolean not null,
  place text not null,
  operator text not null,
  movement text not null,
  cancels bigint,
  primary key (municipality, addressee_number, history_number)
);
select kumiai_protect('resident_history');

create table household (
  municipality text not null,
  household_number text not null,
  head text,
  members jsonb not null,
  primary key (municipality, household_number)
);
select kumiai_protect('household');
