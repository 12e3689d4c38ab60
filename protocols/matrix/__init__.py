"""What is on the wire between Matrix servers: identifiers, events, signatures, room rules.

It is: parsing of what peers sent, building of what we send, and the rules of room versions 3 to
12, as functions of their arguments. It is not: a room. Which events there are, who is asked for
the ones that are missing, and what the clock says is the business of the callers. No I/O, no
clock, no randomness.
"""
