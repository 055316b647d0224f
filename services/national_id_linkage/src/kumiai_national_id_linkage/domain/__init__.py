"""Rules of the national-ID linkage (番号連携): pure, over the contracts alone."""
