"""Accounts of this node: passwords, sessions, second factors, invitations."""
