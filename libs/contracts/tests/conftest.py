"""Hypothesis without a deadline: a busy machine is no fault of the contracts."""

from hypothesis import settings

settings.register_profile("kumiai", deadline=None, print_blob=True)
settings.load_profile("kumiai")
