-- depends: taxation-tables
-- What of a carried-over assessment was open on a day.

create table open_balance (
  municipality text not null,
  fiscal_year bigint not null,
  addressee_number text not null,
  special_collected bigint not null,
  open_balance bigint not null,
  balance_on date not null,
  operator text not null,
  primary key (municipality, fiscal_year, addressee_number)
);
select kumiai_protect('open_balance');
