-- depends: 0002-vault 0007-never-sampled
-- A key that was destroyed and a number that was erased stand in no sample of the planner's.
select kumiai_never_sampled('vault_key', 'wrapped');
select kumiai_never_sampled('vault_number', 'encrypted');
