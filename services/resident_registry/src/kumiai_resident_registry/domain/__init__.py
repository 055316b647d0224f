"""Rules of the resident registry (住民記録): pure, over the contracts alone."""
