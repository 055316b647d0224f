"""Faults provoked under load: at the end nothing is lost, doubled or out of order."""
