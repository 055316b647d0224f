"""The bundle: everything of a municipality as files, exported, verified, tampered with, imported."""
