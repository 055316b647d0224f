"""Pure decisions of taxation: no clock, no I/O, no identifiers made here."""
