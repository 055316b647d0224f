"""The vault (保管庫): the one place in the federation where a 個人番号 is ever in clear, and then only in memory.

Invariant: nothing but encrypted numbers, keyed hashes and commitments leaves this package for the rest of the service.
"""
