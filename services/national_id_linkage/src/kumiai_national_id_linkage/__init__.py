"""National-ID linkage (番号連携)."""
