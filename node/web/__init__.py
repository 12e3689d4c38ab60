"""The pages that people see: HTML without scripts, in their language, and feeds beside it.

It reads storage and shows what anyone may read; it decides nothing, and imports no other surface.
"""
