"""What an operator can ask of a node by a named verb: the forms, and what each of them does.

The command line and the control channel both read one table: `forms` says what can be asked and
with which words, `table` which function answers. The forms import nothing heavy, so that a
command that talks to a running node starts at once.
"""
