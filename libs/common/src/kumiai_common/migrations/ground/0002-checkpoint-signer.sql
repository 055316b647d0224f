-- depends: 0001-ground
-- Which keys have signed a municipality's checkpoints: a service's key may be replaced, and an imported log brings
-- checkpoints of the federation that it came from.
create table checkpoint_signer (
  municipality text not null,
  public_key text not null,
  primary key (municipality, public_key)
);
select kumiai_protect('checkpoint_signer', 'select, insert');
