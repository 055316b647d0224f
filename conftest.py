"""Fixtures that every package's tests may use."""

pytest_plugins = ["kumiai_local.testing"]
