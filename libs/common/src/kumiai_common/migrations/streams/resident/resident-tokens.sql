-- depends: resident-codes
-- 個人番号のトークン: whose they are, never what number.
create table my_number_token (
  municipality text not null,
  token text not null,
  addressee_number text not null,
  primary key (municipality, token)
);
select kumiai_protect('my_number_token');
