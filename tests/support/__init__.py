"""What the tests need around a federation: an operator, a municipality's systems, loads and faults."""
