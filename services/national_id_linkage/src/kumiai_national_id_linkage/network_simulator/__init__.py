"""A simulator of the national network: its own process, behind the same interface as the real one would be.

It is honest: it refuses by the table, knows people only by codes, answers late, repeats, loses, reorders and goes away,
as it is told to; and what it says it has taken, it delivers, unless it was told to lose it.
"""
