"""Accounts of this node: signing up and in, passwords, second factors, sessions, invitations.

Use cases for pages, apps and commands; none of it is HTTP but the guard of sessions, and none of
it shows anything. What it refuses is a `node.errors.Refusal` or an error of `communities`.
"""
