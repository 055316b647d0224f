"""Leaving: closing, erasing, cancelling, and what goes wrong meanwhile."""
