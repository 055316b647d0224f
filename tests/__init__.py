"""End-to-end tests and faults, on the real stack."""
