"""The domain: what a community is and who may do what in it.

Pure rules: knows no protocol, no SQL, no clock.
"""
