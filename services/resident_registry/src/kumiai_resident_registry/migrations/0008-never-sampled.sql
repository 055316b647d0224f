-- depends: 0005-addresses 0007-never-sampled
-- An address that only the registry may know stands in no sample of the planner's, which erasing it would leave behind.
select kumiai_never_sampled('address_index', 'key');
