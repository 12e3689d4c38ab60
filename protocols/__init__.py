"""Wire formats: bytes and dicts in, values out.

No sockets, no database, no clock, no randomness.
"""
