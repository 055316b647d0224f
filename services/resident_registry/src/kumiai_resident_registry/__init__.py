"""Resident registry (住民記録)."""
