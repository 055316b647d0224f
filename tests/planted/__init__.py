"""Bugs planted into a copy of the code: the checker that judges the fault tests has to see every one of them."""
