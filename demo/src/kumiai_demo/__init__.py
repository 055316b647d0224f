"""Simulated line-of-business systems and the independent checker."""
