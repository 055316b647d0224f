"""Taxation (税)."""
