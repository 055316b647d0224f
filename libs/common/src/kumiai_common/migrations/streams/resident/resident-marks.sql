-- depends: resident-codes
-- 本人を特定するもの: whose tokens of 個人番号 and whose 在留カード these are; never a number, and a card's is sealed.
create table my_number_token (
  municipality text not null,
  token text not null,
  addressee_number text not null,
  primary key (municipality, token)
);
select kumiai_protect('my_number_token');

create table residence_card (
  municipality text not null,
  card text not null,
  addressee_number text not null,
  primary key (municipality, card)
);
select kumiai_protect('residence_card');
